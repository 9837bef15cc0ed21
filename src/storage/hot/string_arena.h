// Owns the bytes of the long strings of one hot run.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/column.h"
#include "base/status.h"
#include "storage/memory_account.h"

namespace luma::storage {

// Bytes never move, so readers keep StringRefs into it while the writer adds more.
// Threads: one writer; readers only follow the references they were given.
class RunStringArena {
 public:
  // Makes room for `bytes` more bytes. Errors: kOutOfMemory, and nothing has changed.
  Status Reserve(uint64_t bytes, const MemoryAccount& account);
  // Needs a Reserve that covers it. Short strings lie inside the reference and take no room.
  StringRef Copy(StringRef text);
  // Counts what is booked as another use.
  void MoveTo(BudgetUse use);
  // Taken so far, used or not. Threads: any.
  uint64_t memory_bytes() const { return allocated_bytes_.load(std::memory_order_relaxed); }

 private:
  std::vector<std::unique_ptr<char[]>> blocks_;
  std::vector<BudgetLease> leases_;
  char* next_ = nullptr;
  char* end_ = nullptr;
  std::atomic<uint64_t> allocated_bytes_{0};
};

// What RunStringArena needs for rows [from, from + count) of the columns.
uint64_t LongStringBytes(std::span<const ColumnSpan> columns, uint32_t from, uint32_t count);

}  // namespace luma::storage
