#include "storage/metrics/retired/returning_series.h"

#include <gmock/gmock.h>

#include "storage/metrics/retired/series_partition_builder.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;

// Goal: what was looked at before a write is alone tells no less than a look while it is.
// Method: series move between the two.
class ReturningSeriesTest : public testing::Test {
 protected:
  ReturningSeriesTest()
      : retired_(*RetiredSeries::Open(disk_, "/data/series", engine_->budget(), {})),
        returning_(*engine_, registry_, *retired_) {}

  static std::string Name(uint32_t id) { return "i" + std::to_string(id); }
  // Of ids 1 to `end`.
  static SeriesBatch BatchUntil(uint32_t end) {
    std::vector<TestSeries> all;
    for (uint32_t id = 1; id <= end; ++id) all.push_back({TestLabels(Name(id)), {{kTestNow, 1}}});
    return MakeBatch(all);
  }
  void Register(uint32_t id) {
    const Labels labels = TestLabels(Name(id));
    const SeriesRegistry::Addition addition{
        .id = SeriesId{id}, .labels = labels, .hash = labels.Hash(), .newest = kTestNow};
    ASSERT_TRUE(registry_.Add({&addition, 1}).ok());
  }
  void WritePartition(uint32_t id) {
    SeriesPartitionBuilder builder;
    builder.Add(id, TestLabels(Name(id)));
    const auto written = retired_->Write(builder.Finish({.min = kTestNow, .max = kTestNow}));
    ASSERT_TRUE(written.ok()) << written.status();
    ASSERT_TRUE(retired_->Replace({}, {&*written, 1}).ok());
  }
  std::vector<uint32_t> Find(const SeriesBatch& batch, const std::optional<RetiredLook>& look) {
    const auto found = returning_.Find(batch, look);
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok()) return {};
    return {found->begin(), found->end()};
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<MultiTierStorage> engine_ =
      *MultiTierStorage::Open({.data_dir = "/data", .background_flush = false}, disk_, clock_);
  SeriesRegistry registry_;
  std::unique_ptr<RetiredSeries> retired_;
  ReturningSeries returning_;
};

TEST_F(ReturningSeriesTest, ALookIsNotRepeated) {
  WritePartition(1);
  const SeriesBatch batch = BatchUntil(2);
  const auto look = returning_.Look(batch);
  ASSERT_TRUE(look);
  EXPECT_EQ(look->found, SeriesBitmap::bitmapOf(1, 1));
  // What is damaged now is not read again.
  disk_.FlipBit("/data/series/0000000000000001.series", 14, 1);
  EXPECT_THAT(Find(batch, look), ElementsAre(1));
  EXPECT_FALSE(returning_.Look(batch));
  EXPECT_FALSE(returning_.Find(batch, std::nullopt).ok());
}

TEST_F(ReturningSeriesTest, SeriesThatRetireAfterALookAreFound) {
  WritePartition(1);
  Register(2);
  const SeriesBatch batch = BatchUntil(3);
  const auto look = returning_.Look(batch);
  WritePartition(3);
  WritePartition(2);
  registry_.Remove(SeriesBitmap::bitmapOf(1, 2));
  EXPECT_THAT(Find(batch, look), ElementsAre(1, 2, 3));
}

TEST_F(ReturningSeriesTest, ASeriesThatWasOnItsWayOutOfTheRegistryIsFound) {
  WritePartition(1);
  Register(1);
  const SeriesBatch batch = BatchUntil(1);
  const auto look = returning_.Look(batch);
  EXPECT_TRUE(look->found.isEmpty());
  registry_.Remove(SeriesBitmap::bitmapOf(1, 1));
  EXPECT_THAT(Find(batch, look), ElementsAre(1));
}

TEST_F(ReturningSeriesTest, SeriesThatCameBackAfterALookAreRetiredNoMore) {
  WritePartition(1);
  const SeriesBatch batch = BatchUntil(1);
  const auto look = returning_.Look(batch);
  ASSERT_TRUE(returning_.Return(SeriesBitmap::bitmapOf(1, 1)).ok());
  EXPECT_THAT(Find(batch, look), ElementsAre());
}

}  // namespace
}  // namespace luma::storage
