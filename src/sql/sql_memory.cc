#include "sql/sql_memory.h"

#include <cstdlib>

namespace luma::sql {

using duckdb::Allocator;
using duckdb::data_ptr_t;
using duckdb::idx_t;
using duckdb::PrivateAllocatorData;

std::atomic<uint64_t> SqlMemory::used_bytes_{0};
std::atomic<uint64_t> SqlMemory::limit_bytes_{UINT64_MAX};

void SqlMemory::Install() {
  // For ever: what it has allocated points to it.
  static const duckdb::shared_ptr<Allocator> replaced = [] {
    auto& current = Allocator::DefaultAllocatorReference();
    return std::exchange(current, duckdb::shared_ptr<Allocator>(MakeAllocator().release()));
  }();
}

void SqlMemory::SetLimitToAtLeast(uint64_t bytes) {
  uint64_t limit = limit_bytes_.load();
  while (limit < bytes && !limit_bytes_.compare_exchange_weak(limit, bytes)) {
  }
}

duckdb::unique_ptr<Allocator> SqlMemory::MakeAllocator() {
  return duckdb::make_uniq<Allocator>(Allocate, Free, Reallocate, nullptr);
}

bool SqlMemory::IsRefused(uint64_t bytes) {
  const uint64_t limit = limit_bytes_.load(std::memory_order_relaxed);
  const uint64_t used = used_bytes_.load(std::memory_order_relaxed);
  return bytes >= kRefusedBytesMin && (used > limit || bytes > limit - used);
}

// Null makes DuckDB throw its OutOfMemoryException.
data_ptr_t SqlMemory::Allocate(PrivateAllocatorData*, idx_t bytes) {
  if (IsRefused(bytes)) return nullptr;
  auto* const pointer = static_cast<data_ptr_t>(std::malloc(bytes));
  if (pointer != nullptr) used_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  return pointer;
}

void SqlMemory::Free(PrivateAllocatorData*, data_ptr_t pointer, idx_t bytes) {
  std::free(pointer);
  used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
}

data_ptr_t SqlMemory::Reallocate(PrivateAllocatorData*, data_ptr_t pointer, idx_t old_bytes,
                                 idx_t bytes) {
  if (bytes > old_bytes && IsRefused(bytes - old_bytes)) return nullptr;
  auto* const moved = static_cast<data_ptr_t>(std::realloc(pointer, bytes));
  if (moved != nullptr) used_bytes_.fetch_add(bytes - old_bytes, std::memory_order_relaxed);
  return moved;
}

}  // namespace luma::sql
