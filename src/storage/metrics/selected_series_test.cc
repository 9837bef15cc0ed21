// Parts of a selection: together they are the selection, however it is cut.
#include "storage/metrics/selected_series.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <random>
#include <thread>
#include <tuple>

#include "model/histogram_codec.h"
#include "model/testing/counted_memory.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

constexpr UnixMillis kMinute = 60'000;
constexpr UnixMillis kHour = 60 * kMinute;

std::string HistogramOf(double count) {
  StoredHistogram stored;
  stored.histogram.count = count;
  stored.histogram.sum = 2 * count;
  stored.histogram.positive = {{0, count}};
  std::string bytes;
  AppendHistogram(stored, bytes);
  return bytes;
}

// Everything of a series, values as bits.
using SeriesText = std::tuple<std::string, std::vector<UnixMillis>, std::vector<uint64_t>,
                              std::vector<double>, std::vector<size_t>, std::vector<UnixMillis>>;

SeriesText TextOf(const SeriesSamples& series) {
  std::vector<uint64_t> bits;
  for (const double value : series.values) bits.push_back(std::bit_cast<uint64_t>(value));
  std::vector<double> counts;
  for (const HistogramPtr& histogram : series.histograms) {
    counts.push_back(histogram == nullptr ? -1 : histogram->count);
  }
  std::vector<size_t> points;
  for (const RollupPoint& point : series.rollups) points.push_back(point.point);
  return {
      series.labels.view().ToString(), series.timestamps, bits, counts, points, series.start_times};
}

SelectionCut CutBy(uint64_t part_rows) { return {.part_rows = part_rows, .parts_per_block = 1000}; }

class SelectedSeriesTest : public testing::Test {
 protected:
  SelectedSeriesTest() : instance_(disk_, clock_) {
    EXPECT_TRUE(instance_.status.ok()) << instance_.status;
  }
  MetricsStore& store() { return *instance_.store; }
  SeriesBitmap AllIds() const { return *series_.Select({}); }

  // Samples of some series after the other: many or few, late ones among them, with histograms and
  // start times; some are flushed and merged, some rolled up, the youngest are in memory.
  void WriteEverything(uint64_t seed) {
    std::mt19937_64 random(seed);
    for (int round = 0; round < 6; ++round) {
      for (int series = 0; series < 23; ++series) WriteSome(random, round, series);
      if (round < 4) {
        ASSERT_TRUE(instance_.engine->Flush().ok());
      }
      if (round == 1) RollUp();
    }
  }

  MetricsTables Tables() const { return *ReadMetricsTables(*instance_.engine, {}); }

