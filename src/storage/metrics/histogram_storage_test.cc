// Native histograms in the metrics store: beside floats, over flushes and restarts, replaced and
// deleted like them.
#include <gmock/gmock.h>

#include "model/histogram_codec.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

std::string HistogramOf(double count) {
  StoredHistogram stored;
  stored.histogram.count = count;
  stored.histogram.sum = count * 2;
  stored.histogram.positive = {{0, count}};
  std::string bytes;
  AppendHistogram(stored, bytes);
  return bytes;
}

class HistogramStorageTest : public testing::Test {
 protected:
  HistogramStorageTest() { Reopen(); }

  void Reopen() {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_);
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  void Flush() { ASSERT_TRUE(instance_->engine->Flush().ok()); }
  MetricsStore& store() { return *instance_->store; }

  void WriteFloat(std::string_view instance, UnixMillis time, double value) {
    ASSERT_TRUE(WriteAndWait(store(), MakeBatch({{TestLabels(instance), {{time, value}}}})).ok());
  }
  void WriteHistogram(std::string_view instance, UnixMillis time, double count) {
    SeriesBatch batch;
    batch.StartSeries(TestLabels(instance));
    batch.AddHistogram(time, HistogramOf(count));
    const auto summary = WriteAndWait(store(), batch);
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(summary->samples_stored, 1u);
  }

  // Time and count of each histogram of a series, minus the value of each float.
  std::vector<std::pair<UnixMillis, double>> Read(std::string_view instance) {
    const auto found = store().Select(
        {*Matcher::Create("instance", MatchOp::kEqual, std::string(instance))}, {}, {});
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::pair<UnixMillis, double>> samples;
    if (!found.ok() || found->empty()) return samples;
    EXPECT_THAT(*found, SizeIs(1));
    const SeriesSamples& series = found->front();
    EXPECT_TRUE(series.histograms.empty() || series.histograms.size() == series.values.size());
    for (size_t i = 0; i < series.timestamps.size(); ++i) {
      const bool is_histogram = !series.histograms.empty() && series.histograms[i] != nullptr;
      samples.emplace_back(series.timestamps[i],
                           is_histogram ? series.histograms[i]->count : -series.values[i]);
      if (is_histogram) EXPECT_EQ(series.values[i], series.histograms[i]->sum);
    }
    return samples;
  }
  uint64_t Rows(ObjectId table) { return (*instance_->engine->Read(table))->VisibleRowCount(); }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<MetricsInstance> instance_;
};

TEST_F(HistogramStorageTest, AreReadInOrderWithFloatsOfTheirSeries) {
  WriteHistogram("a", 1000, 5);
  WriteFloat("a", 2000, 7);
  WriteHistogram("a", 3000, 6);
  WriteFloat("b", 1000, 1);
  EXPECT_THAT(Read("a"), ElementsAre(Pair(1000, 5), Pair(2000, -7), Pair(3000, 6)));
  EXPECT_THAT(Read("b"), ElementsAre(Pair(1000, -1)));
}

// The float is gone, and its row does not know that it was replaced.
TEST_F(HistogramStorageTest, AtTheTimeOfAFloatThatWasRolledUpAreOneSampleWithIt) {
  const UnixMillis time = kTestNow - 10 * 3'600'000;
  WriteFloat("one", time, 1);
  WriteFloat("two", time - 1, 1);
  WriteFloat("two", time, 2);
  store().SetDownsampling({{.match_text = "",
                            .match = {},
                            .after = std::chrono::hours(1),
                            .resolution = std::chrono::hours(1)}},
                          std::chrono::hours(1));
  ASSERT_TRUE(store().Downsample().ok());
  WriteHistogram("one", time, 4);
  WriteHistogram("two", time, 5);
  EXPECT_THAT(Read("one"), ElementsAre(Pair(time, 4)));
  EXPECT_THAT(Read("two"), ElementsAre(Pair(time, -2)));
}

TEST_F(HistogramStorageTest, SurviveRestartsBeforeAndAfterAFlush) {
  WriteHistogram("a", 1000, 5);
  WriteFloat("a", 2000, 7);
  Reopen();
  EXPECT_THAT(Read("a"), ElementsAre(Pair(1000, 5), Pair(2000, -7)));
  Flush();
  WriteHistogram("a", 500, 4);
  Reopen();
  EXPECT_THAT(Read("a"), ElementsAre(Pair(500, 4), Pair(1000, 5), Pair(2000, -7)));
}

