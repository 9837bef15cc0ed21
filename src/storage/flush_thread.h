// Decides when to flush, in the background.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

#include "base/clock.h"
#include "storage/background_thread.h"
#include "storage/flusher.h"
#include "storage/hot_limits.h"
#include "storage/state_store.h"

namespace luma::storage {

// Everything is flushed when hot rows or the log grow too large, when a table is over its hot_age
// or hot_bytes, every `interval`, and on request: a flush of one table would leave the log as long
// as it is. A run that gets no more rows is flushed soon after it was sealed, and the rows of many
// new series are sealed for it, because their labels are in memory twice. Hot rows are those of
// the published state: what old snapshots keep in memory, no flush can free. After a failure it
// pauses, whatever is requested.
// Threads: Request from any thread. Lifetime: references must outlive it.
class FlushThread {
 public:
  struct Needs {
    uint64_t hot_bytes_max = 0;
    uint64_t wal_bytes_max = 0;
    std::chrono::seconds interval{0};
    std::function<uint64_t()> wal_bytes;
    TablePolicy default_policy{};
  };

  FlushThread(Needs needs, Flusher& flusher, const StateStore& states, const Clock& clock);
  ~FlushThread() { Stop(); }

  // Waits for a flush that is under way. Idempotent.
  void Stop() { thread_.Stop(); }
  void Request();

 private:
  void Run();
  bool SleepAfter(const Status& flushed);
  bool NeedsFlush();
  bool HasManyNewSeries() const;
  bool HasSealedRuns() const;
  Status FlushIfNeeded();

  const Needs needs_;
  Flusher& flusher_;
  const StateStore& states_;
  const Clock& clock_;
  HotLimits hot_limits_;                 // the thread's own
  std::chrono::nanoseconds last_flush_;  // the thread's own
  std::atomic<bool> is_requested_{false};
  BackgroundThread thread_{"flush"};
};

}  // namespace luma::storage
