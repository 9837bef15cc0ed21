#include "sql/column_vectors.h"

#include <cstring>

#include "sql/duckdb_boundary.h"
#include "sql/nested_values.h"
#include "sql/type_mapping.h"

namespace luma::sql {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using storage::ColumnBlock;

// Keeps a block's memory alive for as long as some vector points into it.
class BlockOwner final : public duckdb::VectorBuffer {
 public:
  explicit BlockOwner(std::shared_ptr<const void> owner)
      : VectorBuffer(duckdb::VectorBufferType::OPAQUE_BUFFER), owner_(std::move(owner)) {}

 private:
  std::shared_ptr<const void> owner_;
};

void ShareOwnership(const ColumnBlock& block, duckdb::Vector& out) {
  auto owner = duckdb::make_buffer<BlockOwner>(block.owner);
  if (out.GetType().InternalType() == duckdb::PhysicalType::VARCHAR) {
    duckdb::StringVector::AddBuffer(out, std::move(owner));
  } else {
    out.SetAuxiliary(std::move(owner));
  }
}

// DuckDB's vectors are writable by type, but scans hand them out as input: nobody writes to them.
duckdb::data_ptr_t Writable(const std::byte* values) {
  return reinterpret_cast<duckdb::data_ptr_t>(const_cast<std::byte*>(values));
}

duckdb::ValidityMask MaskOver(const uint64_t* words, uint32_t offset, idx_t count) {
  auto* first = const_cast<duckdb::validity_t*>(words + offset / 64);
  return duckdb::ValidityMask(first, count);
}

void ReferenceFlat(const ColumnBlock& block, uint32_t offset, uint32_t count, duckdb::Vector& out) {
  out.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  FlatVector::SetData(out, Writable(block.flat.values + offset * ValueBytes(block.flat.type)));
  if (block.flat.validity != nullptr) {
    FlatVector::SetValidity(out,
                            duckdb::ValidityMask(MaskOver(block.flat.validity, offset, count)));
  }
  ShareOwnership(block, out);
}

void ReferenceConstant(const ColumnBlock& block, duckdb::Vector& out) {
  FlatVector::SetData(out, Writable(block.flat.values));
  ShareOwnership(block, out);
  out.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
  if (block.flat.IsNull(0)) duckdb::ConstantVector::SetNull(out, true);
}

bool IsNullAt(const uint64_t* validity, uint32_t row) {
  return validity != nullptr && ((validity[row / 64] >> (row % 64)) & 1) == 0;
}

// A dictionary vector has no null rows of its own, so a block with some is copied, values only.
void GatherDictionary(const ColumnBlock& block, uint32_t offset, uint32_t count,
                      duckdb::Vector& out) {
  const uint32_t width = ValueBytes(block.flat.type);
  out.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* values = FlatVector::GetData(out);
  for (uint32_t i = 0; i < count; ++i) {
    const bool null = IsNullAt(block.code_validity, offset + i);
    const uint32_t code = null ? 0 : block.codes[offset + i];
    if (block.flat.count > 0)
      std::memcpy(values + i * width, block.flat.values + code * width, width);
    if (null || block.flat.IsNull(code)) FlatVector::SetNull(out, i, true);
  }
  ShareOwnership(block, out);
}

void ReferenceDictionary(const ColumnBlock& block, uint32_t offset, uint32_t count,
                         duckdb::Vector& out) {
  if (block.code_validity != nullptr) return GatherDictionary(block, offset, count, out);
  duckdb::Vector dictionary(out.GetType(), Writable(block.flat.values));
  if (block.flat.validity != nullptr) {
    FlatVector::SetValidity(
        dictionary, duckdb::ValidityMask(MaskOver(block.flat.validity, 0, block.flat.count)));
  }
  ShareOwnership(block, dictionary);
  duckdb::SelectionVector codes(const_cast<duckdb::sel_t*>(block.codes + offset));
  out.Dictionary(dictionary, block.flat.count, codes, count);
}

// Row `row` of a bytes block of any shape; false when it is null.
bool BytesAt(const ColumnBlock& block, uint32_t row, ByteSpan& bytes) {
  uint32_t index = row;
  if (block.shape == ColumnBlock::Shape::kConstant) index = 0;
  if (block.shape == ColumnBlock::Shape::kDictionary) {
    if (IsNullAt(block.code_validity, row)) return false;
    index = block.codes[row];
  }
  if (block.flat.IsNull(index)) return false;
  bytes = AsBytes(block.flat.As<StringRef>()[index].view());
  return true;
}

void DecodeNestedBlock(const ColumnBlock& block, uint32_t offset, uint32_t count,
                       duckdb::Vector& out) {
  out.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  for (uint32_t i = 0; i < count; ++i) {
    // The reference into the block (inline strings!) lives for this call only.
    ByteSpan bytes;
    if (BytesAt(block, offset + i, bytes)) {
      ThrowIfError(DecodeNested(bytes, out, i));
    } else {
      FlatVector::SetNull(out, i, true);
    }
  }
}

}  // namespace

