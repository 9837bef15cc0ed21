// A store whose series leave memory for partitions on a simulated disk, for tests.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/metrics/retired/partition_format.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {

inline constexpr UnixMillis kMinute = 60'000;
inline constexpr UnixMillis kHour = 60 * kMinute;
inline constexpr std::string_view kRetiredDirectory = "/data/series";

class SeriesRetirementTest : public testing::Test {
 protected:
  SeriesRetirementTest() {
    SetLogLevel(LogLevel::kOff);
    Reopen();
  }
  ~SeriesRetirementTest() override {
    static_cast<void>(failpoint::Arm(""));
    SetLogLevel(LogLevel::kInfo);
  }

  void Reopen() {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_, Options());
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  MetricsOptions Options() {
    MetricsOptions options;
    options.retirement = {
        .fs = &disk_, .directory = io::Path(kRetiredDirectory), .after = std::chrono::hours(1)};
    return options;
  }
  // As a backup does.
  void OpenAtRest() {
    EngineOptions options{.data_dir = "/data"};
    options.background_flush = false;
    const auto engine = MultiTierStorage::Open(options, disk_, clock_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    RenewSeriesList(disk_, io::Path(kRetiredDirectory), **engine);
  }
  void Flush() { ASSERT_TRUE(instance_->engine->Flush().ok()); }
  MetricsStore& store() { return *instance_->store; }
  void RollUp(std::chrono::milliseconds after) {
    store().SetDownsampling(
        {{.match_text = "", .match = {}, .after = after, .resolution = std::chrono::minutes(5)}},
        std::chrono::minutes(10));
    ASSERT_TRUE(store().Downsample().ok());
  }
  UnixMillis now() const { return clock_.NowMillis(); }
  void Pass(std::chrono::milliseconds time) { clock_.Advance(time); }

  void WriteOne(std::string_view instance, UnixMillis time, double value = 1) {
    const auto summary =
        WriteAndWait(store(), MakeBatch({{TestLabels(instance), {{time, value}}}}));
    ASSERT_TRUE(summary.ok()) << summary.status();
    ASSERT_EQ(summary->samples_stored, 1u);
  }
  uint64_t Retire() {
    const auto retired = store().RetireSeries();
    EXPECT_TRUE(retired.ok()) << retired.status();
    return retired.ok() ? *retired : 0;
  }
  std::vector<std::string> Instances(TimeRange range = {}) {
    const auto values = store().LabelValues("instance", {}, range, ReadLimits());
    EXPECT_TRUE(values.ok()) << values.status();
    return values.ok() ? *values : std::vector<std::string>();
  }
  static Matchers Instance(std::string value) {
    return {*Matcher::Create("instance", MatchOp::kEqual, std::move(value))};
  }
  std::vector<UnixMillis> TimesOf(std::string_view instance, TimeRange range = {}) {
    const auto found = store().Select(Instance(std::string(instance)), range, {});
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok() || found->empty()) return {};
    EXPECT_EQ(found->size(), 1u);
    return found->front().timestamps;
  }
  SeriesId IdOf(std::string_view instance) {
    const SeriesBitmap ids = *store().directory().Select(Instance(std::string(instance)));
    EXPECT_EQ(ids.cardinality(), 1u);
    return SeriesId{ids.minimum()};
  }
  uint64_t active() { return store().registry().series_count(); }
  std::vector<io::Path> Partitions() {
    std::vector<io::Path> paths;
    for (const std::string& name : *disk_.List(io::Path(kRetiredDirectory))) {
      if (name.ends_with(".series")) paths.push_back(io::JoinPath(kRetiredDirectory, name));
    }
    return paths;
  }
  // All their blocks.
  void DamagePartitions() {
    for (const io::Path& path : Partitions()) {
      for (uint64_t offset = kPartitionHeaderBytes; offset < 100; ++offset) {
        disk_.FlipBit(path, offset, 0);
      }
    }
  }
  // Writes to "steady" so that the store has new samples.
  void Idle(std::chrono::milliseconds time) {
    Pass(time);
    WriteOne("steady", now());
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<MetricsInstance> instance_;
};

}  // namespace luma::storage
