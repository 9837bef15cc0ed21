// Makes a backup of a database that goes on working.
#pragma once

#include "base/clock.h"
#include "base/status.h"
#include "io/object_store.h"
#include "storage/backup/backup_format.h"
#include "storage/backup/backup_source.h"
#include "storage/backup/progress.h"

namespace luma::storage {

struct BackupResult {
  Backup backup;
  uint64_t bytes_moved = 0;  // uploaded: what no earlier backup or archive had brought
};

inline constexpr uint64_t kBackupBytes = 2 * kPartBytes;

// Everything that is committed when it is called, perhaps more: the state at BackupResult's commit.
// Flush the engine first, so that little of that is in the log. Writers and flushes go on; only the
// files of the checkpoint stay on disk until it returns. Every byte is verified when it is read
// here, and read back from the store.
// Threads: one backup of a database at a time. Memory: kBackupBytes, which the caller books, and a
// log file, which the source does.
// Errors: kCorruption naming the damaged file, kUnavailable while backups are being deleted; those
// of the store and of `on_progress`. Nothing is left that counts as a backup.
Result<BackupResult> WriteBackup(BackupSource& source, io::ObjectStore& store, const Clock& clock,
                                 const OnProgress& on_progress);

}  // namespace luma::storage