void ReferenceBlock(const ColumnBlock& block, uint32_t offset, uint32_t count,
                    duckdb::Vector& out) {
  if (IsNestedType(out.GetType())) return DecodeNestedBlock(block, offset, count, out);
  switch (block.shape) {
    case ColumnBlock::Shape::kFlat:
      return ReferenceFlat(block, offset, count, out);
    case ColumnBlock::Shape::kConstant:
      return ReferenceConstant(block, out);
    case ColumnBlock::Shape::kDictionary:
      return ReferenceDictionary(block, offset, count, out);
  }
}

ChunkSpans::ChunkSpans(duckdb::DataChunk& chunk) {
  for (auto& vector : chunk.data) AddColumn(vector, chunk.size());
}

ChunkSpans::ChunkSpans(duckdb::DataChunk& chunk, std::span<const idx_t> indexes) {
  for (const idx_t index : indexes) AddColumn(chunk.data[index], chunk.size());
}

void ChunkSpans::AddColumn(duckdb::Vector& vector, idx_t count) {
  if (IsNestedType(vector.GetType())) {
    spans_.push_back(NestedSpan(vector, count));
    return;
  }
  vector.Flatten(count);
  ColumnSpan span;
  span.type = ValueOrThrow(StoredTypeOf(vector.GetType()));
  span.count = static_cast<uint32_t>(count);
  span.values = reinterpret_cast<const std::byte*>(FlatVector::GetData(vector));
  const auto& validity = FlatVector::Validity(vector);
  if (!validity.AllValid()) {
    span.validity = validity.GetData();
    // DuckDB leaves the values of null rows uninitialised; the engine stores them, so they become
    // zeros. In a copy: the vector may be the engine's own memory.
    const uint32_t width = ValueBytes(span.type);
    auto copy = std::make_unique<std::byte[]>(count * width);
    std::memcpy(copy.get(), span.values, count * width);
    for (idx_t i = 0; i < count; ++i) {
      if (!validity.RowIsValid(i)) std::memset(copy.get() + i * width, 0, width);
    }
    span.values = copy.get();
    values_.push_back(std::move(copy));
  }
  spans_.push_back(span);
}

ColumnSpan ChunkSpans::NestedSpan(duckdb::Vector& vector, idx_t count) {
  const NestedEncoder encoder(vector, count);
  const size_t words = ValidityWords(count);
  auto memory = std::make_unique<std::byte[]>(count * sizeof(StringRef) + words * sizeof(uint64_t));
  auto* strings = reinterpret_cast<StringRef*>(memory.get());
  auto* validity = reinterpret_cast<uint64_t*>(memory.get() + count * sizeof(StringRef));
  std::memset(validity, 0, words * sizeof(uint64_t));

  nested_bytes_.push_back(std::make_unique<Bytes>());
  Bytes& bytes = *nested_bytes_.back();
  std::vector<size_t> ends(count);
  for (idx_t i = 0; i < count; ++i) {
    if (!encoder.IsNull(i)) {
      encoder.Append(i, bytes);
      validity[i / 64] |= uint64_t{1} << (i % 64);
    }
    ends[i] = bytes.size();
  }
  for (idx_t i = 0; i < count; ++i) {
    const size_t begin = i == 0 ? 0 : ends[i - 1];
    strings[i] = StringRef(AsText(ByteSpan(bytes).subspan(begin, ends[i] - begin)));
  }
  ColumnSpan span{.type = PhysicalType::kBytes,
                  .count = static_cast<uint32_t>(count),
                  .values = memory.get(),
                  .validity = validity};
  values_.push_back(std::move(memory));
  return span;
}

}  // namespace luma::sql
