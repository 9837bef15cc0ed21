// Goal: after a crash at any I/O step of downsampling, in two levels and with late samples, every
// acknowledged sample is in luma.samples or in one rollup, once. Method: SimDisk loses power, or
// the process alone, at every step of a fixed life. Each sample has a value of its own, a power of
// two, so that the sum over a series says which samples are there, and how often.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/log.h"
#include "storage/metrics/testing/rollup_fixture.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kMinute = 60'000;
constexpr UnixMillis kStart = BucketEnd(kTestNow, kDayMillis);

// Bits of the samples of one series.
struct Sent {
  uint64_t acknowledged = 0;
  uint64_t tried = 0;
};
using SentSeries = std::map<std::string, Sent>;

class Script {
 public:
  Script(io::SimDisk& disk, SentSeries& sent) : sent_(sent), instance_(disk, clock_) {
    ok_ = instance_.status.ok();
  }

  // False when the disk failed.
  bool Run() {
    if (!ok_) return false;
    instance_.store->SetDownsampling({Rule(std::chrono::minutes(30), std::chrono::minutes(5)),
                                      Rule(std::chrono::hours(2), std::chrono::minutes(30))},
                                     std::chrono::minutes(10));
    for (int round = 0; round < 4; ++round) {
      for (const char* name : {"a", "b"}) Write(name, 0);
      if (round == 1) Do([&] { return instance_.engine->Flush(); });
      Do([&] { return instance_.store->Downsample(); });
      clock_.Advance(std::chrono::minutes(40));
    }
    Write("a", -90 * kMinute);  // late
    Do([&] { return instance_.engine->Flush(); });
    for (int pass = 0; pass < 24; ++pass) Do([&] { return instance_.store->Downsample(); });
    Do([&] { return instance_.store->CleanTombstones(); });
    Do([&] { return instance_.store->Expire(); });
    return ok_;
  }

 private:
  static DownsamplingRule Rule(std::chrono::milliseconds after,
                               std::chrono::milliseconds resolution) {
    return {.match_text = "", .match = {}, .after = after, .resolution = resolution};
  }
  template <typename Work>
  void Do(const Work& work) {
    ok_ = ok_ && work().ok();
  }
  // Three samples, seven minutes apart.
  void Write(const std::string& name, UnixMillis offset) {
    if (!ok_) return;
    Sent& sent = sent_[name];
    TestSeries series{TestLabels(name), {}};
    uint64_t bits = 0;
    for (int i = 0; i < 3; ++i) {
      const uint64_t bit = uint64_t{1} << (next_bit_++ % 40);
      series.samples.push_back(
          {clock_.NowMillis() + offset + i * 7 * kMinute, static_cast<double>(bit)});
      bits |= bit;
    }
    sent.tried |= bits;
    Do([&] { return WriteAndWait(*instance_.store, MakeBatch({series})); });
    if (ok_) sent.acknowledged |= bits;
  }

  ManualClock clock_{kStart};
  SentSeries& sent_;
  int next_bit_ = 0;
  MetricsInstance instance_;
  bool ok_ = true;
};

void ExpectEverySampleOnce(io::SimDisk disk, const SentSeries& sent) {
  const ManualClock clock(kStart + kDayMillis);
  const MetricsInstance instance(disk, clock);
  ASSERT_TRUE(instance.status.ok()) << instance.status;
  std::map<std::string, double> sums;
  const auto found = instance.store->Select({}, TimeRange(), ReadLimits());
  ASSERT_TRUE(found.ok()) << found.status();
  for (const SeriesSamples& series : *found) {
    double& sum = sums[std::string(series.labels.Get("instance"))];
    for (const double value : series.values) sum += value;
    for (const RollupPoint& point : series.rollups) {
      sum += point.rollup.sum - series.values[point.point];
    }
  }
  for (const auto& [name, bits] : sent) {
    const auto there = static_cast<uint64_t>(sums[name]);
    EXPECT_EQ(there & bits.acknowledged, bits.acknowledged) << "lost: " << name;
    EXPECT_EQ(there & ~bits.tried, 0u) << "doubled: " << name;
  }
  instance.StoredSamples();  // fails on doubles and on samples without series
  StoredRollups(instance);
}

TEST(DownsamplingCrashTest, SamplesAreKeptOnceWhateverStepTheCrashComesAt) {
  SetLogLevel(LogLevel::kOff);
  const uint64_t steps = io::CountIoSteps([&](io::SimDisk& disk) {
    SentSeries sent;
    EXPECT_TRUE(Script(disk, sent).Run());
  });
  for (uint64_t step = 0; step <= steps; ++step) {
    SCOPED_TRACE(testing::Message() << "crash at step " << step);
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    SentSeries sent;
    Script(disk, sent).Run();
    ExpectEverySampleOnce(disk.Reboot(), sent);
    ExpectEverySampleOnce(disk.Restart(), sent);
  }
  SetLogLevel(LogLevel::kInfo);
}

}  // namespace
}  // namespace luma::storage