  Result<std::vector<SeriesText>> Parts(SelectionCut cut, TimeRange range, size_t* count) {
    ReadLimits limits;
    limits.with_start_times = true;
    SelectedSeries selected(*instance_.engine, series_, AllIds(), range, limits);
    LUMA_RETURN_IF_ERROR(selected.Prepare(Tables(), cut));
    *count = selected.count();
    std::vector<SeriesText> all;
    for (size_t part = 0; part < selected.count(); ++part) {
      LUMA_ASSIGN_OR_RETURN(const std::vector<SeriesSamples> found, selected.Read(part, nullptr));
      EXPECT_TRUE(std::ranges::is_sorted(found, [](const auto& a, const auto& b) {
        return CompareLabels(a.labels, b.labels) < 0;
      }));
      for (const SeriesSamples& series : found) all.push_back(TextOf(series));
    }
    std::ranges::sort(all);
    return all;
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  MetricsInstance instance_;
  const SnapshotSeries series_{*instance_.engine, instance_.store->directory()};

 private:
  void WriteSome(std::mt19937_64& random, int round, int series) {
    if (random() % 4 == 0) return;
    SeriesBatch batch;
    batch.StartSeries(TestLabels(std::to_string(series * 7919 % 23)));
    const UnixMillis start = kTestNow - 20 * kHour + round * 3 * kHour;
    const int count = series % 5 == 0 ? 120 : 1 + static_cast<int>(random() % 20);
    std::vector<UnixMillis> times_of_histograms;
    for (int i = 0; i < count; ++i) {
      const bool is_late = random() % 16 == 0;
      const UnixMillis time = start + i * kMinute - (is_late ? 4 * kHour : 0);
      if (series % 6 == 1 && random() % 2 == 0) {
        times_of_histograms.push_back(time);
        continue;
      }
      batch.AddSample({.timestamp = time, .value = static_cast<double>(random() % 1000)});
      if (random() % 3 == 0) batch.SetStartTime(time - 1);
    }
    batch.RepeatSeries();
    for (const UnixMillis time : times_of_histograms) {
      batch.AddHistogram(time, HistogramOf(static_cast<double>(random() % 50)));
    }
    ASSERT_TRUE(WriteAndWait(store(), batch).ok());
  }
  void RollUp() {
    store().SetDownsampling({{.match_text = "",
                              .match = {},
                              .after = std::chrono::hours(12),
                              .resolution = std::chrono::minutes(10)}},
                            std::chrono::minutes(10));
    ASSERT_TRUE(store().Downsample().ok());
    ASSERT_GT(store().rolled_up().samples_in, 0u);
  }
};

TEST_F(SelectedSeriesTest, PartsAreTogetherTheSelection) {
  for (const uint64_t seed : {1, 2, 3}) {
    SCOPED_TRACE(seed);
    WriteEverything(seed);
    for (const TimeRange range :
         {TimeRange{}, TimeRange{kTestNow - 12 * kHour, kTestNow - 8 * kHour},
          TimeRange{kTestNow - 5 * kHour, kTestNow}}) {
      size_t count = 0;
      const auto whole = Parts(SelectedSeries::kOnePart, range, &count);
      ASSERT_TRUE(whole.ok()) << whole.status();
      EXPECT_EQ(count, 1u);
      EXPECT_THAT(*whole, testing::Not(testing::IsEmpty()));
      for (const uint64_t part_rows : {1, 40, 200}) {
        const auto parts = Parts(CutBy(part_rows), range, &count);
        ASSERT_TRUE(parts.ok()) << parts.status();
        EXPECT_TRUE(count > 1 || part_rows > 1) << count;
        EXPECT_EQ(*parts, *whole) << "rows of a part: " << part_rows;
      }
    }
  }
}

TEST_F(SelectedSeriesTest, PartsMayBeReadAtOnce) {
  WriteEverything(4);
  size_t count = 0;
  const auto whole = Parts(SelectedSeries::kOnePart, {}, &count);
  ASSERT_TRUE(whole.ok());
  ReadLimits limits;
  limits.with_start_times = true;
  SelectedSeries selected(*instance_.engine, series_, AllIds(), {}, limits);
  ASSERT_TRUE(selected.Prepare(Tables(), CutBy(20)).ok());
  std::vector<std::vector<SeriesSamples>> found(selected.count());
  std::vector<std::thread> threads;
  for (size_t part = 0; part < selected.count(); ++part) {
    threads.emplace_back([&, part] { found[part] = *selected.Read(part, nullptr); });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<SeriesText> all;
  for (const auto& part : found) {
    for (const SeriesSamples& series : part) all.push_back(TextOf(series));
  }
  std::ranges::sort(all);
  EXPECT_EQ(all, *whole);
}

TEST_F(SelectedSeriesTest, TheLimitOfSamplesHoldsForAllParts) {
  WriteEverything(5);
  ASSERT_TRUE(instance_.engine->Flush().ok());  // or the youngest rows would be read before parts
  SelectedSeries whole(*instance_.engine, series_, AllIds(), {}, {});
  ASSERT_TRUE(whole.Prepare(Tables(), CutBy(20)).ok());
  uint64_t all = 0;
  uint64_t largest = 0;
  for (size_t part = 0; part < whole.count(); ++part) {
    uint64_t rows = 0;
    for (const SeriesSamples& series : *whole.Read(part, nullptr)) rows += series.timestamps.size();
    all += rows;
    largest = std::max(largest, rows);
  }
  ReadLimits limits;
  limits.samples_max = (largest + all) / 2;
  SelectedSeries limited(*instance_.engine, series_, AllIds(), {}, limits);
  ASSERT_TRUE(limited.Prepare(Tables(), CutBy(20)).ok());
  size_t read = 0;
  Status status;
  while (status.ok() && read < limited.count()) status = limited.Read(read++, nullptr).status();
  EXPECT_EQ(status.code(), StatusCode::kTooLarge) << status;
  EXPECT_GT(read, 1u);
}

// Else every block of many small runs would be read for every part.
TEST_F(SelectedSeriesTest, AreNotCutFinerThanBlocks) {
  WriteEverything(8);
  size_t once = 0;
  size_t thrice = 0;
  ASSERT_TRUE(Parts({.part_rows = 1, .parts_per_block = 1}, {}, &once).ok());
  ASSERT_TRUE(Parts({.part_rows = 1, .parts_per_block = 3}, {}, &thrice).ok());
  EXPECT_LT(once, 7u) << "the largest run has few blocks";
  EXPECT_EQ(thrice, 3 * once);
}

TEST_F(SelectedSeriesTest, NothingSelectedHasNoParts) {
  WriteEverything(9);
  const auto parts = store().SelectParts({*Matcher::Create("instance", MatchOp::kEqual, "nobody")},
                                         {}, ReadLimits());
  ASSERT_TRUE(parts.ok()) << parts.status();
  EXPECT_EQ((*parts)->count(), 0u);
}

// Memory is asked for where the caller says, part by part.
TEST_F(SelectedSeriesTest, PartsAreBookedWhereTheyAreRead) {
  WriteEverything(6);
  CountedMemory whole;
  CountedMemory shared;
  ReadLimits limits;
  limits.memory = &whole;
  SelectedSeries one(*instance_.engine, series_, AllIds(), {}, limits);
  ASSERT_TRUE(one.Prepare(Tables(), SelectedSeries::kOnePart).ok());
  ASSERT_TRUE(one.Read(0, nullptr).ok());
  limits.memory = &shared;
  SelectedSeries parts(*instance_.engine, series_, AllIds(), {}, limits);
  ASSERT_TRUE(parts.Prepare(Tables(), CutBy(40)).ok());
  uint64_t largest = 0;
  for (size_t part = 0; part < parts.count(); ++part) {
    CountedMemory account;
    ASSERT_TRUE(parts.Read(part, &account).ok());
    largest = std::max(largest, account.booked);
  }
  EXPECT_GT(largest, 0u);
  EXPECT_LT(largest + shared.booked, whole.booked);
}

TEST_F(SelectedSeriesTest, ReadErrorsOfPartsAreTold) {
  WriteEverything(7);
  ReadLimits limits;
  limits.deadline = std::chrono::steady_clock::now() + std::chrono::hours(1);
  SelectedSeries selected(*instance_.engine, series_, AllIds(), {}, limits);
  ASSERT_TRUE(selected.Prepare(Tables(), CutBy(20)).ok());
  class Nothing final : public ResultMemory {
   public:
    Status Book(uint64_t) override { return Status::OutOfMemory("nothing left"); }
  };
  Nothing nothing;
  EXPECT_EQ(selected.Read(0, &nothing).status().code(), StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace luma::storage
