// What backups, checks and the archive of the log read of an engine while it runs. Nothing here
// makes a writer wait.
#pragma once

#include <memory>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"
#include "storage/data_directory.h"
#include "storage/manifest/manifest_state.h"
#include "storage/run.h"
#include "storage/wal/lsn.h"
#include "storage/wal/wal_pins.h"
#include "storage/wal/wal_reader.h"

namespace luma::storage {

struct PinnedRun {
  ObjectId table{};
  RunPtr run;
};

// The database as of manifest.checkpoint, and the log from checkpoint.replay_from on. Its files
// stay where they are while `runs` and `log` live, whatever is flushed, merged or dropped.
// Lifetime: `runs` must be gone before the engine is.
struct PinnedCheckpoint {
  ManifestState manifest;
  std::vector<PinnedRun> runs = {};       // those of the manifest
  std::unique_ptr<WalPin> log = nullptr;  // may be let go of as soon as the log has been read
};

// Threads: every method from any thread; all may block for I/O. Lifetime: that of the engine.
class BackupSource {
 public:
  virtual io::FileSystem& file_system() const = 0;
  virtual DataDirectory directory() const = 0;
  virtual DatabaseUuid uuid() const = 0;
  // One more each time that the database is opened, by whatever version; once KeepEpoch has
  // returned OK, no other start has the same. Errors: as Manifest::KeepEpoch.
  virtual uint64_t epoch() const = 0;
  virtual Status KeepEpoch() = 0;
  // Of the cold tier; null without one.
  virtual io::ObjectStore* cold_store() const = 0;

  // Errors: kIoError, kDiskFull, when an earlier flush has left it open what the manifest says.
  virtual Result<PinnedCheckpoint> PinCheckpoint() = 0;
  // Keeps every record that the log still has, and ends EngineOptions::hold_log.
  virtual std::unique_ptr<WalPin> PinLog() = 0;
  // Of log files that only a pin keeps.
  virtual uint64_t PinnedLogBytes() const = 0;
  // Makes all records durable that the log has now; returns the number of the last. Only such
  // records may leave the directory: a power cut could undo others, and their numbers come again.
  // Errors: kIoError when the log is poisoned.
  virtual Result<Lsn> SyncLog() = 0;
  // Records from..through in order; they are pinned and durable. Errors: see ReadWalRange.
  virtual Status ReadLog(Lsn from, Lsn through, const WalRecordCallback& callback) = 0;

 protected:
  ~BackupSource() = default;
};

}  // namespace luma::storage
