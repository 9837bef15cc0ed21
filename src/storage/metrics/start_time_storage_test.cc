// Start times in the metrics store: one row for each sample that has one, and none for the others.
#include <gmock/gmock.h>

#include "model/histogram_codec.h"
#include "model/testing/counted_memory.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StartTimeStorageTest : public testing::Test {
 protected:
  StartTimeStorageTest() { Reopen(); }

  void Reopen() {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_);
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  void Flush() { ASSERT_TRUE(instance_->engine->Flush().ok()); }
  MetricsStore& store() { return *instance_->store; }

  struct TestSample {
    UnixMillis time = 0;
    double value = 0;
    UnixMillis start = 0;
  };
  void Write(const std::vector<TestSample>& samples) {
    SeriesBatch batch;
    batch.StartSeries(TestLabels("a"));
    for (const TestSample& sample : samples) {
      batch.AddSample({.timestamp = sample.time, .value = sample.value});
      if (sample.start != 0) batch.SetStartTime(sample.start);
    }
    ASSERT_TRUE(WriteAndWait(store(), batch).ok());
  }
  std::vector<UnixMillis> Read(bool with_start_times = true) {
    ReadLimits limits;
    limits.with_start_times = with_start_times;
    const auto found = store().Select({}, {}, limits);
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() && !found->empty() ? found->front().start_times : std::vector<UnixMillis>();
  }
  uint64_t Rows() { return (*instance_->engine->Read(kStartTimesTableId))->VisibleRowCount(); }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<MetricsInstance> instance_;
};

TEST_F(StartTimeStorageTest, AreThoseOfTheirSamples) {
  Write({{1000, 1, 500}, {2000, 2}, {3000, 3, 500}});
  EXPECT_THAT(Read(), ElementsAre(500, 0, 500));
  EXPECT_THAT(Read(/*with_start_times=*/false), IsEmpty());
  EXPECT_EQ(Rows(), 2u);
  Write({{4000, 4, 3500}});
  Reopen();
  EXPECT_THAT(Read(), ElementsAre(500, 0, 500, 3500));
  Flush();
  Write({{1500, 1, 700}});
  EXPECT_THAT(Read(), ElementsAre(500, 700, 0, 500, 3500));
}

TEST_F(StartTimeStorageTest, SamplesWithoutThemCostNothing) {
  Write({{1000, 1}, {2000, 2}});
  EXPECT_EQ(Rows(), 0u);
  EXPECT_THAT(Read(), IsEmpty());
}

// One sample that has one makes room for all of the series.
TEST_F(StartTimeStorageTest, AreBookedForEverySample) {
  std::vector<TestSample> samples;
  for (UnixMillis time = 1; time <= 1000; ++time) samples.push_back({time, 1});
  samples.back().start = 500;
  Write(samples);
  const auto booked = [&](bool with_start_times) {
    CountedMemory account;
    ReadLimits limits;
    limits.memory = &account;
    limits.with_start_times = with_start_times;
    EXPECT_TRUE(store().Select({}, {}, limits).ok());
    return account.booked;
  };
  EXPECT_GE(booked(true), booked(false) + samples.size() * sizeof(UnixMillis));
}

TEST_F(StartTimeStorageTest, GoWithTheSampleThatIsReplaced) {
  Write({{1000, 1, 500}, {2000, 2, 500}});
  Flush();
  Write({{1000, 9}});
  EXPECT_THAT(Read(), ElementsAre(0, 500));
  Write({{2000, 9, 1500}});
  EXPECT_THAT(Read(), ElementsAre(0, 1500));
  EXPECT_EQ(Rows(), 1u);
  Write({{2000, 9, 1700}});
  EXPECT_THAT(Read(), ElementsAre(0, 1500)) << "the same value again changes nothing";
}

TEST_F(StartTimeStorageTest, GoWithTheSamplesThatAreDeleted) {
  Write({{1000, 1, 500}, {2000, 2, 500}});
  const std::vector<Matchers> all(1);
  EXPECT_EQ(store().DeleteSamples(all, {.min = 0, .max = 1500}).value(), 1u);
  EXPECT_THAT(Read(), ElementsAre(500));
  EXPECT_EQ(Rows(), 1u);
}

TEST_F(StartTimeStorageTest, OfHistogramsAreReadToo) {
  StoredHistogram stored;
  stored.histogram.count = stored.histogram.sum = 1;
  stored.age_ms = 300;
  std::string bytes;
  AppendHistogram(stored, bytes);
  SeriesBatch batch;
  batch.StartSeries(TestLabels("a"));
  batch.AddSample({.timestamp = 1000, .value = 1});
  batch.SetStartTime(400);
  batch.RepeatSeries();
  batch.AddHistogram(2000, bytes);
  ASSERT_TRUE(WriteAndWait(store(), batch).ok());
  EXPECT_THAT(Read(), ElementsAre(400, 1700));
  EXPECT_EQ(Rows(), 1u) << "that of a histogram is part of it";
}

}  // namespace
}  // namespace luma::storage
