// Copies the log to a backup destination while it is written, so that a restore can stop at any
// commit since the oldest backup.
//
//   PinLog -> every interval: SyncLog -> upload (archived, durable] -> advance the pin
//
// Commits never wait for it. While the destination cannot be written, log files stay on disk, up to
// backlog_bytes_max; beyond that what was not archived is given up, counted and logged, and the
// archive has a gap: a restore into it is refused, and one to a later point needs a later backup.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <thread>

#include "base/mutex.h"
#include "base/status.h"
#include "io/object_store.h"
#include "storage/backup/backup_source.h"

namespace luma::storage {

struct LogArchiveOptions {
  std::chrono::milliseconds interval{5'000};  // also the pause after a failure
  uint64_t backlog_bytes_max = 4ull << 30;
  bool background = true;  // off in deterministic tests: call ArchiveOnce()
};

struct LogArchiveStats {
  Lsn archived = kNoLsn;  // all records up to here are in the destination or lost
  uint64_t chunks = 0;
  uint64_t bytes = 0;
  uint64_t failures = 0;
  uint64_t lost_records = 0;  // in gaps
};

// Threads: every method from any thread. Lifetime: `source` and `store` outlive it.
class LogArchive {
 public:
  // Takes charge of the log files at once, without asking the destination.
  LogArchive(BackupSource& source, io::ObjectStore& store, LogArchiveOptions options);
  ~LogArchive() { Stop(); }

  // Uploads what is durable now. Errors: those of the store; kCorruption when the destination has
  // log of this database that the database does not have. Tried again from where it was.
  Status ArchiveOnce() LUMA_EXCLUDES(work_mutex_, mutex_);
  // Ends the thread after a last ArchiveOnce, whose failure is logged. Idempotent.
  void Stop() LUMA_EXCLUDES(work_mutex_, mutex_);

  LogArchiveStats stats() const LUMA_EXCLUDES(mutex_);

 private:
  void Run() LUMA_EXCLUDES(work_mutex_, mutex_);
  void ArchiveAndLog() LUMA_EXCLUDES(work_mutex_, mutex_);
  // Where the archive ends, by what the destination has.
  Status FindEnd() LUMA_REQUIRES(work_mutex_) LUMA_EXCLUDES(mutex_);
  Status Upload() LUMA_REQUIRES(work_mutex_) LUMA_EXCLUDES(mutex_);
  void GiveUpBacklog() LUMA_REQUIRES(work_mutex_) LUMA_EXCLUDES(mutex_);
  void NoteGap(Lsn first_lost, Lsn next) LUMA_EXCLUDES(mutex_);

  BackupSource& source_;
  io::ObjectStore& store_;
  const LogArchiveOptions options_;

  Mutex work_mutex_;  // makes ArchiveOnce calls take turns; taken before mutex_
  std::unique_ptr<WalPin> pin_ LUMA_GUARDED_BY(work_mutex_);  // first() is archived next
  bool knows_end_ LUMA_GUARDED_BY(work_mutex_) = false;
  DatabaseUuid uuid_ LUMA_GUARDED_BY(work_mutex_){};

  mutable Mutex mutex_;
  CondVar wake_;
  bool is_stopping_ LUMA_GUARDED_BY(mutex_) = false;
  LogArchiveStats stats_ LUMA_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace luma::storage
