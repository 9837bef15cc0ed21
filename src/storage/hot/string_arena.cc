#include "storage/hot/string_arena.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace luma::storage {
namespace {

// Blocks double with the arena: a run of one row stays small, a large one has few blocks.
constexpr uint64_t kBlockBytesMin = 256;
constexpr uint64_t kBlockBytesMax = 256 << 10;

}  // namespace

Status RunStringArena::Reserve(uint64_t bytes, const MemoryAccount& account) {
  if (bytes <= static_cast<uint64_t>(end_ - next_)) return Status::Ok();
  const uint64_t step = std::clamp(memory_bytes(), kBlockBytesMin, kBlockBytesMax);
  const uint64_t block_bytes = std::max(bytes, step);
  LUMA_ASSIGN_OR_RETURN(BudgetLease lease, account.Book(block_bytes));
  leases_.push_back(std::move(lease));
  blocks_.push_back(std::make_unique_for_overwrite<char[]>(block_bytes));
  next_ = blocks_.back().get();
  end_ = next_ + block_bytes;
  allocated_bytes_.fetch_add(block_bytes, std::memory_order_relaxed);
  return Status::Ok();
}

StringRef RunStringArena::Copy(StringRef text) {
  if (text.inlined()) return text;
  LUMA_CHECK(text.size() <= static_cast<uint64_t>(end_ - next_));
  char* const at = next_;
  std::memcpy(at, text.data(), text.size());
  next_ += text.size();
  return {at, text.size()};
}

void RunStringArena::MoveTo(BudgetUse use) {
  for (BudgetLease& lease : leases_) lease.MoveTo(use);
}

uint64_t LongStringBytes(std::span<const ColumnSpan> columns, uint32_t from, uint32_t count) {
  uint64_t bytes = 0;
  for (const ColumnSpan& column : columns) {
    if (column.type != PhysicalType::kBytes) continue;
    const StringRef* const texts = column.As<StringRef>();
    for (uint32_t row = from; row < from + count; ++row) {
      if (!texts[row].inlined() && !column.IsNull(row)) bytes += texts[row].size();
    }
  }
  return bytes;
}

}  // namespace luma::storage
