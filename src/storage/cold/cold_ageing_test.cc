// Goal: a day of samples ages from memory to segment files to the cold tier, and every query
// answers the same before, during and after.
// Method: an injected clock; every hour samples are written, flushed, merged and moved, and queries
// are compared with a model; some hours the object store is down, and the engine is opened anew.
#include <map>
#include <set>

#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kMinute = 60'000;
constexpr int kSeries = 12;
constexpr int kHours = 36;

class ColdAgeingTest : public ColdTest {
 protected:
  ColdAgeingTest() {
    options_.default_policy.warm_age = std::chrono::hours(6);
    OpenAll();
  }
  ~ColdAgeingTest() override { metrics_.reset(); }

  void OpenAll() {
    metrics_.reset();
    Reopen();
    auto metrics = MetricsStore::Open(*engine_);
    LUMA_ASSERT_OK(metrics);
    metrics_ = std::move(metrics).value();
  }
  void WriteHour() {
    std::vector<TestSeries> all;
    for (int series = 0; series < kSeries; ++series) {
      TestSeries& one = all.emplace_back(TestLabels(std::to_string(series)), std::vector<Sample>());
      for (UnixMillis at = clock_.NowMillis() - 60 * kMinute; at < clock_.NowMillis();
           at += kMinute) {
        one.samples.push_back({at, static_cast<double>(at % 977) / 7 + series});
        model_[{one.labels.ToString(), at}] = one.samples.back().value;
      }
    }
    LUMA_ASSERT_OK(WriteAndWait(*metrics_, MakeBatch(all)));
  }
  void CheckQueries() {
    const UnixMillis now = clock_.NowMillis();
    for (const TimeRange range :
         {TimeRange{}, TimeRange{.min = now - 3 * kHourMillis, .max = now},
          TimeRange{.min = now - 30 * kHourMillis, .max = now - 20 * kHourMillis},
          TimeRange{.min = kColdNow, .max = kColdNow + 7 * kMinute}}) {
      CheckQuery(range);
    }
  }
  void CheckQuery(TimeRange range) {
    const auto selected = metrics_->Select({}, range, {});
    ASSERT_TRUE(selected.ok()) << selected.status();
    size_t expected = 0;
    for (const auto& [key, value] : model_) {
      if (key.second >= range.min && key.second <= range.max) ++expected;
    }
    size_t found = 0;
    for (const SeriesSamples& series : *selected) {
      for (size_t i = 0; i < series.timestamps.size(); ++i, ++found) {
        const auto sample = model_.find({series.labels.ToString(), series.timestamps[i]});
        ASSERT_NE(sample, model_.end());
        ASSERT_EQ(sample->second, series.values[i]);
      }
    }
    EXPECT_EQ(found, expected);
  }
  bool HasTier(Tier tier) { return std::ranges::count(Tiers(kSamplesTableId), tier) > 0; }

  std::unique_ptr<MetricsStore> metrics_;
  std::map<std::pair<std::string, UnixMillis>, double> model_;
};

TEST_F(ColdAgeingTest, ADayOfSamplesAgesAndQueriesAnswerTheSame) {
  std::set<Tier> seen;
  int failed_moves = 0;
  for (int hour = 0; hour < kHours; ++hour) {
    SCOPED_TRACE(testing::Message() << "hour " << hour);
    clock_.Advance(std::chrono::hours(1));
    WriteHour();
    CheckQueries();
    LUMA_ASSERT_OK(engine_->Flush());
    CheckQueries();
    LUMA_ASSERT_OK(
        engine_->Compact({.inputs_min = 4, .largest_share_max = 0.4, .free_bytes_min = 0}));
    if (hour % 8 >= 5) {
      Down();
      if (!engine_->MoveCold({.inputs_min = 4, .largest_share_max = 0.4}).ok()) ++failed_moves;
      Up();
    } else {
      LUMA_ASSERT_OK(engine_->MoveCold({.inputs_min = 4, .largest_share_max = 0.4}));
    }
    CheckQueries();
    if (hour % 11 == 10) OpenAll();
    for (const Tier tier : Tiers(kSamplesTableId)) seen.insert(tier);
  }
  EXPECT_GE(failed_moves, 2);
  EXPECT_TRUE(seen.contains(Tier::kWarm) && seen.contains(Tier::kCold));
  clock_.Advance(std::chrono::hours(48));
  LUMA_ASSERT_OK(engine_->Flush());
  LUMA_ASSERT_OK(engine_->Compact({.free_bytes_min = 0}));
  LUMA_ASSERT_OK(engine_->MoveCold());
  OpenAll();
  EXPECT_FALSE(HasTier(Tier::kWarm));
  CheckQueries();
  EXPECT_EQ(engine_->Report().cold.rows, model_.size());
}

}  // namespace
}  // namespace luma::storage
