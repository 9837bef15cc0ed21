#include "promql/bucket_spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::promql {
namespace {

using testing::ElementsAre;

TEST(BucketSpansTest, FirstSamplesLeaveStartTimesWhereTheyAre) {
  RollupFold fold;
  fold.Add(Rollup::Of({1000, 1}));
  fold.Add(Rollup::Of({3000, 2}));
  SeriesSamples series{.labels = {}, .timestamps = {3000, 5000}, .values = {2, 3}};
  series.rollups.push_back({.point = 0, .rollup = fold.Total()});
  series.start_times = {0, 4000};
  const BucketSpans spans(series.rollups);
  const SeriesSamples all = WithFirstSamples(series, spans);
  EXPECT_THAT(all.timestamps, ElementsAre(1000, 3000, 5000));
  EXPECT_THAT(all.start_times, ElementsAre(0, 0, 4000));
}

}  // namespace
}  // namespace luma::promql
