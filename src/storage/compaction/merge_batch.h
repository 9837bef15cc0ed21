// One block of a merged run while it fills.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "encoding/aligned_buffer.h"
#include "storage/compaction/merge_input.h"

namespace luma::storage {

// Holds at most kBlockRows rows of all columns as plain arrays.
// Threads: one at a time.
class MergeBatch {
 public:
  // Errors: kOutOfMemory.
  static Result<MergeBatch> Create(std::span<const ColumnSchema* const> columns,
                                   MemoryBudget& budget);

  uint32_t row_count() const { return row_count_; }
  uint32_t room() const;
  // Copies rows [first, first + count) of the block; there is room. Long strings stay where they
  // are, and the block is kept, until Clear or until so many are kept that the strings are copied.
  // Errors: kOutOfMemory.
  Status Add(const MergeBlockPtr& block, uint32_t first, uint32_t count);
  std::vector<ColumnSpan> Columns() const;
  void Clear();

 private:
  struct Column {
    PhysicalType type;
    encoding::AlignedBuffer values;
    std::vector<uint64_t> validity;  // all ones but for nulls
    bool has_nulls = false;
  };

  // The long strings of the rows so far, copied.
  struct OwnStrings {
    BudgetLease memory;
    encoding::AlignedBuffer bytes;
  };

  MergeBatch(MemoryBudget& budget, BudgetLease memory)
      : budget_(&budget), memory_(std::move(memory)) {}
  void AddColumn(Column& column, const ColumnBlock& block, uint32_t first, uint32_t count) const;

  // Makes room for a block: of a run that lost most of its rows a batch takes few of each block.
  Status KeepStrings(const MergeBlockPtr& block);
  Status CopyStrings();
  uint64_t LongStringBytes() const;

  MemoryBudget* budget_;
  BudgetLease memory_;
  std::vector<Column> columns_;
  bool has_strings_ = false;
  uint32_t row_count_ = 0;
  std::vector<MergeBlockPtr> blocks_;  // that strings point into, as do
  OwnStrings own_strings_;             // these
};

}  // namespace luma::storage