TEST_F(HistogramStorageTest, TheLastWriteOfATimeWinsWhateverItsKind) {
  WriteHistogram("a", 1000, 5);
  WriteHistogram("a", 1000, 6);
  EXPECT_THAT(Read("a"), ElementsAre(Pair(1000, 6)));
  WriteFloat("a", 1000, 7);
  EXPECT_THAT(Read("a"), ElementsAre(Pair(1000, -7)));
  EXPECT_EQ(Rows(kHistogramsTableId), 0u);
  WriteHistogram("a", 1000, 8);
  EXPECT_THAT(Read("a"), ElementsAre(Pair(1000, 8)));
  EXPECT_EQ(Rows(kSamplesTableId), 0u);
}

TEST_F(HistogramStorageTest, TheSameOneAgainChangesNothing) {
  WriteHistogram("a", 1000, 5);
  WriteHistogram("a", 2000, 6);
  WriteHistogram("a", 1000, 5);
  EXPECT_EQ(store().Stats().writes.samples_duplicate, 1u);
  EXPECT_EQ(Rows(kHistogramsTableId), 2u);
}

TEST_F(HistogramStorageTest, AreNewerThanFloatsAfterARestartToo) {
  WriteFloat("a", 1000, 1);
  WriteHistogram("a", 2000, 5);
  Flush();
  Reopen();
  WriteFloat("a", 2000, 3);  // replaces the histogram, which only a look-up can find
  EXPECT_THAT(Read("a"), ElementsAre(Pair(1000, -1), Pair(2000, -3)));
}

TEST_F(HistogramStorageTest, AreDeletedByTimeAndKeepTheirSeriesUntilThen) {
  WriteHistogram("a", 1000, 5);
  WriteHistogram("a", 2000, 6);
  WriteFloat("b", 1000, 1);
  Flush();
  const std::vector<Matchers> all(1);
  ASSERT_TRUE(store().DeleteSamples(all, {.min = 0, .max = 1000}).ok());
  EXPECT_THAT(Read("a"), ElementsAre(Pair(2000, 6)));
  ASSERT_TRUE(store().CleanTombstones().ok());  // merges the run without the row
  EXPECT_THAT(Read("a"), ElementsAre(Pair(2000, 6)));
  EXPECT_THAT(Read("b"), IsEmpty());
  EXPECT_EQ(Rows(kSeriesTableId), 1u);
  ASSERT_TRUE(store().DeleteSamples(all, {}).ok());
  EXPECT_EQ(Rows(kSeriesTableId), 0u);
}

TEST_F(HistogramStorageTest, SeriesOfARangeAreThoseWithHistogramsInIt) {
  WriteHistogram("a", 1000, 5);
  WriteFloat("b", 2000, 1);
  const auto names = store().LabelValues("instance", {}, {.min = 0, .max = 1500}, {});
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(*names, ElementsAre("a"));
}

class LimitedMemory final : public ResultMemory {
 public:
  explicit LimitedMemory(uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  Status Book(uint64_t bytes) override {
    if (bytes > limit_bytes_ - booked_) return Status::OutOfMemory("no memory");
    booked_ += bytes;
    return Status::Ok();
  }
  uint64_t booked() const { return booked_; }

 private:
  const uint64_t limit_bytes_;
  uint64_t booked_ = 0;
};

TEST_F(HistogramStorageTest, ReadingThemIsBookedAndRefused) {
  StoredHistogram large;
  for (int32_t i = 0; i < 1000; ++i) large.histogram.positive.push_back({i, 1});
  large.histogram.count = 1000;
  std::string bytes;
  AppendHistogram(large, bytes);
  SeriesBatch batch;
  batch.StartSeries(TestLabels("a"));
  for (UnixMillis time = 1; time <= 50; ++time) batch.AddHistogram(time, bytes);
  ASSERT_TRUE(WriteAndWait(store(), batch).ok());

  LimitedMemory enough(UINT64_MAX);
  const auto read = store().Select({}, {}, {.memory = &enough});
  ASSERT_TRUE(read.ok()) << read.status();
  uint64_t taken = 0;
  for (const HistogramPtr& histogram : read->front().histograms)
    taken += HistogramBytes(*histogram);
  EXPECT_GE(enough.booked(), taken);
  EXPECT_LE(enough.booked(), taken + taken / 4)
      << "what decoding needs is booked once, not 50 times";
  LimitedMemory little(taken - 1);
  EXPECT_EQ(store().Select({}, {}, {.memory = &little}).status().code(), StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace luma::storage
