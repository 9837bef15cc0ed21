// Merges segment files in the background.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

#include "base/mutex.h"
#include "storage/compaction/compactor.h"
#include "storage/flusher.h"

namespace luma::storage {

// Looks for work after every flush, and merges with low scheduling priority and a bounded rate of
// writing, so that ingestion and queries keep their latency. Begins no merge while most of the
// memory budget is taken. After a failure it pauses.
// Threads: Stop from any thread. Lifetime: references must outlive it.
class CompactionThread {
 public:
  struct Limits {
    MergePolicy policy;
    uint64_t written_bytes_per_second = 32ull << 20;
    int niceness = 10;
  };

  CompactionThread(Limits limits, Compactor& compactor, const Flusher& flusher,
                   const MemoryBudget& budget);
  ~CompactionThread() { Stop(); }

  // A merge that is under way is given up. Idempotent.
  void Stop() LUMA_EXCLUDES(mutex_);

 private:
  void Run() LUMA_EXCLUDES(mutex_);
  bool IsShortOfMemory() const;
  // False when the thread is to end.
  bool SleepUntil(std::chrono::steady_clock::time_point end) LUMA_EXCLUDES(mutex_);
  Status MergeAll();
  Status Pace(uint64_t written_bytes) LUMA_EXCLUDES(mutex_);

  const Limits limits_;
  Compactor& compactor_;
  const Flusher& flusher_;
  const MemoryBudget& budget_;
  std::chrono::steady_clock::time_point may_write_at_;  // the thread's own

  Mutex mutex_;
  CondVar wake_;
  bool is_stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::once_flag stopped_;
  std::thread thread_;
};

}  // namespace luma::storage
