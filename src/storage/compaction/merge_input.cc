#include "storage/compaction/merge_input.h"

#include <algorithm>
#include <utility>

namespace luma::storage {
namespace {

// What OrderedColumn takes for a row.
constexpr uint64_t kKeyBytesPerRow = 24;

const StoredRun& AsStored(const RunVersion& run) {
  return static_cast<const StoredRun&>(*run.run());
}

}  // namespace

Result<bool> MergeInput::Settle() {
  while (true) {
    while (row_ < rows_ && IsRowDeleted(row_)) ++row_;
    if (row_ < rows_) return true;
    LUMA_ASSIGN_OR_RETURN(const bool has_block, LoadNextBlock());
    if (!has_block) return false;
  }
}

Result<bool> MergeInput::LoadNextBlock() {
  for (OrderedColumn& key : key_) key.Clear();
  block_.reset();
  rows_ = row_ = 0;
  if (next_block_ == run_->block_count()) return false;
  const uint32_t block = next_block_++;
  const uint32_t rows = run_->BlockRows(block);
  deleted_.resize(ValidityWords(rows));
  if (run_->DeletedRows(block, deleted_) == rows) return true;  // none of interest
  LUMA_RETURN_IF_ERROR(Load(block));
  rows_ = rows;
  return true;
}

Status MergeInput::Load(uint32_t number) {
  const StoredRun& run = AsStored(*run_);
  auto block = std::make_shared<MergeBlock>();
  const uint64_t key_bytes = columns_.key.size() * run_->BlockRows(number) * kKeyBytesPerRow;
  LUMA_ASSIGN_OR_RETURN(block->memory, budget_.Book(BudgetUse::kMerge, key_bytes));
  for (const ColumnSchema* const column : columns_.columns) {
    StoredRun::ReadCost cost;
    LUMA_ASSIGN_OR_RETURN(ColumnBlock values, run.ReadOnce(*column, number, cost));
    LUMA_RETURN_IF_ERROR(block->memory.Grow(cost.memory_bytes));
    read_bytes_ += cost.read_bytes;
    block->columns.push_back(std::move(values));
  }
  key_.resize(columns_.key.size());
  for (size_t i = 0; i < key_.size(); ++i) {
    key_[i].Add(block->columns[columns_.key[i]]);
  }
  block_ = std::move(block);
  return Status::Ok();
}

uint32_t MergeInput::LiveRows(uint32_t end) const {
  uint32_t last = row_;
  while (last < end && !IsRowDeleted(last)) ++last;
  return last - row_;
}

bool MergeInput::IsRowBefore(uint32_t row, const MergeInput& other) const {
  for (size_t i = 0; i < key_.size(); ++i) {
    const int order = key_[i].Compare(row, other.key_[i], other.row_);
    if (order != 0) return order < 0;
  }
  return number_ < other.number_;
}

// Doubles its steps, then halves them: a few comparisons for a stretch of any length.
uint32_t MergeInput::EndBefore(const MergeInput* other) const {
  if (other == nullptr) return rows_;
  uint32_t before = row_;  // known to come before
  uint32_t step = 1;
  while (before + step < rows_ && IsRowBefore(before + step, *other)) {
    before += step;
    step *= 2;
  }
  uint32_t end = std::min(before + step, rows_);  // the first one known not to
  while (before + 1 < end) {
    const uint32_t middle = before + (end - before) / 2;
    (IsRowBefore(middle, *other) ? before : end) = middle;
  }
  return end;
}

}  // namespace luma::storage
