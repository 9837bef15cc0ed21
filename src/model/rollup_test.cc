#include "model/rollup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

namespace luma {
namespace {

using testing::ElementsAre;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// LUMA_SEED=1234 replays a failure.
uint64_t Seed() {
  const char* const given = std::getenv("LUMA_SEED");
  return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device()();
}

Rollup RollupOf(const std::vector<Sample>& samples) {
  RollupFold fold;
  for (const Sample& sample : samples) fold.Add(Rollup::Of(sample));
  return fold.Total();
}

// Every field, as bits where it is a double.
std::vector<uint64_t> Fields(const Rollup& r) {
  std::vector<uint64_t> fields = {r.count, r.changes, r.resets};
  for (const UnixMillis time : {r.first_ts, r.last_ts, r.stale_ts}) {
    fields.push_back(static_cast<uint64_t>(time));
  }
  for (const double value : {r.sum, r.min, r.max, r.first, r.last, r.reset_sum}) {
    fields.push_back(std::isnan(value) ? ~uint64_t{0} : std::bit_cast<uint64_t>(value));
  }
  return fields;
}

TEST(RollupTest, BucketsAreOpenAtTheirLeftEnd) {
  EXPECT_EQ(BucketEnd(0, 300), 0);
  EXPECT_EQ(BucketEnd(1, 300), 300);
  EXPECT_EQ(BucketEnd(300, 300), 300);
  EXPECT_EQ(BucketEnd(301, 300), 600);
  EXPECT_EQ(BucketEnd(-1, 300), 0);
  EXPECT_EQ(BucketEnd(-300, 300), -300);
  EXPECT_EQ(BucketEnd(-301, 300), -300);
  EXPECT_LE(BucketEnd(INT64_MIN, 300), INT64_MIN + 300);
}

TEST(RollupTest, KeepsWhatAggregatesNeed) {
  const Rollup rollup = RollupOf({{1, 5}, {2, 9}, {3, 2}, {4, 2}, {7, 4}});
  EXPECT_EQ(rollup.count, 5u);
  EXPECT_EQ(rollup.sum, 22);
  EXPECT_EQ(rollup.min, 2);
  EXPECT_EQ(rollup.max, 9);
  EXPECT_EQ(rollup.first, 5);
  EXPECT_EQ(rollup.last, 4);
  EXPECT_EQ(rollup.first_ts, 1);
  EXPECT_EQ(rollup.last_ts, 7);
  EXPECT_EQ(rollup.reset_sum, 9);
  EXPECT_EQ(rollup.increase(), 8);
  EXPECT_EQ(rollup.changes, 3u);
  EXPECT_EQ(rollup.resets, 1u);
  EXPECT_FALSE(rollup.is_stale());
}

TEST(RollupTest, AMarkerEndsASeriesUntilItsNextValue) {
  const Rollup ended = RollupOf({{1, 5}, {2, kStaleNan}});
  EXPECT_TRUE(ended.is_stale());
  EXPECT_EQ(ended.count, 1u);
  EXPECT_EQ(ended.last_ts, 1);
  EXPECT_EQ(ended.stale_ts, 2);
  EXPECT_FALSE(RollupOf({{1, 5}, {2, kStaleNan}, {3, 5}}).is_stale());
  const Rollup markers = RollupOf({{1, kStaleNan}, {2, kStaleNan}});
  EXPECT_EQ(markers.count, 0u);
  EXPECT_TRUE(markers.is_stale());
  EXPECT_EQ(markers.stale_ts, 2);
}

TEST(RollupTest, ANanIsAValueButNoBound) {
  const Rollup rollup = RollupOf({{1, kNan}, {2, 3}, {3, kNan}, {4, kNan}});
  EXPECT_EQ(rollup.count, 4u);
  EXPECT_TRUE(std::isnan(rollup.sum));
  EXPECT_EQ(rollup.min, 3);
  EXPECT_EQ(rollup.max, 3);
  EXPECT_TRUE(std::isnan(rollup.last));
  EXPECT_EQ(rollup.changes, 2u);
  EXPECT_TRUE(std::isnan(RollupOf({{1, kNan}}).min));
}

TEST(RollupTest, LateSamplesAreAdded) {
  const Rollup stored = RollupOf({{10, 1}, {20, 2}, {30, 3}});
  RollupFold fold;
  fold.Add(Rollup::Of({5, 7}));
  fold.Add(stored);
  fold.Add(Rollup::Of({25, -1}));
  fold.Add(Rollup::Of({35, 2}));
  const Rollup total = fold.Total();
  EXPECT_EQ(total.count, 6u);
  EXPECT_EQ(total.sum, 14);
  EXPECT_EQ(total.min, -1);
  EXPECT_EQ(total.max, 7);
  EXPECT_EQ(total.first, 7);
  EXPECT_EQ(total.last, 2);
  EXPECT_EQ(total.reset_sum, 7 + 3);  // nothing is known of the neighbours of the one in between
}

TEST(RollupTest, ASampleThatRepeatsAnEndIsNotCountedAgain) {
  const Rollup stored = RollupOf({{10, 1}, {20, 2}, {30, 3}});
  for (const Sample& again : {Sample{10, 1}, Sample{30, 3}}) {
    RollupFold after;
    after.Add(stored);
    after.Add(Rollup::Of(again));
    EXPECT_EQ(Fields(after.Total()), Fields(stored));
    RollupFold before;
    before.Add(Rollup::Of(again));
    before.Add(stored);
    EXPECT_EQ(Fields(before.Total()), Fields(stored));
  }
  RollupFold other;
  other.Add(stored);
  other.Add(Rollup::Of({30, 4}));
  EXPECT_EQ(other.Total().count, 4u);
  EXPECT_EQ(other.Total().last, 4);
}

// Goal: rollups of rollups are what rollups of the samples would be. Method: random samples whose
// sums are exact, with resets, NaNs and markers, cut into parts at random, and these again.
TEST(RollupTest, RollupsCompose) {
  const uint64_t seed = Seed();
  SCOPED_TRACE(testing::Message() << "LUMA_SEED=" << seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    std::vector<Sample> samples;
    const size_t count = 1 + random() % 30;
    for (size_t i = 0; i < count; ++i) {
      const uint64_t kind = random() % 12;
      double value = static_cast<double>(random() % 64);
      if (kind == 0) value = kStaleNan;
      if (kind == 1) value = kNan;
      samples.push_back({static_cast<UnixMillis>(i * 10 + random() % 10), value});
    }
    RollupFold of_parts;
    for (size_t begin = 0; begin < count;) {
      const size_t end = std::min(count, begin + 1 + random() % 7);
      of_parts.Add(RollupOf({samples.begin() + static_cast<ptrdiff_t>(begin),
                             samples.begin() + static_cast<ptrdiff_t>(end)}));
      begin = end;
    }
    EXPECT_EQ(Fields(of_parts.Total()), Fields(RollupOf(samples))) << "round " << round;
  }
}

}  // namespace
}  // namespace luma
