// Writes that wait for their turn to be alone, and the thread that takes them in groups: whatever
// has come while one group was written becomes the next group, with one commit for all of it.
#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "model/metrics_source.h"
#include "model/series_batch.h"
#include "storage/budget.h"

namespace luma::storage {

struct QueuedWrite {
  SeriesBatch batch;
  WriteSummary summary;  // the answer if the batch is stored
  WriteCallback done;
  BudgetLease memory;  // of the batch
};
using WriteGroup = std::vector<QueuedWrite>;

// Threads: Push from any thread.
class WriteQueue {
 public:
  // `store` gets every group, in the order of Push, on the queue's thread.
  explicit WriteQueue(std::function<void(WriteGroup)> store);
  ~WriteQueue() { Stop(); }
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  // Stores what has been pushed, then stops. Nothing is pushed from here on. By one thread; a
  // second call does nothing.
  void Stop() LUMA_EXCLUDES(mutex_);

  void Push(QueuedWrite write) LUMA_EXCLUDES(mutex_);

 private:
  // A group's rows are in memory several times while it is written: 24 MB each at this size. The
  // bytes of histograms bound it too; a single write may be larger.
  static constexpr size_t kGroupSamplesMax = 1'000'000;
  static constexpr size_t kGroupBytesMax = 64 << 20;

  void Run() LUMA_EXCLUDES(mutex_);
  // Blocks until there is something or the end; empty at the end.
  WriteGroup TakeGroup() LUMA_EXCLUDES(mutex_);

  const std::function<void(WriteGroup)> store_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<QueuedWrite> waiting_ LUMA_GUARDED_BY(mutex_);
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: starts when everything else is there
};

}  // namespace luma::storage
