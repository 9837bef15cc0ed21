// Merges segment files in the background.
#pragma once

#include <cstdint>

#include "storage/background_thread.h"
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
  void Stop() { thread_.Stop(); }

 private:
  void Run();
  bool IsShortOfMemory() const;
  Status MergeAll();

  const Limits limits_;
  Compactor& compactor_;
  const Flusher& flusher_;
  const MemoryBudget& budget_;
  BackgroundThread thread_;
  WritePacer pacer_;
};

}  // namespace luma::storage
