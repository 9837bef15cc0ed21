// A file format of the cold tier for tests: every value as it lies in memory.
//
//   for each row group, for each column: rows (4), then per row a byte (0: null) and the value;
//   a string as its length (4) and its bytes
//   index: for each of these, in order: offset (8), bytes (8)
//   columns: id (varint), name, physical type (1), logical type
//   bytes of the columns (4), number of columns (4), number of groups (4), "PLAINEND"
#pragma once

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "storage/cold/cold_format.h"
#include "storage/column_block.h"
#include "storage/run_version.h"

namespace luma::storage {

inline constexpr std::string_view kPlainMagic = "PLAINEND";

inline void WritePlainValue(const ColumnBlock& block, uint32_t row, ByteWriter& out) {
  const std::byte* const value = ValueAt(block, row);
  out.Fixed(static_cast<uint8_t>(value != nullptr));
  if (value == nullptr) return;
  if (block.flat.type != PhysicalType::kBytes) {
    out.Raw({value, ValueBytes(block.flat.type)});
    return;
  }
  const std::string_view text = reinterpret_cast<const StringRef*>(value)->view();
  out.Fixed(static_cast<uint32_t>(text.size()));
  out.Raw(AsBytes(text));
}

class PlainColdFile final : public ColdFile {
 public:
  static Result<std::shared_ptr<const ColdFile>> Open(std::shared_ptr<const ColdBytes> bytes) {
    std::shared_ptr<PlainColdFile> file(new PlainColdFile(std::move(bytes)));
    LUMA_RETURN_IF_ERROR(file->ReadIndex());
    return std::shared_ptr<const ColdFile>(std::move(file));
  }

  Result<DecodedBlockPtr> ReadGroup(const ColdColumn& column, uint32_t group) const override {
    const auto found = std::ranges::find(columns_, column.id, &ColdColumn::id);
    const size_t at = group * columns_.size() + static_cast<size_t>(found - columns_.begin());
    if (found == columns_.end() || at >= places_.size()) return Damaged("no such group");
    Bytes bytes(places_[at].second);
    LUMA_RETURN_IF_ERROR(bytes_->Read(places_[at].first, bytes));
    return Decode(column.physical_type, bytes);
  }

  Result<std::vector<ColdColumn>> Columns() const override { return columns_; }

 private:
  explicit PlainColdFile(std::shared_ptr<const ColdBytes> bytes) : bytes_(std::move(bytes)) {}

  Status Damaged(std::string_view what) const {
    return Status::Corruption("bad plain file: ", what, ": object=", bytes_->name());
  }

  Status ReadIndex() {
    constexpr uint64_t kTailBytes = 20;
    if (bytes_->size_bytes() < kTailBytes) return Damaged("too short");
    Bytes tail(kTailBytes);
    LUMA_RETURN_IF_ERROR(bytes_->Read(bytes_->size_bytes() - kTailBytes, tail));
    ByteReader in(tail);
    const auto column_bytes = in.Fixed<uint32_t>();
    const auto columns = in.Fixed<uint32_t>();
    const auto groups = in.Fixed<uint32_t>();
    if (AsText(in.Raw(kPlainMagic.size())) != kPlainMagic) return Damaged("no magic");
    const uint64_t index_bytes = 16ull * columns * groups + column_bytes;
    if (bytes_->size_bytes() < kTailBytes + index_bytes) return Damaged("index");
    Bytes index(index_bytes);
    LUMA_RETURN_IF_ERROR(bytes_->Read(bytes_->size_bytes() - kTailBytes - index_bytes, index));
    ByteReader entries(index);
    for (uint64_t i = 0; i < uint64_t{columns} * groups; ++i) {
      const auto offset = entries.Fixed<uint64_t>();
      places_.emplace_back(offset, entries.Fixed<uint64_t>());
    }
    for (uint32_t i = 0; i < columns; ++i) {
      ColdColumn& column = columns_.emplace_back();
      column.id = static_cast<ColumnId>(entries.Varint());
      column.name = entries.LengthPrefixed();
      column.physical_type = static_cast<PhysicalType>(entries.Fixed<uint8_t>());
      column.logical_type = entries.LengthPrefixed();
    }
    return entries.ok() ? Status::Ok() : Damaged("columns");
  }

