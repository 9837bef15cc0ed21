#include "storage/metrics/metrics_store.h"

#include <gmock/gmock.h>

#include <array>
#include <atomic>
#include <random>
#include <thread>

#include "encoding/testing/test_seed.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class MetricsStoreTest : public testing::Test {
 protected:
  MetricsStoreTest() { Reopen(); }

  void Reopen() {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_, options_);
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  void Flush() {
    const Status flushed = instance_->engine->Flush();
    ASSERT_TRUE(flushed.ok()) << flushed;
  }

  MetricsStore& store() { return *instance_->store; }
  MetricsWriterStats writes() { return store().Stats().writes; }

  WriteSummary Write(const std::vector<TestSeries>& series) {
    auto summary = WriteAndWait(store(), MakeBatch(series));
    EXPECT_TRUE(summary.ok()) << summary.status();
    return *summary;
  }
  void WriteOne(std::string_view instance, UnixMillis timestamp, double value) {
    Write({{TestLabels(instance), {{timestamp, value}}}});
  }
  std::vector<SeriesSamples> Select(const Matchers& matchers, TimeRange range = {}) {
    auto result = store().Select(matchers, range, {});
    EXPECT_TRUE(result.ok()) << result.status();
    return *result;
  }
  // Timestamps and values of the one series with this instance.
  std::vector<std::pair<UnixMillis, double>> SamplesOf(std::string_view instance) {
    const auto result =
        Select({*Matcher::Create("instance", MatchOp::kEqual, std::string(instance))});
    std::vector<std::pair<UnixMillis, double>> samples;
    if (result.empty()) return samples;
    EXPECT_THAT(result, SizeIs(1));
    for (size_t i = 0; i < result[0].timestamps.size(); ++i) {
      samples.emplace_back(result[0].timestamps[i], result[0].values[i]);
    }
    return samples;
  }
  uint64_t RowCount() { return (*instance_->engine->Read(kSamplesTableId))->VisibleRowCount(); }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  MetricsOptions options_;
  std::unique_ptr<MetricsInstance> instance_;
};

// ---- writing and reading back

TEST_F(MetricsStoreTest, SamplesComeBackOrderedWithTheirLabels) {
  const WriteSummary summary = Write(
      {{TestLabels("b"), {{kTestNow, 1}, {kTestNow + 1, 2}}}, {TestLabels("a"), {{kTestNow, 3}}}});
  EXPECT_EQ(summary.samples_stored, 3u);
  EXPECT_EQ(summary.samples_refused, 0u);
  const auto result = Select({});
  ASSERT_THAT(result, SizeIs(2));
  EXPECT_EQ(result[0].labels.Get("instance"), "a");
  EXPECT_EQ(result[1].labels, TestLabels("b"));
  EXPECT_THAT(result[1].timestamps, ElementsAre(kTestNow, kTestNow + 1));
  EXPECT_THAT(result[1].values, ElementsAre(1, 2));
}

TEST_F(MetricsStoreTest, ASeriesCanBeToldByItsId) {
  WriteOne("a", kTestNow, 1);
  const std::array hashes = {TestLabels("a").Hash(), TestLabels("b").Hash()};
  std::array<SeriesId, 2> ids;
  store().FindSeries(hashes, ids);
  ASSERT_NE(ids[0], kUnknownSeries);
  EXPECT_EQ(ids[1], kUnknownSeries);

  SeriesBatch newer;
  newer.StartSeries(ids[0]);
  newer.AddSample({kTestNow + 2, 2});
  EXPECT_TRUE(WriteAndWait(store(), newer).ok());
  // Late, and beside a new series: written with care. Too far ahead: refused with its labels.
  SeriesBatch late;
  late.StartSeries(ids[0]);
  late.AddSample({kTestNow + 1, 3});
  late.AddSample({kTestNow + std::chrono::milliseconds(std::chrono::hours(25)).count(), 4});
  late.StartSeries(TestLabels("b"));
  late.AddSample({kTestNow, 5});
  const auto summary = WriteAndWait(store(), late);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->samples_stored, 2u);
  EXPECT_THAT(summary->first_refusal, testing::HasSubstr("m{instance=\"a\"}"));
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow, 1), std::pair(kTestNow + 1, 3),
                                          std::pair(kTestNow + 2, 2)));
  EXPECT_THAT(SamplesOf("b"), ElementsAre(std::pair(kTestNow, 5)));
}

