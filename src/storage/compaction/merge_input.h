// The rows of one run in the order of a merge.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "storage/budget.h"
#include "storage/hot/ordered_column.h"
#include "storage/run_version.h"
#include "storage/stored_run.h"

namespace luma::storage {

// One block of a run, decoded; its memory is booked as long as somebody holds it.
struct MergeBlock {
  std::vector<ColumnBlock> columns;
  BudgetLease memory;
};
using MergeBlockPtr = std::shared_ptr<const MergeBlock>;

// What all inputs of a merge have in common.
struct MergeColumns {
  std::vector<const ColumnSchema*> columns;  // to be read
  std::vector<size_t> key;                   // which of them the rows are sorted by
};

// A cursor over the rows of a run that are not deleted; holds one block at a time.
// Threads: one at a time. Lifetime: the columns and the budget outlive it.
class MergeInput {
 public:
  // `number` decides between equal rows: the smaller comes first. `run` is a StoredRun's.
  MergeInput(size_t number, RunVersionPtr run, const MergeColumns& columns, MemoryBudget& budget)
      : number_(number), run_(std::move(run)), columns_(columns), budget_(budget) {}

  // Moves on to the first row that is not deleted, in the next block if there is none in this one;
  // the first call must come before anything else. False at the end. Errors: kCorruption, kIoError,
  // kOutOfMemory.
  Result<bool> Settle();

  size_t number() const { return number_; }
  const MergeBlockPtr& block() const { return block_; }
  // The current row in its block, and how many rows that are not deleted follow it, itself
  // included, one after the other and before row `end`.
  uint32_t row() const { return row_; }
  uint32_t LiveRows(uint32_t end) const;
  void Skip(uint32_t rows) { row_ += rows; }

  // Whether the current row comes before that of `other`.
  bool IsBefore(const MergeInput& other) const { return IsRowBefore(row_, other); }
  // The end of the rows of this block that come before the current row of `other`; all of them for
  // null. There is one at least, if IsBefore(*other).
  uint32_t EndBefore(const MergeInput* other) const;
  // Of encoded bytes, since the start.
  uint64_t read_bytes() const { return read_bytes_; }

 private:
  Result<bool> LoadNextBlock();
  Status Load(uint32_t block);
  bool IsRowDeleted(uint32_t row) const { return ((deleted_[row / 64] >> (row % 64)) & 1) != 0; }
  bool IsRowBefore(uint32_t row, const MergeInput& other) const;

  const size_t number_;
  const RunVersionPtr run_;
  const MergeColumns& columns_;
  MemoryBudget& budget_;

  uint32_t next_block_ = 0;
  MergeBlockPtr block_;  // null before the first one
  std::vector<OrderedColumn> key_;
  std::vector<uint64_t> deleted_;  // bit per row of the block
  uint32_t rows_ = 0;
  uint32_t row_ = 0;
  uint64_t read_bytes_ = 0;
};

}  // namespace luma::storage
