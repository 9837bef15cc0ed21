#include "storage/hot/hot_chunk.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace luma::storage {

HotChunk::HotChunk(RunColumnsPtr columns, uint32_t capacity, BudgetLease lease)
    : columns_(std::move(columns)),
      capacity_(capacity),
      lease_(std::move(lease)),
      data_(std::make_unique<Column[]>(columns_->size())) {
  LUMA_CHECK(capacity % 64 == 0);
  for (size_t i = 0; i < columns_->size(); ++i) {
    data_[i].values = encoding::AlignedBuffer(size_t{capacity} * ValueBytes((*columns_)[i].type));
    data_[i].validity = encoding::AlignedBuffer(ValidityWords(capacity) * sizeof(uint64_t));
    std::fill_n(data_[i].validity.As<uint64_t>(), ValidityWords(capacity), ~uint64_t{0});
  }
}

uint64_t HotChunk::BytesFor(const RunColumns& columns, uint32_t capacity) {
  uint64_t bytes = sizeof(HotChunk);
  for (const RunColumn& column : columns) {
    bytes += sizeof(Column) + uint64_t{capacity} * ValueBytes(column.type) +
             ValidityWords(capacity) * sizeof(uint64_t);
  }
  return bytes;
}

void HotChunk::Append(uint32_t at, std::span<const ColumnSpan> source, uint32_t from,
                      uint32_t count, RunStringArena& arena) {
  LUMA_CHECK(source.size() == columns_->size() && at + count <= capacity_);
  for (size_t i = 0; i < source.size(); ++i) {
    LUMA_DCHECK(source[i].type == (*columns_)[i].type && from + count <= source[i].count);
    AppendValues(i, at, source[i], from, count, arena);
    if (source[i].validity != nullptr) AppendNulls(i, at, source[i], from, count);
  }
}

void HotChunk::AppendValues(size_t column, uint32_t at, const ColumnSpan& source, uint32_t from,
                            uint32_t count, RunStringArena& arena) {
  const size_t width = ValueBytes(source.type);
  std::byte* const to = data_[column].values.data() + at * width;
  if (source.type != PhysicalType::kBytes) {
    std::memcpy(to, source.values + from * width, count * width);
    return;
  }
  auto* const texts = reinterpret_cast<StringRef*>(to);
  for (uint32_t i = 0; i < count; ++i) {
    texts[i] = source.IsNull(from + i) ? StringRef() : arena.Copy(source.As<StringRef>()[from + i]);
  }
}

void HotChunk::AppendNulls(size_t column, uint32_t at, const ColumnSpan& source, uint32_t from,
                           uint32_t count) {
  uint64_t* const words = data_[column].validity.As<uint64_t>();
  for (uint32_t i = 0; i < count; ++i) {
    if (!source.IsNull(from + i)) continue;
    const uint32_t row = at + i;
    std::atomic_ref<uint64_t>(words[row / 64])
        .fetch_and(~(uint64_t{1} << (row % 64)), std::memory_order_relaxed);
    if (data_[column].first_null.load(std::memory_order_relaxed) == kNoNull) {
      data_[column].first_null.store(row, std::memory_order_relaxed);
    }
  }
}

ColumnBlock HotChunk::Read(size_t column, uint32_t rows) const {
  const Column& data = data_[column];
  ColumnBlock block;
  block.row_count = rows;
  block.flat = {.type = (*columns_)[column].type, .count = rows, .values = data.values.data()};
  block.owner = shared_from_this();
  // A null appended meanwhile is at or behind row `rows`, so a stale answer is right too.
  if (data.first_null.load(std::memory_order_relaxed) >= rows) return block;
  if (rows % 64 == 0) {
    block.flat.validity = data.validity.As<uint64_t>();
    return block;
  }
  auto words = CopyValidity(data, rows);
  block.flat.validity = words.get();
  block.owner =
      std::make_shared<std::pair<std::shared_ptr<const void>, std::shared_ptr<uint64_t[]>>>(
          std::move(block.owner), std::move(words));
  return block;
}

std::shared_ptr<uint64_t[]> HotChunk::CopyValidity(const Column& column, uint32_t rows) const {
  const size_t whole = rows / 64;
  auto words = std::make_shared_for_overwrite<uint64_t[]>(whole + 1);
  const uint64_t* const from = column.validity.As<uint64_t>();
  std::copy_n(from, whole, words.get());
  // The writer may be clearing later bits of this word; atomic_ref takes no pointer to const.
  words[whole] =
      std::atomic_ref<uint64_t>(const_cast<uint64_t&>(from[whole])).load(std::memory_order_relaxed);
  return words;
}

const ZoneMap* HotChunk::Zone(size_t column) const {
  const Column& data = data_[column];
  std::call_once(data.zone_once, [&] { data.zone = ComputeZoneMap(Read(column, capacity_).flat); });
  return &*data.zone;
}

}  // namespace luma::storage
