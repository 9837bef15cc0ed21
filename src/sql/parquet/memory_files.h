// Files in memory for DuckDB's Parquet reader and writer, which know files by path alone. All I/O
// of cold files is done by our own code, before a read and after a write.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/mutex.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// The bytes [first, first + bytes.size()) of a file; writes append to them. Thread-compatible.
struct MemoryFile {
  uint64_t first = 0;
  Bytes bytes;
  uint64_t size_bytes = 0;
};

// Threads: every method from any thread. Registered with one instance of DuckDB, which owns it.
class MemoryFiles final : public duckdb::FileSystem {
 public:
  // The name of a file for as long as it lives. Lifetime: not longer than the MemoryFiles.
  class Name {
   public:
    Name(MemoryFiles& files, size_t slot);
    ~Name();
    Name(const Name&) = delete;
    Name& operator=(const Name&) = delete;
    const std::string& path() const { return path_; }

   private:
    MemoryFiles& files_;
    const size_t slot_;
    const std::string path_;
  };

  // Names are used again: DuckDB never forgets a path that it has seen.
  std::unique_ptr<Name> Add(std::shared_ptr<MemoryFile> file) LUMA_EXCLUDES(mutex_);

  // What DuckDB calls. Bytes of a file that are not in memory read as zeros: DuckDB fetches a whole
  // row group when it wants nearly all of it, and looks only at the column it was asked for.
  std::string GetName() const override { return "luma-memory"; }
  bool CanHandleFile(const std::string& path) override;
  duckdb::unique_ptr<duckdb::FileHandle> OpenFile(
      const std::string& path, duckdb::FileOpenFlags flags,
      duckdb::optional_ptr<duckdb::FileOpener> opener) override LUMA_EXCLUDES(mutex_);
  void Read(duckdb::FileHandle& handle, void* buffer, int64_t byte_count,
            duckdb::idx_t location) override;
  int64_t Write(duckdb::FileHandle& handle, void* buffer, int64_t byte_count) override;
  int64_t GetFileSize(duckdb::FileHandle& handle) override;
  duckdb::timestamp_t GetLastModifiedTime(duckdb::FileHandle& handle) override;
  std::string GetVersionTag(duckdb::FileHandle& handle) override;
  bool CanSeek() override { return true; }
  // False: then DuckDB fetches a column chunk at once instead of byte by byte.
  bool OnDiskFile(duckdb::FileHandle&) override { return false; }

 private:
  Mutex mutex_;
  std::vector<std::shared_ptr<MemoryFile>> slots_ LUMA_GUARDED_BY(mutex_);  // null: free
};

}  // namespace luma::sql