TEST_F(MetricsStoreTest, EverythingSurvivesFlushAndRestart) {
  WriteOne("a", kTestNow, 1);
  Flush();
  WriteOne("a", kTestNow + 1, 2);
  WriteOne("b", kTestNow, 3);
  Reopen();
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow, 1), std::pair(kTestNow + 1, 2)));
  WriteOne("b", kTestNow + 2, 4);
  WriteOne("c", kTestNow + 2, 5);
  Flush();
  Reopen();
  EXPECT_THAT(SamplesOf("b"), ElementsAre(std::pair(kTestNow, 3), std::pair(kTestNow + 2, 4)));
  EXPECT_THAT(SamplesOf("c"), ElementsAre(std::pair(kTestNow + 2, 5)));
  EXPECT_EQ(store().registry().series_count(), 3u);
  EXPECT_THAT(instance_->StoredSamples(), SizeIs(5));
}

TEST_F(MetricsStoreTest, BitsOfNansSurviveEveryTier) {
  const double other_nan = std::bit_cast<double>(uint64_t{0xfff8dead00000001});
  const auto bits = [&] {
    std::vector<uint64_t> found;
    for (const auto& [timestamp, value] : SamplesOf("a")) {
      found.push_back(std::bit_cast<uint64_t>(value));
    }
    return found;
  };
  Write({{TestLabels("a"),
          {{kTestNow, kStaleNan}, {kTestNow + 1, other_nan}, {kTestNow + 2, -0.0}}}});
  const auto expected = ElementsAre(kStaleNanBits, 0xfff8dead00000001, 0x8000000000000000);
  EXPECT_THAT(bits(), expected);
  Reopen();
  EXPECT_THAT(bits(), expected);
  Flush();
  Reopen();
  EXPECT_THAT(bits(), expected);
}

TEST_F(MetricsStoreTest, EmptyBatchIsAcknowledged) {
  EXPECT_EQ(Write({}).samples_stored, 0u);
  EXPECT_EQ(Write({{TestLabels("a"), {}}}).samples_stored, 0u);
  EXPECT_EQ(store().registry().series_count(), 0u);
}

// ---- one row for each series and timestamp

TEST_F(MetricsStoreTest, RepeatedRequestStoresNothingTwice) {
  const std::vector<TestSeries> request = {{TestLabels("a"), {{kTestNow, 1}, {kTestNow + 1, 2}}},
                                           {TestLabels("b"), {{kTestNow, 3}}}};
  Write(request);
  EXPECT_EQ(Write(request).samples_stored, 3u);
  EXPECT_EQ(RowCount(), 3u);
  Flush();
  Write(request);
  Reopen();
  Write(request);
  EXPECT_EQ(RowCount(), 3u);
  EXPECT_EQ(writes().samples_duplicate, 3u);
}

TEST_F(MetricsStoreTest, LastValueOfATimestampWins) {
  WriteOne("a", kTestNow, 1);
  WriteOne("a", kTestNow, 2);
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow, 2)));
  Flush();
  WriteOne("a", kTestNow, 3);
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow, 3)));
  Reopen();
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow, 3)));
  EXPECT_EQ(RowCount(), 1u);
}

TEST_F(MetricsStoreTest, StaleMarkerAndOrdinaryNanAreDifferentValues) {
  WriteOne("a", kTestNow, std::bit_cast<double>(uint64_t{0x7ff8000000000001}));
  WriteOne("a", kTestNow, kStaleNan);
  EXPECT_TRUE(IsStaleNan(SamplesOf("a")[0].second));
  EXPECT_EQ(writes().samples_replaced, 1u);
}

