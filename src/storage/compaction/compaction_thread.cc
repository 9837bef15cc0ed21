#include "storage/compaction/compaction_thread.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace luma::storage {
namespace {

constexpr std::chrono::seconds kLookInterval{1};
constexpr std::chrono::seconds kPauseAfterFailure{30};

// Linux gives threads priorities of their own. Where that fails the thread runs as the others do.
void LowerPriorityOfThisThread(int niceness) {
  const auto thread = static_cast<id_t>(::gettid());
  if (::setpriority(PRIO_PROCESS, thread, niceness) == 0) return;
  LUMA_LOG(kInfo, "storage", "compaction runs with normal priority");
}

}  // namespace

CompactionThread::CompactionThread(Limits limits, Compactor& compactor, const Flusher& flusher,
                                   const MemoryBudget& budget)
    : limits_(limits), compactor_(compactor), flusher_(flusher), budget_(budget), thread_([this] {
        Run();
      }) {}

void CompactionThread::Stop() {
  std::call_once(stopped_, [this] {
    {
      MutexLock lock(mutex_);
      is_stopping_ = true;
      wake_.NotifyAll();
    }
    thread_.join();
  });
}

void CompactionThread::Run() {
  LowerPriorityOfThisThread(limits_.niceness);
  uint64_t flushes_seen = 0;
  std::chrono::seconds pause = kLookInterval;
  while (SleepUntil(std::chrono::steady_clock::now() + pause)) {
    pause = kLookInterval;
    const uint64_t flushes = flusher_.count();
    if (flushes == flushes_seen || IsShortOfMemory()) continue;
    const Status merged = MergeAll();
    if (merged.ok()) {
      flushes_seen = flushes;
    } else if (merged.code() != StatusCode::kUnavailable) {  // not just closing
      LUMA_LOG(kWarn, "storage", "compaction failed: {}", merged.message());
      pause = kPauseAfterFailure;
    }
  }
}

bool CompactionThread::IsShortOfMemory() const {
  return budget_.booked_bytes() > budget_.limit_bytes() / 4 * 3;
}

bool CompactionThread::SleepUntil(std::chrono::steady_clock::time_point end) {
  MutexLock lock(mutex_);
  while (!is_stopping_) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) break;
    wake_.WaitFor(mutex_, left);
  }
  return !is_stopping_;
}

Status CompactionThread::MergeAll() {
  while (true) {
    LUMA_ASSIGN_OR_RETURN(
        const bool has_merged,
        compactor_.MergeOnce(limits_.policy, [this](uint64_t bytes) { return Pace(bytes); }));
    if (!has_merged) return Status::Ok();
  }
}

Status CompactionThread::Pace(uint64_t written_bytes) {
  const auto now = std::chrono::steady_clock::now();
  const std::chrono::duration<double> costs(static_cast<double>(written_bytes) /
                                            static_cast<double>(limits_.written_bytes_per_second));
  may_write_at_ = std::max(may_write_at_, now) +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(costs);
  return SleepUntil(may_write_at_) ? Status::Ok() : Status::Unavailable("engine is closing");
}

}  // namespace luma::storage
