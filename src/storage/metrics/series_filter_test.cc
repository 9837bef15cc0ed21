#include "storage/metrics/series_filter.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

namespace luma::storage {
namespace {

SeriesBitmap BitmapOf(const std::set<uint32_t>& ids) {
  SeriesBitmap bitmap;
  for (const uint32_t id : ids) bitmap.add(id);
  return bitmap;
}

TEST(SeriesFilterTest, AnEmptyOneHasNoSeries) {
  const SeriesFilter filter{SeriesBitmap()};
  EXPECT_EQ(filter.size(), 0u);
  EXPECT_FALSE(filter.Contains(0));
  EXPECT_EQ(filter.FirstFrom(0), SeriesFilter::kNone);
}

// Goal: numbers, successors and membership are those of the sorted set, across words without any.
TEST(SeriesFilterTest, AnswersAsASortedSetDoes) {
  std::mt19937_64 random(7);
  for (const uint32_t end : {1u, 64u, 65u, 1'000u, 100'000u}) {
    std::set<uint32_t> ids;
    for (int i = 0; i < 200; ++i) ids.insert(static_cast<uint32_t>(random() % end));
    const SeriesFilter filter(BitmapOf(ids));
    ASSERT_EQ(filter.size(), ids.size());
    size_t rank = 0;
    for (const uint32_t id : ids) EXPECT_EQ(filter.Rank(id), rank++) << id;
    for (int i = 0; i < 2'000; ++i) {
      const auto id = static_cast<uint32_t>(random() % (end + 100));
      const auto next = ids.lower_bound(id);
      EXPECT_EQ(filter.FirstFrom(id), next == ids.end() ? SeriesFilter::kNone : *next) << id;
      EXPECT_EQ(filter.Contains(id), ids.contains(id)) << id;
    }
  }
}

}  // namespace
}  // namespace luma::storage
