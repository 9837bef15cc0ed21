#include "sql/nested_values.h"

#include "base/column.h"

namespace luma::sql {
namespace {

using duckdb::idx_t;
using duckdb::LogicalType;
using Format = duckdb::RecursiveUnifiedVectorFormat;

constexpr uint8_t kNull = 0;
constexpr uint8_t kPresent = 1;

idx_t IndexOf(const Format& format, idx_t row) { return format.unified.sel->get_index(row); }

void AppendPresent(const Format& format, idx_t row, ByteWriter& out);

void AppendOptional(const Format& format, idx_t row, ByteWriter& out) {
  if (!format.unified.validity.RowIsValid(IndexOf(format, row))) {
    out.Fixed(kNull);
    return;
  }
  out.Fixed(kPresent);
  AppendPresent(format, row, out);
}

void AppendList(const Format& format, idx_t row, ByteWriter& out) {
  const auto entry = duckdb::UnifiedVectorFormat::GetData<duckdb::list_entry_t>(
      format.unified)[IndexOf(format, row)];
  out.Varint(entry.length);
  for (idx_t i = 0; i < entry.length; ++i) {
    AppendOptional(format.children[0], entry.offset + i, out);
  }
}

void AppendArray(const Format& format, idx_t row, ByteWriter& out) {
  const idx_t size = duckdb::ArrayType::GetSize(format.logical_type);
  const idx_t first = IndexOf(format, row) * size;
  for (idx_t i = 0; i < size; ++i) AppendOptional(format.children[0], first + i, out);
}

void AppendStruct(const Format& format, idx_t row, ByteWriter& out) {
  const idx_t index = IndexOf(format, row);
  for (const Format& child : format.children) AppendOptional(child, index, out);
}

void AppendPresent(const Format& format, idx_t row, ByteWriter& out) {
  switch (format.logical_type.InternalType()) {
    case duckdb::PhysicalType::LIST:
      return AppendList(format, row, out);
    case duckdb::PhysicalType::ARRAY:
      return AppendArray(format, row, out);
    case duckdb::PhysicalType::STRUCT:
      return AppendStruct(format, row, out);
    case duckdb::PhysicalType::VARCHAR: {
      const auto& text = duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(
          format.unified)[IndexOf(format, row)];
      return out.LengthPrefixed({text.GetData(), text.GetSize()});
    }
    default: {
      const idx_t width = duckdb::GetTypeIdSize(format.logical_type.InternalType());
      const auto* at = format.unified.data + IndexOf(format, row) * width;
      return out.Raw({reinterpret_cast<const std::byte*>(at), width});
    }
  }
}

class Decoder {
 public:
  explicit Decoder(ByteSpan bytes) : reader_(bytes) {}

  void Present(duckdb::Vector& out, idx_t row) {
    switch (out.GetType().InternalType()) {
      case duckdb::PhysicalType::LIST:
        return List(out, row);
      case duckdb::PhysicalType::ARRAY:
        return Array(out, row);
      case duckdb::PhysicalType::STRUCT:
        return Struct(out, row);
      case duckdb::PhysicalType::VARCHAR:
        return Text(out, row);
      default:
        return Fixed(out, row);
    }
  }
  bool Complete() const { return reader_.ok() && reader_.remaining() == 0; }

 private:
  void Optional(duckdb::Vector& out, idx_t row) {
    if (reader_.Fixed<uint8_t>() == kPresent) return Present(out, row);
    duckdb::FlatVector::SetNull(out, row, true);
  }

  void List(duckdb::Vector& out, idx_t row) {
    const uint64_t length = reader_.Varint();
    const idx_t first = duckdb::ListVector::GetListSize(out);
    auto& entry = duckdb::FlatVector::GetData<duckdb::list_entry_t>(out)[row];
    entry = duckdb::list_entry_t(first, 0);
    // Every element takes a byte at least, so a damaged length cannot reserve more than was stored.
    if (length > reader_.remaining()) {
      reader_.Raw(reader_.remaining() + 1);
      return;
    }
    entry.length = length;
    duckdb::ListVector::Reserve(out, first + length);
    duckdb::ListVector::SetListSize(out, first + length);
    auto& child = duckdb::ListVector::GetEntry(out);
    for (uint64_t i = 0; i < length && reader_.ok(); ++i) Optional(child, first + i);
  }

  void Array(duckdb::Vector& out, idx_t row) {
    const idx_t size = duckdb::ArrayType::GetSize(out.GetType());
    auto& child = duckdb::ArrayVector::GetEntry(out);
    for (idx_t i = 0; i < size; ++i) Optional(child, row * size + i);
  }

  void Struct(duckdb::Vector& out, idx_t row) {
    for (auto& child : duckdb::StructVector::GetEntries(out)) Optional(*child, row);
  }

  void Text(duckdb::Vector& out, idx_t row) {
    const std::string_view text = reader_.LengthPrefixed();
    duckdb::FlatVector::GetData<duckdb::string_t>(out)[row] =
        duckdb::StringVector::AddStringOrBlob(out, text.data(), text.size());
  }

  void Fixed(duckdb::Vector& out, idx_t row) {
    const idx_t width = duckdb::GetTypeIdSize(out.GetType().InternalType());
    const ByteSpan bytes = reader_.Raw(width);
    if (reader_.ok()) {
      std::memcpy(duckdb::FlatVector::GetData(out) + row * width, bytes.data(), width);
    }
  }

  ByteReader reader_;
};

}  // namespace

NestedEncoder::NestedEncoder(duckdb::Vector& vector, idx_t count) {
  duckdb::Vector::RecursiveToUnifiedFormat(vector, count, format_);
}

bool NestedEncoder::IsNull(idx_t row) const {
  return !format_.unified.validity.RowIsValid(IndexOf(format_, row));
}

void NestedEncoder::Append(idx_t row, Bytes& out) const {
  ByteWriter writer(out);
  AppendPresent(format_, row, writer);
}

Status DecodeNested(ByteSpan bytes, duckdb::Vector& out, idx_t row) {
  Decoder decoder(bytes);
  decoder.Present(out, row);
  if (!decoder.Complete()) {
    return Status::Corruption("bad nested value: type=", out.GetType().ToString(),
                              " bytes=", bytes.size());
  }
  return Status::Ok();
}

}  // namespace luma::sql
