#include "storage/compaction/compaction_thread.h"

#include <chrono>

#include "base/log.h"

namespace luma::storage {
namespace {

constexpr std::chrono::seconds kLookInterval{1};
constexpr std::chrono::seconds kPauseAfterFailure{30};

}  // namespace

CompactionThread::CompactionThread(Limits limits, Compactor& compactor, const Flusher& flusher,
                                   const MemoryBudget& budget)
    : limits_(limits),
      compactor_(compactor),
      flusher_(flusher),
      budget_(budget),
      thread_("compaction", limits.niceness),
      pacer_(thread_, limits.written_bytes_per_second) {
  thread_.Start([this] { Run(); });
}

void CompactionThread::Run() {
  uint64_t flushes_seen = 0;
  std::chrono::seconds pause = kLookInterval;
  while (thread_.SleepUntil(std::chrono::steady_clock::now() + pause)) {
    pause = kLookInterval;
    const uint64_t flushes = flusher_.count();
    if (flushes == flushes_seen || IsShortOfMemory()) continue;
    const Status merged = MergeAll();
    if (merged.ok()) {
      flushes_seen = flushes;
    } else if (merged.code() != StatusCode::kCancelled) {  // not just closing
      LUMA_LOG(kWarn, "storage", "compaction failed: {}", merged.message());
      pause = kPauseAfterFailure;
    }
  }
}

bool CompactionThread::IsShortOfMemory() const {
  return budget_.booked_bytes() > budget_.limit_bytes() / 4 * 3;
}

Status CompactionThread::MergeAll() {
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const bool has_merged,
                          compactor_.MergeOnce(limits_.policy, [this](uint64_t bytes) {
                            return pacer_.After(bytes);
                          }));
    if (!has_merged) return Status::Ok();
  }
}

}  // namespace luma::storage
