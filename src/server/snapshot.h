// Prometheus' snapshots are backups of ours: /api/v1/admin/tsdb/snapshot.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"
#include "server/config.h"
#include "storage/backup/progress.h"
#include "storage/engine.h"

namespace luma::server {

// Writes a backup of everything committed so far into <data_dir>/snapshots/<name>, a new directory,
// and returns its name. `lumadb restore` reads it. Blocks until every byte is written and verified.
// Threads: one backup of a database at a time. Errors: those of storage::WriteBackup and of
// `on_progress`; nothing is left then that counts as a backup.
Result<std::string> TakeSnapshot(const Config& config, storage::MultiTierStorage& engine,
                                 io::FileSystem& fs, const Clock& clock,
                                 const storage::OnProgress& on_progress);

}  // namespace luma::server
