// Goal: a crash while expired runs are dropped loses nothing else, brings back nothing half, and
// leaves a store that opens.
// Method: SimDisk loses power, or the process alone, at every I/O step of a life with writes,
// flushes, two passes of retention and a merge; afterwards every sample that has not expired is
// there once, and a run that was seen dropped stays so.
#include <gtest/gtest.h>

#include <algorithm>

#include "base/log.h"
#include "io/sim_disk.h"
#include "storage/testing/engine_fixture.h"
#include "storage/testing/sample_table.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kStart = 1'700'000'000'000;
constexpr UnixMillis kDay = 86'400'000;

struct Life {
  std::vector<UnixMillis> acknowledged;
  UnixMillis dropped_before = 0;  // by passes that returned
  UnixMillis cutoff = 0;          // of the last pass that began
};

EngineOptions Options() {
  EngineOptions options = TestEngineOptions();
  options.default_policy.retention = std::chrono::days(3);
  return options;
}

class Script {
 public:
  Script(io::SimDisk& disk, ManualClock& clock, Life& life) : clock_(clock), life_(life) {
    auto opened = StorageEngine::Open(Options(), disk, clock);
    if (opened.ok()) engine_ = std::move(opened).value();
  }
  void Run() {
    if (engine_ == nullptr) return;
    for (int day = 0; day < 6 && ok_; ++day) {
      Write({clock_.NowMillis(), clock_.NowMillis() + 1});
      Do(engine_->Flush());
      if (day >= 4) Expire();
      clock_.Advance(std::chrono::days(1));
    }
    Do(engine_->Compact());
    Write({clock_.NowMillis()});
  }

 private:
  void Do(const Status& status) { ok_ = ok_ && status.ok(); }
  void Write(const std::vector<UnixMillis>& times) {
    if (!ok_) return;
    Do(AppendSamples(*engine_, times));
    if (ok_) life_.acknowledged.insert(life_.acknowledged.end(), times.begin(), times.end());
  }
  void Expire() {
    if (!ok_) return;
    life_.cutoff = clock_.NowMillis() - 3 * kDay;
    Do(engine_->maintenance().Expire().status());
    if (ok_) life_.dropped_before = life_.cutoff;
  }

  ManualClock& clock_;
  Life& life_;
  std::unique_ptr<StorageEngine> engine_;
  bool ok_ = true;
};

void ExpectRightRows(io::SimDisk disk, const Life& life) {
  const ManualClock clock(kStart + 10 * kDay);
  auto opened = StorageEngine::Open(Options(), disk, clock);
  ASSERT_TRUE(opened.ok()) << opened.status();
  const std::vector<UnixMillis> times = SampleTimes(**opened);
  for (const UnixMillis time : life.acknowledged) {
    const auto count = std::ranges::count(times, time);
    EXPECT_LE(count, 1) << time;
    if (time >= life.cutoff) EXPECT_EQ(count, 1) << "lost: " << time;
    // Runs hold two samples; those of a run whose newest is older are gone.
    if (time + 1 < life.dropped_before) EXPECT_EQ(count, 0) << "back again: " << time;
  }
}

TEST(TableExpiryCrashTest, DroppingRunsSurvivesACrashAtEveryStep) {
  SetLogLevel(LogLevel::kOff);
  const uint64_t steps = io::CountIoSteps([](io::SimDisk& disk) {
    ManualClock clock(kStart);
    Life life;
    Script(disk, clock, life).Run();
  });
  for (uint64_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(testing::Message() << "crash at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    ManualClock clock(kStart);
    Life life;
    Script(disk, clock, life).Run();
    ExpectRightRows(disk.Reboot(), life);
    ExpectRightRows(disk.Restart(), life);
  }
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace luma::storage
