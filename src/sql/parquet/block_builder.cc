#include "sql/parquet/block_builder.h"

#include <cstring>

#include "sql/duckdb_boundary.h"
#include "sql/nested_values.h"
#include "sql/type_mapping.h"

namespace luma::sql {

using duckdb::FlatVector;
using duckdb::idx_t;
using encoding::AlignedBuffer;
using encoding::DecodedBlock;

BlockBuilder::BlockBuilder(const duckdb::LogicalType& type, uint32_t row_count)
    : type_(ValueOrThrow(StoredTypeOf(type))),
      is_nested_(IsNestedType(type)),
      row_count_(row_count),
      values_(size_t{row_count} * ValueBytes(type_)),
      validity_(ValidityWords(row_count) * sizeof(uint64_t)) {
  std::memset(values_.data(), 0, values_.size());
  std::memset(validity_.data(), 0, validity_.size());
}

void BlockBuilder::Append(duckdb::Vector& values, idx_t count) {
  if (count > row_count_ - appended_) throw duckdb::IOException("more rows than expected");
  AppendValidity(FlatVector::Validity(values), count);
  if (is_nested_) {
    AppendNested(values, count);
  } else if (type_ == PhysicalType::kBytes) {
    AppendStrings(values, count);
  } else {
    AppendFixed(values, count);
  }
  appended_ += static_cast<uint32_t>(count);
}

void BlockBuilder::AppendValidity(const duckdb::ValidityMask& validity, idx_t count) {
  auto* words = validity_.As<uint64_t>();
  for (idx_t i = 0; i < count; ++i) {
    const uint64_t row = appended_ + i;
    const bool valid = validity.RowIsValid(i);
    words[row / 64] |= uint64_t{valid} << (row % 64);
    has_nulls_ |= !valid;
  }
}

void BlockBuilder::AppendFixed(duckdb::Vector& values, idx_t count) {
  const size_t width = ValueBytes(type_);
  std::byte* to = values_.data() + appended_ * width;
  std::memcpy(to, FlatVector::GetData(values), count * width);
  const auto& validity = FlatVector::Validity(values);
  if (validity.AllValid()) return;
  for (idx_t i = 0; i < count; ++i) {
    if (!validity.RowIsValid(i)) std::memset(to + i * width, 0, width);
  }
}

void BlockBuilder::AppendStrings(duckdb::Vector& values, idx_t count) {
  const auto* strings = FlatVector::GetData<duckdb::string_t>(values);
  const auto& validity = FlatVector::Validity(values);
  for (idx_t i = 0; i < count; ++i) {
    if (!validity.RowIsValid(i)) continue;
    AppendBytes(appended_ + static_cast<uint32_t>(i),
                AsBytes({strings[i].GetData(), strings[i].GetSize()}));
  }
}

void BlockBuilder::AppendNested(duckdb::Vector& values, idx_t count) {
  const NestedEncoder encoder(values, count);
  Bytes bytes;
  for (idx_t i = 0; i < count; ++i) {
    if (encoder.IsNull(i)) continue;
    bytes.clear();
    encoder.Append(i, bytes);
    AppendBytes(appended_ + static_cast<uint32_t>(i), bytes);
  }
}

void BlockBuilder::AppendBytes(uint32_t row, ByteSpan bytes) {
  values_.As<StringRef>()[row] = StringRef(AsText(bytes));  // a long one moves in PlaceHeap
  if (bytes.size() <= StringRef::kInlineBytes) return;
  heap_.insert(heap_.end(), bytes.begin(), bytes.end());
  long_rows_.push_back(row);
}

AlignedBuffer BlockBuilder::PlaceHeap() {
  AlignedBuffer heap(heap_.size());
  if (!heap_.empty()) std::memcpy(heap.data(), heap_.data(), heap_.size());
  const auto* at = heap.As<char>();
  for (const uint32_t row : long_rows_) {
    StringRef& string = values_.As<StringRef>()[row];
    const uint32_t size = string.size();
    string = StringRef(at, size);
    at += size;
  }
  return heap;
}

storage::DecodedBlockPtr BlockBuilder::Finish() {
  if (appended_ != row_count_) throw duckdb::IOException("fewer rows than expected");
  AlignedBuffer heap = PlaceHeap();
  DecodedBlock block = DecodedBlock::Flat(type_, row_count_, std::move(values_), std::move(heap));
  if (has_nulls_) block.SetValidity(std::move(validity_));
  return std::make_shared<const DecodedBlock>(std::move(block));
}

storage::DecodedBlockPtr BlockBuilder::FinishAsDictionary(AlignedBuffer codes, uint32_t row_count) {
  const auto* code = codes.As<uint32_t>();
  AlignedBuffer rows(ValidityWords(row_count) * sizeof(uint64_t));
  std::memset(rows.data(), 0, rows.size());
  bool has_null_rows = false;
  for (uint32_t row = 0; has_nulls_ && row < row_count; ++row) {
    const bool valid = (validity_.As<uint64_t>()[code[row] / 64] >> (code[row] % 64) & 1) != 0;
    rows.As<uint64_t>()[row / 64] |= uint64_t{valid} << (row % 64);
    has_null_rows |= !valid;
  }
  AlignedBuffer heap = PlaceHeap();
  DecodedBlock block = DecodedBlock::Dictionary(type_, row_count, std::move(codes), row_count_,
                                                std::move(values_), std::move(heap));
  if (has_null_rows) block.SetValidity(std::move(rows));
  return std::make_shared<const DecodedBlock>(std::move(block));
}

}  // namespace luma::sql
