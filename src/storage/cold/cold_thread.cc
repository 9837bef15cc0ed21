#include "storage/cold/cold_thread.h"

#include <algorithm>

#include "base/log.h"

namespace luma::storage {
namespace {

constexpr std::chrono::seconds kLookInterval{5};
constexpr std::chrono::seconds kPauseAfterFailure{2};
constexpr std::chrono::seconds kPauseMax{300};

}  // namespace

ColdThread::ColdThread(Limits limits, ColdMover& mover)
    : limits_(limits),
      mover_(mover),
      thread_("cold tier", limits.niceness),
      pacer_(thread_, limits.bytes_per_second) {
  thread_.Start([this] { Run(); });
}

void ColdThread::Run() {
  const MergePace pace = [this](uint64_t bytes) { return pacer_.After(bytes); };
  std::chrono::seconds pause = kLookInterval;
  std::chrono::seconds after_failure = kPauseAfterFailure;
  while (thread_.SleepUntil(std::chrono::steady_clock::now() + pause)) {
    const Status moved = mover_.Pass(limits_.merges, pace);
    if (moved.code() == StatusCode::kCancelled) continue;  // closing
    mover_.Note(moved);
    pause = moved.ok() ? kLookInterval : after_failure;
    after_failure = moved.ok() ? kPauseAfterFailure : std::min(after_failure * 2, kPauseMax);
    if (!moved.ok()) LUMA_LOG(kWarn, "storage", "cold tier: {}", moved.message());
  }
}

}  // namespace luma::storage