TEST_F(MetricsStoreTest, LastOfEqualTimestampsInOneRequestWins) {
  Write({{TestLabels("a"), {{kTestNow + 5, 1}, {kTestNow, 2}, {kTestNow, 3}}},
         {TestLabels("a"), {{kTestNow + 5, 4}}}});
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow, 3), std::pair(kTestNow + 5, 4)));
  // The same again, now that the series is known.
  Write({{TestLabels("a"), {{kTestNow + 9, 1}, {kTestNow + 8, 2}, {kTestNow + 9, 3}}}});
  EXPECT_EQ(SamplesOf("a").back(), std::pair(kTestNow + 9, 3.0));
  EXPECT_EQ(RowCount(), 4u);
}

TEST_F(MetricsStoreTest, LateSamplesAreOrdinaryOnes) {
  WriteOne("a", kTestNow, 3);
  Flush();
  WriteOne("a", kTestNow - 10, 1);
  WriteOne("a", kTestNow - 5, 2);
  Flush();
  WriteOne("a", kTestNow - 20, 0);
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow - 20, 0), std::pair(kTestNow - 10, 1),
                                          std::pair(kTestNow - 5, 2), std::pair(kTestNow, 3)));
}

TEST_F(MetricsStoreTest, ConcurrentRetriesOfOneRequestStoreItOnce) {
  std::vector<TestSeries> request;
  for (int i = 0; i < 50; ++i) {
    request.push_back({TestLabels(std::to_string(i)), {{kTestNow, 1}, {kTestNow + 1, 2}}});
  }
  for (int round = 0; round < 5; ++round) {
    for (TestSeries& series : request) {
      for (Sample& sample : series.samples) sample.timestamp += 10;
    }
    std::vector<std::thread> senders;
    for (int t = 0; t < 6; ++t) senders.emplace_back([&] { Write(request); });
    for (std::thread& sender : senders) sender.join();
  }
  EXPECT_THAT(instance_->StoredSamples(), SizeIs(500));
}

TEST_F(MetricsStoreTest, ConcurrentSendersOfOneSeriesLoseNothing) {
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) WriteOne("shared", kTestNow + i * 4 + t, i * 4 + t);
    });
  }
  for (std::thread& sender : senders) sender.join();
  const auto samples = SamplesOf("shared");
  ASSERT_THAT(samples, SizeIs(400));
  for (int i = 0; i < 400; ++i) EXPECT_EQ(samples[i], std::pair(kTestNow + i, double(i)));
}

// Goal: whatever is written in whatever order, the tables hold the last value of each timestamp.
// Method: random requests with repeats, late samples and new series, with flushes and restarts
// between them, against a map.
TEST_F(MetricsStoreTest, RandomWritesEqualAMap) {
  const uint64_t seed = encoding::testing::TestSeed();
  SCOPED_TRACE(testing::Message() << "LUMA_SEED=" << seed);
  std::mt19937_64 random(seed);
  SampleMap expected;
  for (int step = 0; step < 400; ++step) {
    std::vector<TestSeries> request(1 + random() % 4);
    for (TestSeries& series : request) {
      series.labels = TestLabels(std::to_string(random() % (1 + step / 20)));
      for (uint64_t count = random() % 4; count > 0; --count) {
        const UnixMillis timestamp = kTestNow + step + static_cast<int64_t>(random() % 8) - 4;
        series.samples.push_back({timestamp, static_cast<double>(random() % 3)});
        expected[{series.labels.ToString(), timestamp}] =
            std::bit_cast<uint64_t>(series.samples.back().value);
      }
    }
    Write(request);
    if (random() % 40 == 0) Flush();
    if (random() % 40 == 0) Reopen();
  }
  EXPECT_EQ(instance_->StoredSamples(), expected);
}

// ---- which writes have to be alone

TEST_F(MetricsStoreTest, OnlyNewSeriesAndLateSamplesAreQueued) {
  WriteOne("a", kTestNow, 1);
  EXPECT_EQ(writes().queued_writes, 1u);
  for (int i = 1; i <= 10; ++i) WriteOne("a", kTestNow + i, 1);
  EXPECT_EQ(writes().queued_writes, 1u);
  WriteOne("a", kTestNow + 10, 1);
  EXPECT_EQ(writes().queued_writes, 2u);
}

