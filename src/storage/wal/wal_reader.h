// Reads a log directory back after a clean stop or a crash. The rules are docs/formats/wal.md.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "io/file_system.h"
#include "storage/wal/lsn.h"
#include "storage/wal/wal_format.h"

namespace luma::storage {

// Where a log ends: what WalWriter::Open needs to continue it. Files are never continued in place;
// the next writer starts a new file whose header says that this is where the old one ends, so that
// bytes after it can never be mistaken for records.
struct WalEnd {
  struct File {
    uint64_t sequence = 0;
    Lsn first_lsn = kNoLsn;
    uint64_t file_bytes = 0;
  };

  Lsn last_lsn = kNoLsn;    // the last record that exists; the next one gets Next(last_lsn)
  WalFileId file;           // the newest file; sequence 0: the directory holds none
  uint64_t end_offset = 0;  // of the newest file: where its last valid record ends
  uint32_t last_crc = 0;    // of that record, or of the file's header if it has no record
  std::vector<File> files;  // those that were read, oldest first
};

// Gets every record once, in order. `payload` lives during the call only. An error stops the replay
// and becomes its result.
using WalRecordCallback = std::function<Status(Lsn lsn, ByteSpan payload)>;

// Hands out all records from `from` on (pass the first record that the caller's checkpoint does not
// contain; kFirstLsn for all). Changes nothing on disk, so a crash during it changes nothing.
// A missing or empty directory is an empty log if `from` is kFirstLsn.
//
// Errors: kCorruption, naming file and offset, for damage that can have hit an acknowledged record:
// anything before the last synced mark, a missing file, a log that begins after `from` or ends
// before it. A torn tail (unacknowledged records of a crash) is dropped silently. kUnsupported for
// a file of a later version. Memory: one log file at a time.
Result<WalEnd> ReplayWal(io::FileSystem& fs, const io::Path& directory, Lsn from,
                         const WalRecordCallback& callback);

}  // namespace luma::storage
