// Verifies a whole data directory: `lumadb check`.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"

namespace luma::storage {

struct DirectoryReport {
  uint64_t tables = 0;         // with rows in segment files
  uint64_t segment_files = 0;  // that the manifest names
  uint64_t segment_bytes = 0;
  uint64_t segment_rows = 0;  // deleted ones included
  uint64_t cold_objects = 0;  // that the manifest names; read only if there is a store
  uint64_t cold_bytes = 0;
  uint64_t cold_rows = 0;
  uint64_t blocks = 0;  // read and decoded
  uint64_t log_records = 0;
  uint64_t log_bytes = 0;  // of their payloads
  // What is damaged or missing, each naming its file; empty: every byte that counts is intact.
  std::vector<std::string> problems = {};
};

// Reads the manifest, every block of every segment file (checksum, decoding, and whether the zone
// map is that of the values), the local sidecars of cold runs, and the log, and replays the log
// over them as a start would. With `store`, reads every cold object and its sidecar and compares
// checksums. A damaged local sidecar is a problem, although the next read of the run repairs it.
// Changes nothing. Goes on after damage so that one damaged file does not hide the others.
// Holds the lock of the directory meanwhile: no server can run on it.
// Memory: a segment's footer, a block, and the rows that are only in the log.
// Errors: kNotFound when it is no data directory, kUnavailable when it is locked, kCorruption when
// it holds an interrupted restore, kIoError.
Result<DirectoryReport> CheckDirectory(io::FileSystem& fs, const io::Path& data_directory,
                                       io::ObjectStore* store = nullptr);

}  // namespace luma::storage
