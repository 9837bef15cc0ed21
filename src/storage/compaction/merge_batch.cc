#include "storage/compaction/merge_batch.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "storage/column_block.h"
#include "storage/warm/segment_format.h"

namespace luma::storage {
namespace {

// More than a merge has inputs, so that strings are copied only where most rows are deleted.
constexpr size_t kBlocksKeptMax = 32;

}  // namespace

Result<MergeBatch> MergeBatch::Create(std::span<const ColumnSchema* const> columns,
                                      MemoryBudget& budget) {
  uint64_t bytes = 0;
  for (const ColumnSchema* const column : columns) {
    bytes += uint64_t{kBlockRows} * ValueBytes(column->physical_type) + kBlockRows / 8;
  }
  LUMA_ASSIGN_OR_RETURN(BudgetLease memory, budget.Book(BudgetUse::kMerge, bytes));
  MergeBatch batch(budget, std::move(memory));
  for (const ColumnSchema* const column : columns) {
    const PhysicalType type = column->physical_type;
    batch.has_strings_ = batch.has_strings_ || type == PhysicalType::kBytes;
    batch.columns_.push_back(
        {.type = type,
         .values = encoding::AlignedBuffer(size_t{kBlockRows} * ValueBytes(type)),
         .validity = std::vector<uint64_t>(ValidityWords(kBlockRows), ~uint64_t{0})});
  }
  return batch;
}

uint32_t MergeBatch::room() const { return kBlockRows - row_count_; }

Status MergeBatch::Add(const MergeBlockPtr& block, uint32_t first, uint32_t count) {
  if (has_strings_) LUMA_RETURN_IF_ERROR(KeepStrings(block));
  for (size_t i = 0; i < columns_.size(); ++i) {
    AddColumn(columns_[i], block->columns[i], first, count);
  }
  row_count_ += count;
  return Status::Ok();
}

Status MergeBatch::KeepStrings(const MergeBlockPtr& block) {
  if (std::ranges::find(blocks_, block) != blocks_.end()) return Status::Ok();
  if (blocks_.size() == kBlocksKeptMax) LUMA_RETURN_IF_ERROR(CopyStrings());
  blocks_.push_back(block);
  return Status::Ok();
}

Status MergeBatch::CopyStrings() {
  OwnStrings copied;
  const uint64_t bytes = LongStringBytes();
  LUMA_ASSIGN_OR_RETURN(copied.memory, budget_->Book(BudgetUse::kMerge, bytes));
  copied.bytes = encoding::AlignedBuffer(bytes);
  char* to = copied.bytes.As<char>();
  for (Column& column : columns_) {
    if (column.type != PhysicalType::kBytes) continue;
    auto* const strings = column.values.As<StringRef>();
    for (StringRef& text : std::span(strings, row_count_)) {
      if (text.inlined()) continue;
      std::memcpy(to, text.data(), text.size());
      text = StringRef(to, text.size());
      to += text.size();
    }
  }
  own_strings_ = std::move(copied);
  blocks_.clear();
  return Status::Ok();
}

uint64_t MergeBatch::LongStringBytes() const {
  uint64_t bytes = 0;
  for (const Column& column : columns_) {
    if (column.type != PhysicalType::kBytes) continue;
    for (const StringRef& text : std::span(column.values.As<StringRef>(), row_count_)) {
      if (!text.inlined()) bytes += text.size();
    }
  }
  return bytes;
}

void MergeBatch::AddColumn(Column& column, const ColumnBlock& block, uint32_t first,
                           uint32_t count) const {
  const size_t width = ValueBytes(column.type);
  std::byte* to = column.values.data() + row_count_ * width;
  if (block.shape == ColumnBlock::Shape::kFlat && block.flat.validity == nullptr) {
    std::memcpy(to, block.flat.values + first * width, count * width);
    return;
  }
  for (uint32_t i = 0; i < count; ++i, to += width) {
    if (const std::byte* const value = ValueAt(block, first + i)) {
      std::memcpy(to, value, width);
    } else {
      std::memset(to, 0, width);  // of any type a valid value
      const uint32_t row = row_count_ + i;
      column.validity[row / 64] &= ~(uint64_t{1} << (row % 64));
      column.has_nulls = true;
    }
  }
}

std::vector<ColumnSpan> MergeBatch::Columns() const {
  std::vector<ColumnSpan> spans;
  for (const Column& column : columns_) {
    spans.push_back({.type = column.type,
                     .count = row_count_,
                     .values = column.values.data(),
                     .validity = column.has_nulls ? column.validity.data() : nullptr});
  }
  return spans;
}

void MergeBatch::Clear() {
  row_count_ = 0;
  blocks_.clear();
  own_strings_ = OwnStrings();
  for (Column& column : columns_) {
    if (column.has_nulls) std::ranges::fill(column.validity, ~uint64_t{0});
    column.has_nulls = false;
  }
}

}  // namespace luma::storage
