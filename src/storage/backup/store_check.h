// Verifies a database that is in use, and a backup, as CheckDirectory does a data directory at
// rest.
#pragma once

#include <string>

#include "base/status.h"
#include "io/object_store.h"
#include "storage/backup/backup_source.h"
#include "storage/backup/progress.h"
#include "storage/directory_check.h"

namespace luma::storage {

// Reads and decodes every block of the segment files of the newest checkpoint and the log behind
// it. Writers, flushes and merges go on. Damage ends the check of its file and goes into
// DirectoryReport::problems with file and offset; `on_progress` is asked after every block and may
// slow the check down. Memory: a footer, a block, a log file. Errors: those of PinCheckpoint and
// `on_progress`.
Result<DirectoryReport> CheckRunning(BackupSource& source, const OnProgress& on_progress);

// The same of a backup: reads all its objects back. Problems name the object. Errors: kNotFound,
// and those of the store other than that an object is missing.
Result<DirectoryReport> CheckBackup(io::ObjectStore& store, const std::string& id,
                                    const OnProgress& on_progress);

}  // namespace luma::storage
