// Moves runs to the cold tier in the background.
#pragma once

#include <chrono>
#include <cstdint>

#include "storage/background_thread.h"
#include "storage/cold/cold_mover.h"

namespace luma::storage {

// Looks for work every few seconds, with low scheduling priority and a bounded rate of bytes. When
// the object store fails it waits twice as long after each failure, up to five minutes.
// Threads: Stop from any thread. Lifetime: references must outlive it.
class ColdThread {
 public:
  struct Limits {
    MergePolicy merges;
    uint64_t bytes_per_second = 64ull << 20;  // written or sent
    int niceness = 10;
  };

  ColdThread(Limits limits, ColdMover& mover);
  ~ColdThread() { Stop(); }

  // A move that is under way is given up after its current step. Idempotent.
  void Stop() { thread_.Stop(); }

 private:
  void Run();

  const Limits limits_;
  ColdMover& mover_;
  BackgroundThread thread_;
  WritePacer pacer_;
};

}  // namespace luma::storage
