#include "storage/flush_thread.h"

#include <utility>

#include "base/log.h"
#include "storage/catalog.h"
#include "storage/hot/hot_run.h"

namespace luma::storage {
namespace {

// Rows come in at most at about 100 MB/s, so limits are overshot by little.
constexpr std::chrono::milliseconds kLookInterval{200};
constexpr std::chrono::seconds kPauseAfterFailure{2};

// Of luma.series: about 16,000 series of 250 bytes, which take 5 ms to write. The registry of the
// metrics has their labels too, once for all series together.
constexpr uint64_t kSeriesHotBytesMax = 4 << 20;

}  // namespace

FlushThread::FlushThread(Needs needs, Flusher& flusher, const StateStore& states,
                         const Clock& clock)
    : needs_(std::move(needs)),
      flusher_(flusher),
      states_(states),
      clock_(clock),
      hot_limits_(needs_.default_policy),
      last_flush_(clock.Monotonic()) {
  thread_.Start([this] { Run(); });
}

void FlushThread::Request() {
  is_requested_ = true;
  thread_.Wake();
}

void FlushThread::Run() {
  bool goes_on = thread_.Sleep(kLookInterval);
  while (goes_on) {
    const Status flushed = FlushIfNeeded();
    if (!flushed.ok()) LUMA_LOG(kWarn, "storage", "flush failed: {}", flushed.message());
    goes_on = SleepAfter(flushed);
  }
}

bool FlushThread::SleepAfter(const Status& flushed) {
  if (flushed.ok()) return thread_.Sleep(kLookInterval);
  return thread_.SleepUntil(std::chrono::steady_clock::now() + kPauseAfterFailure);
}

Status FlushThread::FlushIfNeeded() {
  if (NeedsFlush()) {
    last_flush_ = clock_.Monotonic();
    return flusher_.FlushAll();
  }
  if (HasManyNewSeries()) return flusher_.FlushTable(kSeriesTableId);
  return HasSealedRuns() ? flusher_.FlushSealed() : Status::Ok();
}

bool FlushThread::NeedsFlush() {
  const DatabaseStatePtr state = states_.Published();
  const std::chrono::nanoseconds now = clock_.Monotonic();
  return is_requested_.exchange(false) || hot_limits_.AreExceeded(*state, now) ||
         state->HotBytes() > needs_.hot_bytes_max || needs_.wal_bytes() > needs_.wal_bytes_max ||
         now - last_flush_ >= needs_.interval;
}

bool FlushThread::HasManyNewSeries() const {
  const TableVersionPtr series = states_.Published()->Find(kSeriesTableId);
  if (series == nullptr || series->growing() == nullptr) return false;
  const auto& run = static_cast<const HotRun&>(*series->growing()->run());
  return run.memory_bytes() > kSeriesHotBytesMax;
}

bool FlushThread::HasSealedRuns() const {
  bool found = false;
  states_.Published()->ForEachTable([&](ObjectId, const TableVersionPtr& version) {
    for (const RunVersionPtr& run : version->sealed()) found = found || run->run()->is_hot();
  });
  return found;
}

}  // namespace luma::storage
