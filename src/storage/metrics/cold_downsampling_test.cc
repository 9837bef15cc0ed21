// Samples that have moved to the cold tier are rolled up as others are, and so may rollups be
// there.
#include <gmock/gmock.h>

#include "base/log.h"
#include "storage/maintenance.h"
#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::Contains;
using testing::Each;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr UnixMillis kMinuteMillis = 60'000;

class ColdDownsamplingTest : public ColdTest {
 protected:
  ColdDownsamplingTest() {
    SetLogLevel(LogLevel::kOff);
    OpenMetrics();
  }
  ~ColdDownsamplingTest() override {
    metrics_.reset();
    SetLogLevel(LogLevel::kInfo);
  }

  void OpenMetrics() {
    metrics_.reset();
    Reopen();
    auto opened = MetricsStore::Open(*engine_);
    ASSERT_TRUE(opened.ok()) << opened.status();
    metrics_ = std::move(opened).value();
    metrics_->ConfirmClock();  // old samples alone would make a start doubt it
    metrics_->SetDownsampling({{.match_text = "",
                                .match = {},
                                .after = std::chrono::hours(1),
                                .resolution = std::chrono::hours(1)}},
                              std::chrono::minutes(10));
  }
  // Two days old, a sample a minute, of 1 each.
  void WriteHours(int hours) {
    TestSeries series{TestLabels("a"), {}};
    const UnixMillis start = BucketEnd(kColdNow - 48 * kHourMillis, kHourMillis);
    for (int i = 1; i <= hours * 60; ++i) series.samples.push_back({start + i * kMinuteMillis, 1});
    LUMA_ASSERT_OK(WriteAndWait(*metrics_, MakeBatch({series})));
    LUMA_ASSERT_OK(engine_->Flush());
  }
  void MoveAllCold() {
    LUMA_ASSERT_OK(engine_->Flush());
    LUMA_ASSERT_OK(engine_->MoveCold());
  }
  void ExpectRollups(size_t hours) {
    const auto found = metrics_->Select({}, TimeRange(), ReadLimits());
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_THAT(*found, SizeIs(1));
    ASSERT_THAT((*found)[0].rollups, SizeIs(hours));
    EXPECT_THAT((*found)[0].values, SizeIs(hours));
    for (const RollupPoint& point : (*found)[0].rollups) EXPECT_EQ(point.rollup.sum, 60);
  }

  std::unique_ptr<MetricsStore> metrics_;
};

TEST_F(ColdDownsamplingTest, ColdSamplesAreRolledUpAndRollupsBecomeCold) {
  WriteHours(6);
  MoveAllCold();
  ASSERT_THAT(Tiers(kSamplesTableId), Contains(Tier::kCold));
  LUMA_ASSERT_OK(metrics_->Downsample());
  ExpectRollups(6);
  EXPECT_EQ((*engine_->Read(kSamplesTableId))->VisibleRowCount(), 0u);
  MoveAllCold();
  EXPECT_THAT(Tiers(kRollupsTableId), Each(Tier::kCold));
  ExpectRollups(6);
  OpenMetrics();
  ExpectRollups(6);
  LUMA_ASSERT_OK(metrics_->Downsample());
  ExpectRollups(6);
}

TEST_F(ColdDownsamplingTest, WhatCannotBeReadIsRolledUpLater) {
  WriteHours(6);
  MoveAllCold();
  OpenMetrics();
  Down();
  EXPECT_FALSE(metrics_->Downsample().ok());
  EXPECT_THAT(engine_->maintenance().downsampling().Get()[0].last_error, Not(IsEmpty()));
  EXPECT_EQ((*engine_->Read(kSamplesTableId))->VisibleRowCount(), 360u);
  Up();
  LUMA_ASSERT_OK(metrics_->Downsample());
  ExpectRollups(6);
}

}  // namespace
}  // namespace luma::storage
