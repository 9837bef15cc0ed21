#include "storage/metrics/series_filter.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
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

// Goal: numbers, successors and membership are those of the sorted set, across words without any,
// and before the first.
TEST(SeriesFilterTest, AnswersAsASortedSetDoes) {
  std::mt19937_64 random(7);
  for (const uint32_t begin : {0u, 130u, 4'000'000'000u}) {
    for (const uint32_t span : {1u, 64u, 65u, 1'000u, 100'000u}) {
      std::set<uint32_t> ids;
      for (int i = 0; i < 200; ++i) ids.insert(begin + static_cast<uint32_t>(random() % span));
      const SeriesFilter filter(BitmapOf(ids));
      ASSERT_EQ(filter.size(), ids.size());
      size_t rank = 0;
      for (const uint32_t id : ids) EXPECT_EQ(filter.Rank(id), rank++) << id;
      const uint32_t before = std::min(begin, 100u);
      for (int i = 0; i < 2'000; ++i) {
        const auto id = begin - before + static_cast<uint32_t>(random() % (span + 200));
        const auto next = ids.lower_bound(id);
        const bool has_next = next != ids.end();
        EXPECT_EQ(filter.FirstFrom(id), has_next ? *next : SeriesFilter::kNone) << id;
        EXPECT_EQ(filter.Contains(id), ids.contains(id)) << id;
        const auto below = static_cast<size_t>(std::distance(ids.begin(), next));
        EXPECT_EQ(filter.CountBelow(id), below) << id;
        if (has_next) EXPECT_TRUE(filter.MayIntersect(id, *next));
        const uint32_t word_end = (id / 64 + 1) * 64;  // smaller ids of the word may be wanted
        const bool is_far = has_next && *next >= word_end + 64;
        if (is_far) EXPECT_FALSE(filter.MayIntersect(word_end, *next - 64));
      }
    }
  }
}

TEST(SeriesFilterTest, TakesMemoryForTheIdsBetweenItsOwn) {
  EXPECT_EQ(SeriesFilter::BytesFor(SeriesBitmap()), 0u);
  EXPECT_LE(SeriesFilter::BytesFor(BitmapOf({4'000'000'000, 4'000'000'100})), 36u);
}

}  // namespace
}  // namespace luma::storage
