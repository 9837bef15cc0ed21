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
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "io/file_system.h"
#include "storage/wal/lsn.h"
#include "storage/wal/wal_format.h"
#include "storage/wal/wal_reader.h"
#include "storage/wal/wal_sync.h"

namespace luma::storage {

struct WalOptions {
  WalSync sync = WalSync::kAlways;
  std::chrono::milliseconds sync_interval{100};  // kInterval only
  uint64_t segment_bytes = 32ull << 20;     // size of one file; a larger record gets a larger file
  uint64_t buffer_bytes_max = 64ull << 20;  // Reserve blocks while more waits for the disk
  uint32_t spare_files_max = 4;             // preallocated files kept for reuse
  bool background_spares = true;  // false: files are prepared by Reserve, for deterministic tests
};

struct WalStats {
  uint64_t records = 0;
  uint64_t groups = 0;  // writes; records / groups is the mean group size
  uint64_t syncs = 0;
  uint64_t bytes = 0;  // written, with headers and marks
};

// Threads: Reserve and Append one at a time (the sequencer's mutex), everything else from any
// thread. Lifetime: `fs` must outlive the writer. Errors: after a failed write or fsync the writer
// is poisoned for ever: every later call returns that error, and no fsync is tried again. Restart
// and replay.
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
  // else kTooLarge). kDiskFull changes nothing and may be tried again when there is space. Usually
  // no I/O; prepares a file when the background has not kept up; blocks while the buffer is full.
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
  // log thread, without locks; they must be short and may call every method but Close.
  void OnDurable(Lsn lsn, std::function<void(Status)> callback) LUMA_EXCLUDES(mutex_);

  // Writes and fsyncs everything appended so far, in every sync mode. A checkpoint in a mode other
  // than kAlways calls it first, so that the log never ends before the checkpoint.
  Status Sync() LUMA_EXCLUDES(mutex_);

  // Lets go of files that hold only records below `first_needed` (after a checkpoint that contains
  // them is durable): they become spares or are removed. Does directory I/O, no fsync.
  Status Truncate(Lsn first_needed) LUMA_EXCLUDES(mutex_);

  // Writes and syncs what is left with a closing mark, so that from now on every byte of the log is
  // protected; stops the threads. Later calls return kUnavailable. Idempotent.
  Status Close() LUMA_EXCLUDES(mutex_);

  Lsn last_lsn() const LUMA_EXCLUDES(mutex_);          // last appended
  Lsn acknowledged_lsn() const LUMA_EXCLUDES(mutex_);  // all up to here are acknowledged
  // Of the log files, spares not counted: a checkpoint trigger.
  uint64_t log_bytes() const LUMA_EXCLUDES(mutex_);
  WalStats stats() const LUMA_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
};

}  // namespace luma::storage