  Result<DecodedBlockPtr> Decode(PhysicalType type, ByteSpan bytes) const {
    ByteReader in(bytes);
    const auto rows = in.Fixed<uint32_t>();
    const size_t width = ValueBytes(type);
    encoding::AlignedBuffer values(rows * width);
    encoding::AlignedBuffer heap(bytes.size());
    encoding::AlignedBuffer validity(ValidityWords(rows) * sizeof(uint64_t));
    std::fill_n(validity.data(), validity.size(), std::byte{0});
    std::fill_n(values.data(), values.size(), std::byte{0});
    size_t heap_bytes = 0;
    for (uint32_t row = 0; row < rows; ++row) {
      if (in.Fixed<uint8_t>() == 0) continue;
      validity.As<uint64_t>()[row / 64] |= uint64_t{1} << (row % 64);
      if (type != PhysicalType::kBytes) {
        std::ranges::copy(in.Raw(width), values.data() + row * width);
        continue;
      }
      const ByteSpan text = in.Raw(in.Fixed<uint32_t>());
      std::byte* const to = heap.data() + heap_bytes;
      std::ranges::copy(text, to);
      heap_bytes += text.size();
      values.As<StringRef>()[row] = StringRef(AsText({to, text.size()}));
    }
    if (!in.ok() || in.remaining() > 0) return Damaged("group");
    auto block = encoding::DecodedBlock::Flat(type, rows, std::move(values), std::move(heap));
    block.SetValidity(std::move(validity));
    return std::make_shared<const encoding::DecodedBlock>(std::move(block));
  }

  const std::shared_ptr<const ColdBytes> bytes_;
  std::vector<std::pair<uint64_t, uint64_t>> places_;
  std::vector<ColdColumn> columns_;
};

class PlainColdFormat final : public ColdFormat {
 public:
  explicit PlainColdFormat(io::FileSystem& fs) : fs_(fs) {}

  // The next file gets one wrong value.
  void SpoilNextFile() { is_spoiling_ = true; }

  std::string_view file_suffix() const override { return ".plain"; }

  Status Write(const ColdSource& source, const io::Path& path) override {
    Bytes file;
    LUMA_RETURN_IF_ERROR(Encode(source, file));
    if (is_spoiling_.exchange(false)) file[5] ^= std::byte{1};
    LUMA_ASSIGN_OR_RETURN(const auto out, fs_.Create(path, io::CreateMode::kExclusive));
    const Status written = out->Append(file);
    if (!written.ok()) static_cast<void>(fs_.Remove(path).ok());
    return written;
  }

  Result<std::shared_ptr<const ColdFile>> Open(std::shared_ptr<const ColdBytes> bytes,
                                               uint32_t) override {
    return PlainColdFile::Open(std::move(bytes));
  }

 private:
  static Status Encode(const ColdSource& source, Bytes& file) {
    Bytes index;
    ByteWriter out(file);
    ByteWriter places(index);
    uint32_t groups = 0;
    for (uint32_t first = 0; first < source.run->row_count(); first += kColdGroupRows, ++groups) {
      const uint32_t rows = std::min(kColdGroupRows, source.run->row_count() - first);
      for (const ColdColumn& column : source.columns) {
        const uint64_t offset = file.size();
        out.Fixed(rows);
        LUMA_RETURN_IF_ERROR(WriteGroup(source, column, first, rows, out));
        places.Fixed(offset);
        places.Fixed(uint64_t{file.size() - offset});
      }
    }
    out.Raw(index);
    const size_t columns_begin = file.size();
    for (const ColdColumn& column : source.columns) {
      out.Varint(static_cast<uint32_t>(column.id));
      out.LengthPrefixed(column.name);
      out.Fixed(static_cast<uint8_t>(column.physical_type));
      out.LengthPrefixed(column.logical_type);
    }
    out.Fixed(static_cast<uint32_t>(file.size() - columns_begin));
    out.Fixed(static_cast<uint32_t>(source.columns.size()));
    out.Fixed(groups);
    out.Raw(AsBytes(kPlainMagic));
    return Status::Ok();
  }

  static Status WriteGroup(const ColdSource& source, const ColdColumn& column, uint32_t first,
                           uint32_t rows, ByteWriter& out) {
    const ColumnSchema& schema = *source.table->table->FindColumn(column.id);
    for (uint32_t done = 0; done < rows;) {
      const uint32_t block = FindBlock(*source.run, first + done);
      LUMA_ASSIGN_OR_RETURN(const ColumnBlock values, source.run->Read(schema, block));
      for (uint32_t row = 0; row < values.row_count; ++row) WritePlainValue(values, row, out);
      done += values.row_count;
    }
    return Status::Ok();
  }

  io::FileSystem& fs_;
  std::atomic<bool> is_spoiling_{false};
};

}  // namespace luma::storage
