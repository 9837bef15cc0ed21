// Goal: a read of a narrow range of old time touches the segments of its day and of them only the
// blocks that overlap it, although merges have put most samples into large segments.
// Method: three days of samples, flushed and merged as they come; reads of the disk are counted.
#include "storage/compaction/compaction_policy.h"
#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kMinute = 60'000;
constexpr UnixMillis kDay = 1440 * kMinute;
constexpr UnixMillis kFirstMidnight = kTestNow / kDay * kDay - 3 * kDay;
constexpr int kSeries = 100;
constexpr int kFlushesPerDay = 8;

// The bounds of a block's timestamps.
TimeRange RangeOf(const RunView& run, uint32_t block) {
  const ZoneMap* const zone = run.Zone(kTimestampColumn, block);
  return {.min = zone->min.As<UnixMillis>(), .max = zone->max.As<UnixMillis>()};
}

class TimePruningTest : public testing::Test {
 protected:
  void Open() {
    store_.reset();
    engine_.reset();
    auto engine = StorageEngine::Open(TestEngineOptions(), disk_, clock_);
    LUMA_ASSERT_OK(engine);
    engine_ = std::move(engine).value();
    auto store = MetricsStore::Open(*engine_);
    LUMA_ASSERT_OK(store);
    store_ = std::move(store).value();
  }
  void WriteFlushAndMerge(UnixMillis from, UnixMillis to) {
    std::vector<TestSeries> all;
    for (int series = 0; series < kSeries; ++series) {
      TestSeries& one = all.emplace_back(TestLabels(std::to_string(series)), std::vector<Sample>());
      for (UnixMillis now = from; now < to; now += kMinute) {
        one.samples.push_back({now, static_cast<double>(now % 977)});
      }
    }
    LUMA_ASSERT_OK(WriteAndWait(*store_, MakeBatch(all)));
    LUMA_ASSERT_OK(engine_->Flush());
    LUMA_ASSERT_OK(
        engine_->Compact({.inputs_min = 4, .largest_share_max = 0.4, .free_bytes_min = 0}));
  }
  size_t SamplesIn(TimeRange range) {
    const auto selected = store_->Select({}, range, {});
    EXPECT_TRUE(selected.ok()) << selected.status();
    size_t samples = 0;
    for (const SeriesSamples& series : *selected) samples += series.timestamps.size();
    return samples;
  }

  io::SimDisk disk_{{.reads_are_steps = true}};
  ManualClock clock_{kTestNow};
  std::unique_ptr<StorageEngine> engine_;
  std::unique_ptr<MetricsStore> store_;
};

TEST_F(TimePruningTest, OldRangesReadTheirOwnBlocksOnly) {
  Open();
  for (int flush = 0; flush < 3 * kFlushesPerDay; ++flush) {
    const UnixMillis from = kFirstMidnight + flush * kDay / kFlushesPerDay;
    WriteFlushAndMerge(from, from + kDay / kFlushesPerDay);
  }
  const TableSnapshotPtr samples = *engine_->Read(kSamplesTableId);
  EXPECT_LE(samples->runs().size(), 2 + 3) << "of 24 flushes";

  const TimeRange hour{.min = kFirstMidnight + 120 * kMinute,
                       .max = kFirstMidnight + 180 * kMinute - 1};
  uint64_t blocks = 0;
  uint64_t blocks_of_hour = 0;
  for (const auto& run : samples->runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      const TimeRange range = RangeOf(*run, block);
      EXPECT_EQ(range.min / kDay, range.max / kDay) << "days stay separate";
      ++blocks;
      if (range.min <= hour.max && range.max >= hour.min) ++blocks_of_hour;
    }
  }
  EXPECT_LE(blocks_of_hour, blocks / 3) << "one day of three";

  Open();  // nothing is cached
  const uint64_t before = disk_.steps();
  EXPECT_EQ(SamplesIn(hour), kSeries * 60);
  EXPECT_LE(disk_.steps() - before, 3 * blocks_of_hour) << "one read per block and column";
  EXPECT_EQ(SamplesIn({}), size_t{3} * kSeries * 1440);
  EXPECT_GE(disk_.steps() - before, 3 * blocks);
}

// One late sample does not make its whole segment overlap the past.
TEST_F(TimePruningTest, ALateSampleWidensOneBlock) {
  Open();
  for (int flush = 0; flush < 4; ++flush) {
    const UnixMillis from = kFirstMidnight + 2 * kDay + flush * kDay / kFlushesPerDay;
    if (flush == 2) {
      const TestSeries late{TestLabels("50"), {{kFirstMidnight, 1.0}}};
      LUMA_ASSERT_OK(WriteAndWait(*store_, MakeBatch({late})));
    }
    WriteFlushAndMerge(from, from + kDay / kFlushesPerDay);
  }
  const TableSnapshotPtr samples = *engine_->Read(kSamplesTableId);
  ASSERT_EQ(samples->runs().size(), 1);
  EXPECT_GE(samples->runs()[0]->block_count(), 4);
  Open();
  const uint64_t before = disk_.steps();
  EXPECT_EQ(SamplesIn({.min = kFirstMidnight, .max = kFirstMidnight + kDay}), 1);
  EXPECT_LE(disk_.steps() - before, 3) << "a read per column";
}

}  // namespace
}  // namespace luma::storage