TEST_F(MetricsStoreTest, SampleFarAheadSlowsTheOthersDownOnlyOnceAfterARestart) {
  WriteOne("ahead", kTestNow + 3'600'000, 1);
  WriteOne("a", kTestNow, 1);
  Reopen();
  for (int i = 1; i <= 10; ++i) WriteOne("a", kTestNow + i, 1);
  EXPECT_EQ(writes().queued_writes, 1u);
  EXPECT_THAT(SamplesOf("a"), SizeIs(11));
}

TEST_F(MetricsStoreTest, LateSampleAfterARestartDoesNotHideNewerStoredOnes) {
  WriteOne("ahead", kTestNow + 3'600'000, 1);
  Write({{TestLabels("a"), {{kTestNow, 1}, {kTestNow + 5, 2}}}});
  Reopen();
  WriteOne("a", kTestNow - 1, 0);  // the first look-up of the series
  WriteOne("a", kTestNow + 5, 2);
  WriteOne("a", kTestNow, 7);
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(kTestNow - 1, 0), std::pair(kTestNow, 7),
                                          std::pair(kTestNow + 5, 2)));
  EXPECT_EQ(RowCount(), 4u);
}

// ---- refusals and limits

TEST_F(MetricsStoreTest, SamplesTooFarAheadAreRefusedOneByOne) {
  const UnixMillis limit = kTestNow + 24 * 3'600'000;
  const WriteSummary summary =
      Write({{TestLabels("a"), {{limit, 1}, {limit + 1, 2}}}, {TestLabels("b"), {{limit + 2, 3}}}});
  EXPECT_EQ(summary.samples_stored, 1u);
  EXPECT_EQ(summary.samples_refused, 2u);
  EXPECT_EQ(summary.first_refusal,
            "sample is too far in the future: series=m{instance=\"a\"} timestamp=1700086400001");
  EXPECT_EQ(store().registry().series_count(), 1u);
  // Refused on the path of known series, too, and not remembered as the newest.
  EXPECT_EQ(Write({{TestLabels("a"), {{limit + 1, 2}}}}).samples_refused, 1u);
  EXPECT_THAT(SamplesOf("a"), ElementsAre(std::pair(limit, 1)));
}

