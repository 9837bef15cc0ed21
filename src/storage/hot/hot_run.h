// A run in memory: chunks of growing size, in the order their rows were committed.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "storage/hot/hot_chunk.h"
#include "storage/run.h"

namespace luma::storage {

class HotRun;
using HotRunPtr = std::shared_ptr<const HotRun>;

// The list of chunks is immutable: a run that needs another chunk becomes a new HotRun that shares
// the old chunks, which happens once per 16,384 rows in a large run. The chunks take more rows.
//
// Threads: any reader of rows it was told about (published after they were appended); one writer
// that calls WithRoom and Append, always on the newest HotRun of a run.
class HotRun final : public Run {
 public:
  static constexpr uint32_t kChunkRowsMin = 64;
  static constexpr uint32_t kChunkRowsMax = 16384;  // 128 KiB of 8-byte values: fits a L2 cache

  static HotRunPtr Empty(RunId id, RunColumnsPtr columns);
  // The same rows under another id. The copy and this one must not both be appended to.
  HotRunPtr WithId(RunId id) const;

  // This run, or a longer version of it, with room for `rows` rows after the first `used` and for
  // `string_bytes` of long strings. Errors: kOutOfMemory.
  static Result<HotRunPtr> WithRoom(const HotRunPtr& run, uint32_t used, uint32_t rows,
                                    uint64_t string_bytes, const MemoryAccount& account);
  // Copies rows behind the first `used`, for which WithRoom made room. Cannot fail. `source` has
  // the run's columns. Costs a memcpy per column: about 1 ns per fixed-width value of a batch.
  void Append(uint32_t used, std::span<const ColumnSpan> source) const;
  // Counts the run's memory as another use. The writer's, as WithRoom.
  void MoveTo(BudgetUse use) const;
  // What is booked for the run. Threads: any.
  uint64_t memory_bytes() const;

  const RunColumnsPtr& columns() const { return columns_; }
  // The columns of the visible rows of one block, in run order, for copying to another run.
  // `owners` keeps them alive.
  std::vector<ColumnSpan> BlockColumns(uint32_t block, uint32_t rows,
                                       std::vector<std::shared_ptr<const void>>& owners) const;

  Tier tier() const override { return Tier::kHot; }
  uint32_t layout() const override { return 0; }
  uint64_t file_bytes() const override { return 0; }
  uint32_t BlockCount(uint32_t rows) const override;
  uint32_t BlockStart(uint32_t block) const override { return starts_[block]; }
  uint32_t BlockRows(uint32_t block, uint32_t rows) const override;
  const ZoneMap* Zone(ColumnId column, uint32_t block, uint32_t rows) const override;
  Result<ColumnBlock> Read(const ColumnSchema& column, uint32_t block,
                           uint32_t rows) const override;

 private:
  HotRun(RunId id, RunColumnsPtr columns, std::shared_ptr<RunStringArena> arena)
      : Run(id), columns_(std::move(columns)), arena_(std::move(arena)) {}

  uint32_t capacity() const {
    return chunks_.empty() ? 0 : starts_.back() + chunks_.back()->capacity();
  }
  std::shared_ptr<HotRun> Copy(RunId id) const;
  Status AddChunk(uint32_t rows_wanted, const MemoryAccount& account);

  const RunColumnsPtr columns_;
  const std::shared_ptr<RunStringArena> arena_;  // the writer's; shared by all versions of the run
  std::vector<std::shared_ptr<HotChunk>> chunks_;
  std::vector<uint32_t> starts_;  // of each chunk; multiples of 64
};

}  // namespace luma::storage
