// Appends records to the log and makes them durable in groups: one write and one fdatasync for all
// records that are waiting. The format is docs/formats/wal.md.
//
//   engine, under its sequencer mutex          any thread, after releasing that mutex
//   Reserve(bytes) -> OK or kDiskFull          WaitDurable(lsn)   or   OnDurable(lsn, callback)
//   Append(payload) -> lsn
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "io/file_system.h"
#include "storage/wal/lsn.h"
#include "storage/wal/wal_appender.h"
#include "storage/wal/wal_extent.h"
#include "storage/wal/wal_format.h"
#include "storage/wal/wal_gather.h"
#include "storage/wal/wal_pins.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_spares.h"
#include "storage/wal/wal_sync.h"

namespace luma::storage {

struct WalOptions {
  WalSync sync = WalSync::kAlways;
  std::chrono::milliseconds sync_interval{100};  // kInterval only; at least 1 ms
  uint64_t segment_bytes = 32ull << 20;     // size of one file; a larger record gets a larger file
  uint64_t buffer_bytes_max = 64ull << 20;  // Reserve makes room when more waits
  // Of the log files, those left out that stay only because they are pinned. A log of one file may
  // be larger, since Truncate cannot shorten that.
  uint64_t log_bytes_max = UINT64_MAX;
  uint32_t spare_files_max = 4;   // preallocated files kept for reuse
  bool background_spares = true;  // false: files are prepared by Reserve, for deterministic tests
  // Files that hold nothing the replay needed stay too, until PinAll has been called and its pin
  // been moved: for an archive that may not have their records yet.
  bool hold = false;
};

struct WalStats {
  uint64_t records = 0;
  uint64_t groups = 0;  // writes; records / groups is the mean group size
  uint64_t syncs = 0;
  uint64_t bytes = 0;  // of records with their headers
};

// Threads: Reserve and Append one at a time (the sequencer's mutex), everything else from any
// thread. Lifetime: `fs` must outlive the writer. Errors: after a failed write or fsync the writer
// is poisoned for ever: every later call returns the same kIoError, also when the disk was full,
// and no fsync is tried again; which unacknowledged records are there, the next replay says.
// Restart.
class WalWriter {
 public:
  // Continues the log that ended at `end` (from ReplayWal; nothing else may have written since).
  // Makes everything the replay saw durable before it returns, because the caller will show it.
  // Starts no file before the first Reserve, so it also succeeds on a full disk.
  static Result<std::unique_ptr<WalWriter>> Open(io::FileSystem& fs, const io::Path& directory,
                                                 const WalEnd& end, WalOptions options);
  // Closes without error reporting if Close was not called.
  ~WalWriter();
  WalWriter(const WalWriter&) = delete;
  WalWriter& operator=(const WalWriter&) = delete;

  // Guarantees space on disk for one Append of up to `payload_bytes` (at most kWalPayloadBytesMax,
  // else kTooLarge). kDiskFull, also of a log at its log_bytes_max, changes nothing and may be
  // tried again when there is space or after a Truncate. Usually no I/O; prepares a file when the
  // background has not kept up. A full buffer it writes out itself or waits until the thread that
  // is at it has done so.
  Status Reserve(uint64_t payload_bytes) LUMA_EXCLUDES(mutex_);

  // Copies `payload` (may be empty) into the group buffer and returns its number: one more than the
  // last. Needs a Reserve of its own of at least that size. Does no I/O and cannot fail; whether
  // the record survives, WaitDurable and OnDurable say. A record nobody asks about is written
  // within 50 ms.
  Lsn Append(ByteSpan payload) LUMA_EXCLUDES(mutex_);

  // Blocks until every record up to `lsn` is acknowledged as the sync mode defines it. If the disk
  // is idle the caller does the I/O itself, which saves two thread switches. Call it without locks
  // held.
  Status WaitDurable(Lsn lsn) LUMA_EXCLUDES(mutex_);

  // Calls `callback` once when `lsn` is acknowledged (OK) or never will be (the poison;
  // kUnavailable when the writer closed before). Callbacks run one at a time in LSN order on the
  // log thread, without locks; they must be short and may call every method but Close. While the
  // log closes, Close runs those that the log thread leaves; afterwards OnDurable itself does.
  void OnDurable(Lsn lsn, std::function<void(Status)> callback) LUMA_EXCLUDES(mutex_);