TEST_F(MetricsStoreTest, FullBudgetRefusesTheWholeWriteAndItWorksLater) {
  WriteOne("a", kTestNow, 1);
  MemoryBudget& budget = instance_->engine->budget();
  auto rest = budget.Book(BudgetUse::kCache, budget.limit_bytes() - budget.booked_bytes());
  ASSERT_TRUE(rest.ok());
  std::vector<TestSeries> request = {{TestLabels("a"), {}}};
  for (int i = 1; i <= 5000; ++i) request[0].samples.push_back({kTestNow + i, 1});
  const auto refused = WriteAndWait(store(), MakeBatch(request));
  EXPECT_EQ(refused.status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(RowCount(), 1u);
  rest->Release();
  Write(request);
  EXPECT_EQ(RowCount(), 5001u);
}

TEST_F(MetricsStoreTest, FullDiskRefusesAndTheRetryIsStoredOnce) {
  WriteOne("a", kTestNow, 1);
  std::vector<TestSeries> request = {{TestLabels("a"), {}}};
  for (int i = 1; i <= 20'000; ++i) request[0].samples.push_back({kTestNow + i, i * 1.1});
  disk_.SetCapacity(0);
  EXPECT_EQ(WriteAndWait(store(), MakeBatch(request)).status().code(), StatusCode::kDiskFull);
  EXPECT_EQ(RowCount(), 1u);
  disk_.SetCapacity(UINT64_MAX);
  Write(request);
  Write(request);
  EXPECT_EQ(RowCount(), 20'001u);
}

TEST_F(MetricsStoreTest, ReadsObeyTheirLimits) {
  Write(
      {{TestLabels("a"), {{kTestNow, 1}, {kTestNow + 1, 2}}}, {TestLabels("b"), {{kTestNow, 1}}}});
  const auto code = [&](const ReadLimits& limits) {
    return store().Select({}, {}, limits).status().code();
  };
  EXPECT_EQ(code({.series_max = 2, .samples_max = 3}), StatusCode::kOk);
  EXPECT_EQ(code({.series_max = 2, .samples_max = 2}), StatusCode::kTooLarge);
  EXPECT_EQ(code({.series_max = 1, .samples_max = 3}), StatusCode::kTooLarge);
  EXPECT_EQ(code({.deadline = std::chrono::steady_clock::time_point::min()}), StatusCode::kTimeout);
}

// New series go through the queue, which is long behind when the store closes.
TEST_F(MetricsStoreTest, QueuedWritesAreStoredBeforeItCloses) {
  std::atomic<int> stored = 0;
  for (int i = 0; i < 300; ++i) {
    const std::string instance = "a" + std::to_string(i);
    store().Write(MakeBatch({{TestLabels(instance), {{kTestNow, 1}}}}),
                  [&](const Result<WriteSummary>& summary) { stored += summary.ok() ? 1 : 0; });
  }
  instance_->store.reset();
  EXPECT_EQ(stored, 300);
  Reopen();
  EXPECT_THAT(Select({}), SizeIs(300));
}

TEST_F(MetricsStoreTest, ResultsAreBookedWithTheCaller) {
  class Account : public ResultMemory {
   public:
    Status Book(uint64_t bytes) override {
      booked += bytes;
      return booked <= 10'000 ? Status::Ok() : Status::OutOfMemory("full");
    }
    uint64_t booked = 0;
  };
  Write({{TestLabels("a"), {{kTestNow, 1}, {kTestNow + 1, 2}}}});
  Account account;
  EXPECT_TRUE(store().Select({}, {}, {.memory = &account}).ok());
  EXPECT_GE(account.booked, 2 * sizeof(Sample) + sizeof(SeriesSamples));
  account.booked = 10'000;
  EXPECT_EQ(store().Select({}, {}, {.memory = &account}).status().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(store().Series({}, {}, {.memory = &account}).status().code(), StatusCode::kOutOfMemory);
}

// ---- what there is

TEST_F(MetricsStoreTest, RangeSelectsSamplesOfEveryTier) {
  for (int i = 0; i < 10; ++i) {
    WriteOne("a", kTestNow + i, i);
    if (i == 4) Flush();
  }
  const auto result = Select({}, {.min = kTestNow + 3, .max = kTestNow + 6});
  ASSERT_THAT(result, SizeIs(1));
  EXPECT_THAT(result[0].values, ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(Select({}, {.min = kTestNow + 10, .max = INT64_MAX}), IsEmpty());
}

TEST_F(MetricsStoreTest, SeriesNamesAndValuesAreThoseWithSamplesInRange) {
  Write(
      {{MakeLabels({{"__name__", "up"}, {"job", "node"}}), {{kTestNow, 1}}},
       {MakeLabels({{"__name__", "up"}, {"job", "luma"}, {"zone", "z"}}), {{kTestNow + 100, 1}}}});
  const TimeRange early = {.min = kTestNow, .max = kTestNow + 50};
  EXPECT_THAT(*store().LabelNames({}, {}, {}), ElementsAre("__name__", "job", "zone"));
  EXPECT_THAT(*store().LabelNames({}, early, {}), ElementsAre("__name__", "job"));
  EXPECT_THAT(*store().LabelValues("job", {}, {}, {}), ElementsAre("luma", "node"));
  EXPECT_THAT(*store().LabelValues("job", {}, early, {}), ElementsAre("node"));
  EXPECT_THAT(*store().LabelValues("none", {}, {}, {}), IsEmpty());
  const auto series =
      store().Series({*Matcher::Create("__name__", MatchOp::kEqual, "up")}, early, {});
  ASSERT_THAT(*series, SizeIs(1));
  EXPECT_EQ((*series)[0].Get("job"), "node");
  const TimeRange late = {.min = kTestNow + 51, .max = kTestNow + 100};
  EXPECT_THAT(*store().LabelValues("job", {}, late, {}), ElementsAre("luma"));
  Reopen();  // the newest timestamp is a bound for both
  EXPECT_THAT(*store().LabelNames({}, early, {}), ElementsAre("__name__", "job"));
  EXPECT_THAT(*store().LabelValues("job", {}, early, {}), ElementsAre("node"));
  EXPECT_THAT(*store().LabelValues("job", {}, late, {}), ElementsAre("luma"));
  EXPECT_THAT(*store().Series({}, {}, {}), SizeIs(2));
}

}  // namespace
}  // namespace luma::storage
