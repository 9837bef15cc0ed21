#include "prom/wire_histogram.h"

#include <gtest/gtest.h>

#include "model/histogram_codec.h"

namespace luma::prom {
namespace {

// Sixteen buckets with one observation each.
WireHistogram SixteenBuckets(int32_t schema) {
  WireHistogram histogram;
  histogram.count_int = 16;
  histogram.sum = 16;
  histogram.schema = schema;
  histogram.positive.spans = {{.offset = 1, .length = 16}};
  histogram.positive.deltas.assign(16, 0);
  histogram.positive.deltas[0] = 1;
  return histogram;
}

FloatHistogram StoredWith(const WireHistogram& wire, const HistogramLimits& limits) {
  std::string bytes;
  const Status status = AppendWireHistogram(wire, bytes, limits);
  EXPECT_TRUE(status.ok()) << status;
  return DecodeHistogram(bytes).value().histogram;
}

TEST(WireHistogramTest, BucketsAreMergedUntilThereAreFewEnough) {
  const FloatHistogram stored = StoredWith(SixteenBuckets(3), {.buckets_max = 4});
  EXPECT_EQ(stored.schema, 1);
  ASSERT_EQ(stored.positive.size(), 4u);
  for (const auto& bucket : stored.positive) EXPECT_EQ(bucket.count, 4);
  EXPECT_EQ(StoredWith(SixteenBuckets(3), {.buckets_max = 16}).schema, 3);
}

TEST(WireHistogramTest, SchemasAreNoFinerThanTheLimit) {
  EXPECT_EQ(StoredWith(SixteenBuckets(3), {.schema_max = 2}).positive.size(), 8u);
  EXPECT_EQ(StoredWith(SixteenBuckets(1), {.schema_max = 2}).schema, 1);
}

TEST(WireHistogramTest, TooManyBucketsOfFixedBoundsAreRefused) {
  WireHistogram custom = SixteenBuckets(kCustomBoundsSchema);
  for (int i = 0; i < 20; ++i) custom.custom_values.push_back(i);
  std::string bytes;
  EXPECT_EQ(AppendWireHistogram(custom, bytes, {.buckets_max = 4}).code(), StatusCode::kTooLarge);
  EXPECT_EQ(bytes, "");
}

}  // namespace
}  // namespace luma::prom
