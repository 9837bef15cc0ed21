// The DuckDB that reads and writes cold files: in memory, without tables, reached by no client. It
// lends its Parquet code a context and an allocator with a limit; it never runs a query.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "sql/duckdb_headers.h"
#include "sql/parquet/memory_files.h"

namespace luma::sql {

// Threads: every method from any thread.
class ParquetInstance {
 public:
  // `memory_limit_bytes`: of all reads and writes at a time; beyond it they fail with kOutOfMemory.
  static Result<std::shared_ptr<ParquetInstance>> Open(uint64_t memory_limit_bytes);

  // One for each read or write: 4 us.
  duckdb::Connection Connect() { return duckdb::Connection(*database_); }
  MemoryFiles& files() { return *files_; }

 private:
  std::unique_ptr<duckdb::DuckDB> database_;
  MemoryFiles* files_ = nullptr;  // owned by database_
};

}  // namespace luma::sql