  // Writes and fsyncs everything appended so far, in every sync mode. A checkpoint in a mode other
  // than kAlways calls it first, so that the log never ends before the checkpoint.
  Status Sync() LUMA_EXCLUDES(mutex_);

  // Lets go of files that hold only records below `first_needed` (after a checkpoint that contains
  // them is durable) and below every pin: they become spares or are removed, durably. One directory
  // fsync.
  Status Truncate(Lsn first_needed) LUMA_EXCLUDES(mutex_);

  // Keeps the records from `first` on, which the log has, for as long as the pin lives.
  std::unique_ptr<WalPin> Pin(Lsn first) LUMA_EXCLUDES(mutex_);
  // Keeps every record that the log has. Takes over from WalOptions::hold.
  std::unique_ptr<WalPin> PinAll() LUMA_EXCLUDES(mutex_);

  // Writes and syncs what is left with a closing mark, so that from now on every byte of the log is
  // protected; stops the threads. Later calls return kUnavailable. Idempotent; a second Close waits
  // for the first. No Reserve or Append may run beside it.
  Status Close() LUMA_EXCLUDES(mutex_);

  Lsn last_lsn() const LUMA_EXCLUDES(mutex_);          // last appended
  Lsn acknowledged_lsn() const LUMA_EXCLUDES(mutex_);  // all up to here are acknowledged
  // Of the log files, without spares and without those that stay only because they are pinned: a
  // checkpoint trigger.
  uint64_t log_bytes() const LUMA_EXCLUDES(mutex_);
  // Of the files that stay only because they are pinned.
  uint64_t pinned_bytes() const LUMA_EXCLUDES(mutex_);
  WalExtent extent() const LUMA_EXCLUDES(mutex_);
  WalStats stats() const LUMA_EXCLUDES(mutex_);

 private:
  using SteadyClock = std::chrono::steady_clock;

  // What one round of I/O is to do.
  struct Round {
    std::vector<WalChunk> chunks;
    Lsn last_lsn = kNoLsn;    // of the chunks
    Lsn synced_lsn = kNoLsn;  // durable before, and when it is done, after the round
    bool sync = false;
    uint64_t bytes = 0;
    uint64_t syncs = 0;
    std::vector<WalEnd::File> new_files;
  };

  WalWriter(io::FileSystem& fs, io::Path directory, const WalEnd& end, WalOptions options,
            WalAppender appender, std::unique_ptr<WalSpares> spares,
            std::vector<WalEnd::File> older_files);

  // I/O. One thread at a time does rounds: the one that found io_busy_ false.
  void RunRound(bool sync) LUMA_REQUIRES(mutex_);        // releases mutex_ meanwhile
  void RunRoundOrWait(bool sync) LUMA_REQUIRES(mutex_);  // for its turn
  bool RoundMayRun(bool sync) const LUMA_REQUIRES(mutex_);
  bool RoundSyncs(bool sync) const LUMA_REQUIRES(mutex_);  // also when it starts a file
  Status DoRound(Round& round) LUMA_EXCLUDES(mutex_);
  void Publish(const Round& round, const Status& status) LUMA_REQUIRES(mutex_);
  void SyncClosingMark() LUMA_REQUIRES(mutex_);  // releases mutex_ meanwhile
  void RecountRoom() LUMA_REQUIRES(mutex_);
  void Poison(const Status& status) LUMA_REQUIRES(mutex_);  // the first failure stays

  // The log thread: callbacks, rounds that no caller does, the fdatasync of kInterval.
  void LogLoop() LUMA_EXCLUDES(mutex_);
  bool RoundDue(bool idle_timeout) const LUMA_REQUIRES(mutex_);
  bool IntervalSyncDue() const LUMA_REQUIRES(mutex_);
  void SyncBesideWriters() LUMA_REQUIRES(mutex_);  // releases mutex_ meanwhile
  bool RunReadyCallback() LUMA_REQUIRES(mutex_);   // releases mutex_ meanwhile
  std::chrono::nanoseconds IdleDelay() const LUMA_REQUIRES(mutex_);
  // Of those who wait for a callback: whether no more are to be expected.
  bool IsGroupThere() const LUMA_REQUIRES(mutex_);

