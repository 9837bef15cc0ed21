// What DuckDB allocates, counted: its buffers, which it bounds itself, and everything it takes
// beside them (vectors, strings, states of aggregates), which only this bounds.
#pragma once

#include <atomic>
#include <cstdint>

#include "sql/duckdb_headers.h"

namespace luma::sql {

// One for the process, since DuckDB's default allocator is.
class SqlMemory {
 public:
  // Makes DuckDB allocate where the rest of the process does, and not with the allocator it brings
  // along, which keeps what is freed for long. Call it before every DuckDB object that may be the
  // first of the process.
  static void Install();
  // Above the limit larger allocations are refused (53200); small ones always succeed, because
  // little checks for them.
  static void SetLimit(uint64_t bytes) { limit_bytes_ = bytes; }
  // For instances beside that of the database.
  static void SetLimitToAtLeast(uint64_t bytes);
  // For DBConfig.
  static duckdb::unique_ptr<duckdb::Allocator> MakeAllocator();

  static const std::atomic<uint64_t>& used_bytes() { return used_bytes_; }

 private:
  static constexpr uint64_t kRefusedBytesMin = 64 << 10;

  static duckdb::data_ptr_t Allocate(duckdb::PrivateAllocatorData* data, duckdb::idx_t bytes);
  static void Free(duckdb::PrivateAllocatorData* data, duckdb::data_ptr_t pointer,
                   duckdb::idx_t bytes);
  static duckdb::data_ptr_t Reallocate(duckdb::PrivateAllocatorData* data,
                                       duckdb::data_ptr_t pointer, duckdb::idx_t old_bytes,
                                       duckdb::idx_t bytes);
  static bool IsRefused(uint64_t bytes);

  static std::atomic<uint64_t> used_bytes_;
  static std::atomic<uint64_t> limit_bytes_;
};

}  // namespace luma::sql
