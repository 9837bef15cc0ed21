// Goal: after a crash at any I/O step of deletes, sweeps and writes to swept series, no sample
// lacks its series or is there twice, deletes that were acknowledged hold, and samples outside of
// them that were acknowledged are there. Method: SimDisk loses power, or the process alone, at
// every step of a fixed life.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using Key = std::pair<std::string, UnixMillis>;

// What a client knows of each sample it sent. A delete or write that failed leaves it open.
enum class Fate { kStored, kDeleted, kOpen };
using Fates = std::map<Key, Fate>;

class Script {
 public:
  Script(io::SimDisk& disk, const Clock& clock, Fates& fates)
      : disk_(disk), clock_(clock), fates_(fates) {}

  void Run() {
    Open();
    for (int i = 0; i < 3; ++i) {
      const UnixMillis now = kTestNow + i * 10;
      for (const char* name : {"a", "b", "c"}) Write(name, {now, now + 1});
      if (i == 1) Do([&] { return instance_->engine->Flush(); });
      Delete("a", TimeRange());
      Delete("b", {now, now});
      Write("a", {now + 5});
      Write("last" + std::to_string(i), {now});
    }
    Delete("c", TimeRange());
    Do([&] { return instance_->engine->Flush(); });
    Do([&] { return instance_->store->CleanTombstones(); });
    Do([&] { return instance_->store->Expire(); });
    Write("c", {kTestNow + 99});
  }

 private:
  void Open() {
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_);
    ok_ = instance_->status.ok();
  }
  template <typename Work>
  void Do(const Work& work) {
    ok_ = ok_ && work().ok();
  }
  void Write(const std::string& name, const std::vector<UnixMillis>& times) {
    if (!ok_) return;
    TestSeries series{TestLabels(name), {}};
    for (const UnixMillis time : times) {
      series.samples.push_back({time, 1});
      fates_[{series.labels.ToString(), time}] = Fate::kOpen;
    }
    Do([&] { return WriteAndWait(*instance_->store, MakeBatch({series})); });
    if (!ok_) return;
    for (const UnixMillis time : times) fates_[{series.labels.ToString(), time}] = Fate::kStored;
  }
  void Delete(const std::string& name, TimeRange range) {
    if (!ok_) return;
    const Matchers matchers = {*Matcher::Create("instance", MatchOp::kEqual, name)};
    const std::string labels = TestLabels(name).ToString();
    const auto set = [&](Fate fate) {
      for (auto& [key, of_sample] : fates_) {
        const bool is_meant =
            key.first == labels && range.min <= key.second && key.second <= range.max;
        if (is_meant && of_sample != Fate::kDeleted) of_sample = fate;
      }
    };
    set(Fate::kOpen);
    Do([&] { return instance_->store->DeleteSamples({matchers}, range); });
    if (ok_) set(Fate::kDeleted);
  }

  io::SimDisk& disk_;
  const Clock& clock_;
  Fates& fates_;
  std::unique_ptr<MetricsInstance> instance_;
  bool ok_ = true;
};

void ExpectRightSamples(io::SimDisk disk, const Fates& fates) {
  const ManualClock clock(kTestNow);
  const MetricsInstance instance(disk, clock);
  ASSERT_TRUE(instance.status.ok()) << instance.status;
  const SampleMap stored = instance.StoredSamples();  // fails on doubles and on orphans
  for (const auto& [key, fate] : fates) {
    const bool is_there = stored.contains(key);
    if (fate == Fate::kStored) EXPECT_TRUE(is_there) << "lost: " << key.first << key.second;
    if (fate == Fate::kDeleted) EXPECT_FALSE(is_there) << "back: " << key.first << key.second;
  }
  for (const auto& [key, bits] : stored) EXPECT_TRUE(fates.contains(key)) << key.first;
}

TEST(MetricsDeleteCrashTest, DeletesAndSweepsSurviveACrashAtEveryStep) {
  SetLogLevel(LogLevel::kOff);
  const ManualClock clock(kTestNow);
  const uint64_t steps = io::CountIoSteps([&](io::SimDisk& disk) {
    Fates fates;
    Script(disk, clock, fates).Run();
    EXPECT_TRUE(std::ranges::none_of(fates, [](const auto& f) { return f.second == Fate::kOpen; }));
  });
  for (uint64_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(testing::Message() << "crash at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    Fates fates;
    Script(disk, clock, fates).Run();
    ExpectRightSamples(disk.Reboot(), fates);
    ExpectRightSamples(disk.Restart(), fates);
  }
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace luma::storage