  Status WaitForBuffer(uint64_t record_bytes) LUMA_REQUIRES(mutex_);
  void PrepareSpareInTime(uint64_t record_bytes) LUMA_REQUIRES(mutex_);
  // From the one with first_needed_ on: what a restart would read.
  std::span<const WalEnd::File> NeededFiles() const LUMA_REQUIRES(mutex_);
  Status CheckLogMayGrow(uint64_t file_bytes) const LUMA_REQUIRES(mutex_);
  Status FinishedStatus() const LUMA_REQUIRES(mutex_);

  io::FileSystem& fs_;
  const io::Path directory_;
  const WalOptions options_;
  const std::unique_ptr<WalSpares> spares_;
  WalAppender appender_;  // used by the thread that set io_busy_

  // Invariants while mutex_ is free:
  //  (1) acknowledged_lsn_ <= written_lsn_ <= last_lsn_ and synced_lsn_ <= written_lsn_.
  //  (2) chunks_ hold the records (written_lsn_, last_lsn_], unless a round has taken some.
  //  (3) A chunk that starts a file comes before the records of that file.
  //  (4) Two fdatasyncs never overlap: of io_syncs_ and syncing_beside_ one is false. Linux reports
  //  a
  //      failed writeback to one of two concurrent callers only, and the other would acknowledge.
  //  (5) room_ bytes of the file of the next record are neither used nor promised; each unwritten
  //      record has been promised a mark of its own.
  Mutex truncate_mutex_;  // makes Truncate calls take turns; taken before mutex_
  mutable Mutex mutex_;
  CondVar progress_;  // what a waiting call may go on with: LSNs, io_busy_, poison_, closed_
  CondVar work_;      // for the log thread
  bool io_busy_ LUMA_GUARDED_BY(mutex_) = false;
  bool io_syncs_ LUMA_GUARDED_BY(mutex_) = false;        // the running round will fdatasync
  bool syncing_beside_ LUMA_GUARDED_BY(mutex_) = false;  // see SyncBesideWriters
  bool closing_ LUMA_GUARDED_BY(mutex_) = false;
  bool closed_ LUMA_GUARDED_BY(mutex_) = false;
  Status poison_ LUMA_GUARDED_BY(mutex_);
  std::vector<WalChunk> chunks_ LUMA_GUARDED_BY(mutex_);
  uint64_t buffered_bytes_ LUMA_GUARDED_BY(mutex_) = 0;
  uint64_t reserved_bytes_ LUMA_GUARDED_BY(mutex_) = 0;
  uint64_t room_ LUMA_GUARDED_BY(mutex_) = 0;
  bool is_spare_prepared_ LUMA_GUARDED_BY(mutex_) = false;  // for the file after that of room_
  Lsn last_lsn_ LUMA_GUARDED_BY(mutex_);
  Lsn written_lsn_ LUMA_GUARDED_BY(mutex_);
  Lsn synced_lsn_ LUMA_GUARDED_BY(mutex_);
  Lsn acknowledged_lsn_ LUMA_GUARDED_BY(mutex_);
  SteadyClock::time_point last_sync_ LUMA_GUARDED_BY(mutex_);
  std::shared_ptr<io::WritableFile> file_ LUMA_GUARDED_BY(mutex_);  // holds written_lsn_
  std::multimap<Lsn, std::function<void(Status)>> callbacks_ LUMA_GUARDED_BY(mutex_);
  WalGather gather_ LUMA_GUARDED_BY(mutex_);  // of those who wait for a callback
  std::vector<WalEnd::File> files_ LUMA_GUARDED_BY(mutex_);  // oldest first
  // Files before the one with this record are there for pins alone.
  Lsn first_needed_ LUMA_GUARDED_BY(mutex_) = kNoLsn;
  const std::shared_ptr<WalPins> pins_ = std::make_shared<WalPins>();
  std::unique_ptr<WalPin> held_ LUMA_GUARDED_BY(mutex_);  // of WalOptions::hold, until PinAll
  WalStats stats_ LUMA_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace luma::storage
