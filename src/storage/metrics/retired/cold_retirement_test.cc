// Series whose samples are in the cold tier retire and come back like others, and nothing of it
// asks the object store but what their samples need.
#include "base/log.h"
#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::hours;
using testing::ElementsAre;

constexpr UnixMillis kOld = kColdNow - 48 * kHourMillis;

class ColdRetirementTest : public ColdTest {
 protected:
  // Series "a" has cold samples alone, "b" a warm one.
  ColdRetirementTest() {
    SetLogLevel(LogLevel::kOff);
    options_.cold.cache_bytes_max = 0;
    OpenAll();
    Write("a", kOld, 1);
    LUMA_EXPECT_OK(engine_->Flush());
    Write("b", kColdNow, 100);
    LUMA_EXPECT_OK(engine_->Flush());
    LUMA_EXPECT_OK(engine_->MoveCold());
    OpenAll();
    EXPECT_THAT(Tiers(kSamplesTableId), ElementsAre(Tier::kCold, Tier::kWarm));
  }
  ~ColdRetirementTest() override {
    metrics_.reset();
    SetLogLevel(LogLevel::kInfo);
  }

  void OpenAll() {
    metrics_.reset();
    Reopen();
    MetricsOptions options;
    options.retirement = {.fs = &disk_, .directory = "/data/series", .after = hours(1)};
    auto metrics = MetricsStore::Open(*engine_, options);
    LUMA_ASSERT_OK(metrics);
    metrics_ = std::move(metrics).value();
  }
  void Write(const std::string& series, UnixMillis at, double value) {
    const SeriesBatch batch = MakeBatch({{TestLabels(series), {{at, value}}}});
    LUMA_EXPECT_OK(WriteAndWait(*metrics_, batch));
  }
  std::vector<std::string> InstancesAt(UnixMillis time) {
    const auto found = metrics_->LabelValues("instance", {}, {.min = time, .max = time}, {});
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? *found : std::vector<std::string>();
  }
  uint64_t active() { return metrics_->registry().series_count(); }

  std::unique_ptr<MetricsStore> metrics_;
};

TEST_F(ColdRetirementTest, SeriesRetireWhileTheObjectStoreIsAway) {
  Down();
  const auto retired = metrics_->RetireSeries();
  LUMA_ASSERT_OK(retired);
  EXPECT_EQ(*retired, 1u);
  EXPECT_EQ(active(), 1u);
  EXPECT_THAT(InstancesAt(kColdNow), ElementsAre("b"));
  Up();
  EXPECT_THAT(InstancesAt(kOld), ElementsAre("a"));
  OpenAll();
  EXPECT_EQ(active(), 1u);
  EXPECT_THAT(InstancesAt(kOld), ElementsAre("a"));
}

TEST_F(ColdRetirementTest, LateSamplesOfRetiredSeriesAreComparedWithColdOnes) {
  LUMA_ASSERT_OK(metrics_->RetireSeries());
  Write("a", kOld, 1);
  EXPECT_EQ(metrics_->write_stats().samples_duplicate, 1u);
  Write("a", kOld, 2);
  EXPECT_EQ(metrics_->write_stats().samples_replaced, 1u);
  EXPECT_EQ(metrics_->series_returned(), 1u);
  const auto found = metrics_->Select({}, {.min = kOld, .max = kOld}, {});
  LUMA_ASSERT_OK(found);
  ASSERT_EQ(found->size(), 1u);
  EXPECT_THAT(found->front().values, ElementsAre(2));
}

}  // namespace
}  // namespace luma::storage
