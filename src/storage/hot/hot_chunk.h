// A piece of a hot run: column arrays of a fixed capacity, filled from the front.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>

#include "encoding/aligned_buffer.h"
#include "storage/hot/run_columns.h"
#include "storage/hot/string_arena.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Threads: one writer, which appends in order; any number of readers of rows that were appended
// before they were told of them. Reader and writer share no byte but the validity word in which the
// reader's rows end: that one is written and read atomically, and a reader gets a copy of it.
class HotChunk : public std::enable_shared_from_this<HotChunk> {
 public:
  // `capacity` is a multiple of 64. `lease` has booked BytesFor(columns, capacity).
  HotChunk(RunColumnsPtr columns, uint32_t capacity, BudgetLease lease);
  static uint64_t BytesFor(const RunColumns& columns, uint32_t capacity);

  uint32_t capacity() const { return capacity_; }
  uint64_t memory_bytes() const { return BytesFor(*columns_, capacity_); }

  // Copies rows [from, from + count) of `source` to rows [at, at + count). Strings go to `arena`.
  void Append(uint32_t at, std::span<const ColumnSpan> source, uint32_t from, uint32_t count,
              RunStringArena& arena);
  void MoveTo(BudgetUse use) { lease_.MoveTo(use); }

  // The first `rows` rows of a column.
  ColumnBlock Read(size_t column, uint32_t rows) const;
  // Of all rows: only for a reader that sees the chunk full. Computed at the first call.
  const ZoneMap* Zone(size_t column) const;

 private:
  static constexpr uint32_t kNoNull = UINT32_MAX;

  struct Column {
    encoding::AlignedBuffer values;
    encoding::AlignedBuffer validity;           // all bits set until a null is appended
    std::atomic<uint32_t> first_null{kNoNull};  // row; readers below it need no validity at all
    mutable std::once_flag zone_once;
    mutable std::optional<ZoneMap> zone;
  };

  void AppendValues(size_t column, uint32_t at, const ColumnSpan& source, uint32_t from,
                    uint32_t count, RunStringArena& arena);
  void AppendNulls(size_t column, uint32_t at, const ColumnSpan& source, uint32_t from,
                   uint32_t count);
  // The validity words of the first `rows` rows, which end inside a word.
  std::shared_ptr<uint64_t[]> CopyValidity(const Column& column, uint32_t rows) const;

  const RunColumnsPtr columns_;
  const uint32_t capacity_;
  BudgetLease lease_;  // the writer's
  const std::unique_ptr<Column[]> data_;
};

}  // namespace luma::storage
