// Makes a data directory out of a backup, and of archived log for a point in time.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"
#include "storage/backup/backup_format.h"
#include "storage/backup/progress.h"

namespace luma::storage {

// Nothing set: all of the newest backup. At most one of `commit` and `time`.
struct RestoreTarget {
  std::string id = {};  // of the backup to begin with; empty: the newest one that is not too new
  std::optional<Lsn> commit = std::nullopt;       // the state right after it
  std::optional<UnixMillis> time = std::nullopt;  // the state before the first later commit
};

// Where a backup's cold runs go: to keys that begin with `key_prefix` and the new uuid.
struct RestoreColdTier {
  io::ObjectStore* store = nullptr;
  std::string key_prefix = {};
};

struct RestoreResult {
  Backup backup;                                          // that it began with
  Lsn commit = kNoLsn;                                    // of the restored state
  std::optional<UnixMillis> committed_at = std::nullopt;  // of the last commit taken from the log
  // False: the archived log ends before the time asked for, perhaps because nothing was committed.
  bool reached = true;
};

// Every file is verified after it was written. The result is a database of its own (another uuid)
// that opens as any other; until it is complete nothing opens it, and the call may be repeated.
// Threads: one. Memory: 16 MiB and a log chunk.
// Errors: kAlreadyExists unless `directory` is empty, missing, or holds an interrupted restore;
// kUnavailable when it is locked; kNotFound, kInvalidArgument (with a hint), kOutOfRange for a
// target that cannot be reached, or cold runs without a cold tier; kCorruption naming the object;
// those of disk, store, on_progress.
Result<RestoreResult> Restore(io::ObjectStore& store, const RestoreTarget& target,
                              io::FileSystem& fs, const io::Path& directory,
                              const OnProgress& on_progress, const RestoreColdTier& cold = {});

// kCorruption, with a hint, when `directory` holds an interrupted restore.
Status CheckRestoreComplete(io::FileSystem& fs, const io::Path& directory);

}  // namespace luma::storage
