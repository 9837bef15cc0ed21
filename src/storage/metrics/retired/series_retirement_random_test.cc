// Many series that leave memory and come back, at random, compared with a map.
#include <gmock/gmock.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "encoding/testing/test_seed.h"
#include "storage/metrics/testing/retirement_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

struct Model {
  std::map<std::string, std::map<UnixMillis, double>> samples;  // by instance

  std::set<std::string> InstancesIn(TimeRange range) const {
    std::set<std::string> found;
    for (const auto& [instance, of_series] : samples) {
      const auto at = of_series.lower_bound(range.min);
      if (at != of_series.end() && at->first <= range.max) found.insert(instance);
    }
    return found;
  }
};

class RandomRetirementTest : public SeriesRetirementTest {
 protected:
  std::string SomeInstance() { return "i" + std::to_string(random_() % 60); }
  UnixMillis SomeTime(UnixMillis span) {
    return static_cast<UnixMillis>(random_() % static_cast<uint64_t>(span));
  }

  // New, late, and repeated ones.
  void WriteSome() {
    std::map<std::string, std::map<UnixMillis, double>> request;
    for (uint64_t i = random_() % 20; i > 0; --i) {
      const UnixMillis age = SomeTime(random_() % 4 == 0 ? 80 * kHour : kMinute);
      request[SomeInstance()][now() - age] = static_cast<double>(random_() % 3);
    }
    std::vector<TestSeries> batch;
    for (const auto& [instance, samples] : request) {
      batch.push_back({TestLabels(instance), {}});
      for (const auto& [time, value] : samples) {
        batch.back().samples.push_back({time, value});
        model_.samples[instance][time] = value;
      }
    }
    const auto summary = WriteAndWait(store(), MakeBatch(batch));
    ASSERT_TRUE(summary.ok()) << summary.status();
  }

  void RemoveSome() {
    const std::string instance = SomeInstance();
    const TimeRange range{.min = now() - SomeTime(100 * kHour), .max = now()};
    ASSERT_TRUE(store().DeleteSamples({Instance(instance)}, range).ok());
    std::erase_if(model_.samples[instance],
                  [&](const auto& sample) { return sample.first >= range.min; });
  }

  TimeRange SomeRange() {
    const UnixMillis min = now() - SomeTime(120 * kHour);
    return {.min = min, .max = min + SomeTime(9 * kHour)};
  }

  void Compare(const SeriesSamples& series, TimeRange range) {
    const auto& samples = model_.samples[std::string(series.labels.Get("instance"))];
    for (size_t i = 0; i < series.timestamps.size(); ++i) {
      const auto sample = samples.find(series.timestamps[i]);
      ASSERT_NE(sample, samples.end());
      EXPECT_EQ(sample->second, series.values[i]);
    }
    const auto count =
        std::distance(samples.lower_bound(range.min), samples.upper_bound(range.max));
    EXPECT_EQ(series.timestamps.size(), static_cast<size_t>(count));
  }

  void CompareAll() {
    const TimeRange range = SomeRange();
    const std::set<std::string> expected = model_.InstancesIn(range);
    EXPECT_THAT(Instances(range), testing::ElementsAreArray(expected));
    const auto found = store().Select({}, range, {});
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->size(), expected.size());
    for (const SeriesSamples& series : *found) Compare(series, range);
  }

  void TakeStep() {
    switch (random_() % 12) {
      case 0:
      case 1:
        Pass(minutes(random_() % 200));
        break;
      case 2:
      case 3:
        Retire();
        break;
      case 4:
        Flush();
        break;
      case 5:
        if (random_() % 3 == 0) Reopen();
        break;
      case 6:
        RemoveSome();
        break;
      case 7:
        ASSERT_TRUE(store().Expire().ok());
        break;
      default:
        WriteSome();
    }
  }

  // Takes steps, and `check` after each.
  void Run(int steps, const std::function<void()>& check) {
    LUMA_TRACE_SEED(seed_);
    uint64_t most_retired = 0;
    for (int step = 0; step < steps && !HasFailure(); ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step);
      TakeStep();
      check();
      most_retired = std::max(most_retired, store().retired_stats().series);
      ASSERT_EQ(active() + store().retired_stats().series,
                (*instance_->engine->Read(kSeriesTableId))->VisibleRowCount());
    }
    EXPECT_GT(most_retired, 10u) << "the test must retire some";
  }

  const uint64_t seed_ = encoding::testing::TestSeed();
  std::mt19937_64 random_{seed_};
  Model model_;
};

// Goal: readers see the same series and samples wherever series are.
// Method: random writes, deletes, flushes, restarts and passes of retirement and retention,
// compared with a map.
TEST_F(RandomRetirementTest, ReadersSeeNoDifference) {
  Run(500, [this] { CompareAll(); });
}

// Goal: no reader misses a series in a partition whose times leave out what was rolled up.
// Method: the same, with passes of downsampling. Rollups reach over times between their samples, so
// more series may be found than have some.
TEST_F(RandomRetirementTest, SeriesOfRollupsAreFoundAtTheirTimes) {
  Run(500, [this] {
    const uint64_t next = random_() % 24;
    if (next == 0) RollUp(hours(3));
    if (next == 1) ASSERT_TRUE(store().CleanTombstones().ok());
    const TimeRange range = SomeRange();
    const std::set<std::string> expected = model_.InstancesIn(range);
    EXPECT_THAT(Instances(range), testing::IsSupersetOf(expected));
  });
}

// Goal: readers miss no series that moves between memory and disk meanwhile.
TEST_F(SeriesRetirementTest, ReadersMissNoSeriesThatMoves) {
  for (int i = 0; i < 10; ++i) WriteOne("a" + std::to_string(i), now());
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    while (!is_done) {
      EXPECT_GE(Instances({.min = kTestNow, .max = kTestNow}).size(), 10u);
      const auto series = store().Series({}, {.min = kTestNow, .max = kTestNow}, {});
      EXPECT_TRUE(series.ok() && series->size() >= 10u);
      const auto samples = store().Select({}, {.min = kTestNow, .max = kTestNow}, {});
      EXPECT_TRUE(samples.ok() && samples->size() >= 10u);
      EXPECT_LE(store().retired_stats().series, 10u);
    }
  });
  for (int round = 0; round < 50; ++round) {
    Pass(hours(2));
    Retire();
    for (int i = 0; i < 10; i += 1 + round % 3) WriteOne("a" + std::to_string(i), now());
  }
  is_done = true;
  reader.join();
  EXPECT_GT(store().series_returned(), 100u);
}

// Goal: no series is made a second time while it moves.
// Method: writers look for series beside passes until many have come back.
TEST_F(SeriesRetirementTest, WritersMissNoSeriesThatMoves) {
  constexpr int kSeries = 40;
  std::atomic<bool> is_done = false;
  const auto write = [&](int first) {
    for (int i = first; !is_done; i += 7) {
      const Labels labels = TestLabels("a" + std::to_string(i % kSeries));
      EXPECT_TRUE(WriteAndWait(store(), MakeBatch({{labels, {{now(), 1}}}})).ok());
    }
  };
  std::thread one([&] { write(0); });
  std::thread other([&] { write(20); });
  while (store().series_returned() < 200 && !HasFailure()) {
    Pass(hours(2));
    Retire();
  }
  is_done = true;
  one.join();
  other.join();
  EXPECT_EQ((*instance_->engine->Read(kSeriesTableId))->VisibleRowCount(), Instances().size());
  EXPECT_LE(Instances().size(), static_cast<size_t>(kSeries));
}

}  // namespace
}  // namespace luma::storage
