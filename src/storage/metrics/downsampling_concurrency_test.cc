// Goal: whatever goes on beside passes, every sample that is not deleted is there once, with its
// last value, and every deleted one is gone. Method: passes by rules that change, so that rows of
// one lie inside those of another; late samples, samples that are written anew, deletes, flushes,
// merges and moves to the cold tier, each on a thread of its own. Values of samples that are rolled
// up are 1, so that counts and sums tell; deletes are of whole hours, which hold whole buckets.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "base/log.h"
#include "encoding/testing/test_seed.h"
#include "storage/maintenance.h"
#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kMinuteMillis = 60'000;
constexpr int kHours = 40;  // up to now; the first 15 are to become cold
constexpr UnixMillis kStart = BucketEnd(kColdNow, kHourMillis) - kHours * kHourMillis;
constexpr int kRolledUpHours = kHours - 3;

// Of one series and hour.
struct Contents {
  uint64_t count = 0;
  double sum = 0;
  bool operator==(const Contents&) const = default;
};
void PrintTo(const Contents& contents, std::ostream* out) {
  *out << contents.count << " samples, sum " << contents.sum;
}
using ContentsMap = std::map<std::pair<std::string, int64_t>, Contents>;

// What is to be written, in which order, and deleted.
class Plan {
 public:
  explicit Plan(uint64_t seed) : random_(seed) {
    for (const char* const name : {"a", "b", "c"}) {
      for (int minute = 1; minute <= kRolledUpHours * 60; ++minute) {
        if (random_() % 3 != 0) AddSample(name, kStart + minute * kMinuteMillis);
      }
      for (int i = 0; i < 3; ++i) doomed.insert({name, random_() % kRolledUpHours});
    }
    std::ranges::shuffle(late, random_);
    for (const auto& hour : doomed) expected.erase(hour);
  }

  std::map<std::string, std::vector<Sample>> early;
  std::vector<std::pair<std::string, Sample>> late;
  std::set<std::pair<std::string, int64_t>> doomed;  // hours of series
  ContentsMap expected;

 private:
  void AddSample(const std::string& name, UnixMillis at) {
    if (random_() % 8 == 0) {
      late.push_back({name, {at, 1}});
    } else {
      early[name].push_back({at, 1});
    }
    Contents& contents = expected[{name, (at - kStart - 1) / kHourMillis}];
    ++contents.count;
    ++contents.sum;
  }

  std::mt19937_64 random_;
};

class DownsamplingConcurrencyTest : public ColdTest {
 protected:
  DownsamplingConcurrencyTest() {
    SetLogLevel(LogLevel::kOff);
    OpenMetrics();
  }
  ~DownsamplingConcurrencyTest() override {
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
  }
  Status Write(const std::string& name, const std::vector<Sample>& samples) {
    return WriteAndWait(*metrics_, MakeBatch({{TestLabels(name), samples}})).status();
  }
  Status DeleteHour(const std::pair<std::string, int64_t>& hour) {
    const UnixMillis start = kStart + hour.second * kHourMillis;
    const Matcher is_series = *Matcher::Create("instance", MatchOp::kEqual, hour.first);
    return metrics_->DeleteSamples({{is_series}}, {.min = start + 1, .max = start + kHourMillis})
        .status();
  }
  void Downsample(std::chrono::milliseconds resolution) {
    metrics_->SetDownsampling(
        {{.match_text = "", .match = {}, .after = std::chrono::hours(2), .resolution = resolution}},
        std::chrono::minutes(10));
    ExpectOkOrLater(metrics_->Downsample());
  }
  // Rows may be in motion for too long, or be deleted while they move.
  static void ExpectOkOrLater(const Status& status) {
    const bool is_later =
        status.code() == StatusCode::kUnavailable || status.code() == StatusCode::kConflict;
    EXPECT_TRUE(status.ok() || is_later) << status;
  }

  void PassByRandomRules(uint64_t seed, const std::atomic<bool>& stop) {
    std::mt19937_64 random(seed);
    const std::chrono::minutes resolutions[] = {std::chrono::minutes(5), std::chrono::minutes(10),
                                                std::chrono::minutes(15), std::chrono::minutes(60)};
    while (!stop) {
      Downsample(resolutions[random() % std::size(resolutions)]);
      ExpectOkOrLater(metrics_->Expire());
    }
  }
  void MoveRows(const std::atomic<bool>& stop) {
    while (!stop) {
      ExpectOkOrLater(engine_->Flush());
      ExpectOkOrLater(engine_->MoveCold());
      ExpectOkOrLater(metrics_->CleanTombstones());
    }
  }
  // Young samples, written anew again and again, and all late ones.
  void WriteBeside(const Plan& plan) {
    for (size_t i = 0; i < plan.late.size(); ++i) {
      LUMA_EXPECT_OK(Write(plan.late[i].first, {plan.late[i].second}));
      if (i % 4 == 0) LUMA_EXPECT_OK(Write("young", {{kColdNow - 1, static_cast<double>(i)}}));
    }
    LUMA_EXPECT_OK(Write("young", {{kColdNow - 1, 5}}));
  }

  ContentsMap Stored() {
    ContentsMap stored;
    const auto found = metrics_->Select({}, TimeRange(), ReadLimits());
    EXPECT_TRUE(found.ok()) << found.status();
    for (const SeriesSamples& series : *found) {
      std::vector<Rollup> points;
      for (size_t i = 0; i < series.values.size(); ++i) {
        points.push_back(Rollup::Of({series.timestamps[i], series.values[i]}));
      }
      for (const RollupPoint& bucket : series.rollups) points[bucket.point] = bucket.rollup;
      for (const Rollup& point : points) {
        const int64_t hour = (point.last_ts - kStart - 1) / kHourMillis;
        Contents& contents = stored[{std::string(series.labels.Get("instance")), hour}];
        contents.count += point.count;
        contents.sum += point.sum;
      }
    }
    return stored;
  }

  std::unique_ptr<MetricsStore> metrics_;
};

TEST_F(DownsamplingConcurrencyTest, EverySampleIsThereOnceAndDeletedOnesAreGone) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  Plan plan(seed);
  for (const auto& [name, samples] : plan.early) LUMA_ASSERT_OK(Write(name, samples));

  std::atomic<bool> stop = false;
  std::thread passes([&] { PassByRandomRules(seed, stop); });
  std::thread moves([&] { MoveRows(stop); });
  std::thread deletes([&] {
    for (const auto& hour : plan.doomed) ExpectOkOrLater(DeleteHour(hour));
  });
  WriteBeside(plan);
  deletes.join();
  stop = true;
  passes.join();
  moves.join();
  for (const auto& hour : plan.doomed) LUMA_ASSERT_OK(DeleteHour(hour));  // late ones came later

  plan.expected[{"young", kHours - 1}] = {.count = 1, .sum = 5};
  EXPECT_EQ(Stored(), plan.expected);
  EXPECT_GT(metrics_->rolled_up().rollups_out, 0u);
  OpenMetrics();
  Downsample(std::chrono::hours(1));
  EXPECT_EQ(Stored(), plan.expected);
}

}  // namespace
}  // namespace luma::storage
