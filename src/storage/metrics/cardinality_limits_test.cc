#include "storage/metrics/cardinality_limits.h"

#include <gmock/gmock.h>

#include <optional>
#include <thread>

#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::SizeIs;

Labels Series(std::string_view metric, std::string_view pod) {
  return MakeLabels({{"__name__", metric}, {"pod", pod}});
}

// ---- the counts alone

TEST(CardinalityCountsTest, EachLimitHolds) {
  CardinalityCounts counts({.series = 10, .series_per_metric = 2, .values_per_label = 3});
  const auto limit_of = [&](std::string_view metric, std::string_view pod, uint64_t series = 0) {
    return counts.TryAdd(Series(metric, pod), series).limit;
  };
  EXPECT_EQ(limit_of("a", "1", 10), CardinalityLimit::kSeries);
  EXPECT_EQ(limit_of("a", "1", 9), CardinalityLimit::kNone);
  EXPECT_EQ(limit_of("a", "2"), CardinalityLimit::kNone);
  EXPECT_EQ(limit_of("a", "3"), CardinalityLimit::kSeriesPerMetric);
  EXPECT_EQ(limit_of("b", "3"), CardinalityLimit::kNone);
  EXPECT_EQ(limit_of("b", "4"), CardinalityLimit::kValuesPerLabel);
  EXPECT_EQ(limit_of("b", "1"), CardinalityLimit::kNone) << "a known value";
  EXPECT_EQ(counts.TryAdd(Series("c", "5"), 0).label, 1u) << "the label pod";
  EXPECT_THAT(counts.LargestMetrics(9), ElementsAre(Pair("a", 2), Pair("b", 2)));
  EXPECT_THAT(counts.LargestLabels(1), ElementsAre(Pair("pod", 3)));
}

TEST(CardinalityCountsTest, RemovedSeriesMakeRoom) {
  CardinalityCounts counts({.series = 0, .series_per_metric = 1, .values_per_label = 2});
  counts.Add(Series("a", "1"));
  counts.Add(Series("b", "1"));
  EXPECT_TRUE(counts.TryAdd(Series("a", "2"), 0).is_refused());
  counts.Remove(Series("a", "1"));
  EXPECT_FALSE(counts.TryAdd(Series("a", "2"), 0).is_refused()) << "b has the value 1 as well";
  counts.Remove(Series("a", "2"));
  counts.Remove(Series("b", "1"));
  EXPECT_THAT(counts.LargestMetrics(9), IsEmpty());
  EXPECT_THAT(counts.LargestLabels(9), IsEmpty());
}

TEST(CardinalityCountsTest, WithoutLimitsNothingIsCounted) {
  CardinalityCounts counts({.series = 0});
  EXPECT_FALSE(counts.TryAdd(Series("a", "1"), 1'000'000'000).is_refused());
  counts.Remove(Series("a", "1"));
  EXPECT_FALSE(counts.counts_labels());
  EXPECT_THAT(counts.LargestMetrics(9), IsEmpty());
  EXPECT_EQ(counts.allocated_bytes(), 0u);
}

TEST(CardinalityCountsTest, AClaimThatIsNotKeptComesBack) {
  CardinalityCounts counts({.series = 2, .series_per_metric = 2});
  const Labels a = Series("a", "1");
  const Labels b = Series("a", "2");
  for (const bool keep : {false, true}) {
    CardinalityClaim claim(counts, 1);
    EXPECT_FALSE(claim.Take(a).is_refused());
    EXPECT_EQ(claim.Take(b).limit, CardinalityLimit::kSeries);
    if (keep) claim.Keep();
  }
  EXPECT_THAT(counts.LargestMetrics(9), ElementsAre(Pair("a", 1)));
}

// ---- in the store

class CardinalityLimitsTest : public testing::Test {
 protected:
  void Open(CardinalityLimits limits) {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_, MetricsOptions{.limits = limits});
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  MetricsStore& store() { return *instance_->store; }

  WriteSummary Write(const std::vector<TestSeries>& series) {
    auto summary = WriteAndWait(store(), MakeBatch(series));
    EXPECT_TRUE(summary.ok()) << summary.status();
    return *summary;
  }
  WriteSummary WriteOne(const Labels& labels, UnixMillis time = kTestNow) {
    return Write({{labels, {{time, 1}}}});
  }
  uint64_t series_count() { return store().registry().series_count(); }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<MetricsInstance> instance_;
};

TEST_F(CardinalityLimitsTest, OnlyNewSeriesBeyondTheLimitAreRefused) {
  Open({.series = 2});
  WriteOne(TestLabels("a"));
  const WriteSummary summary = Write({{TestLabels("a"), {{kTestNow + 1, 2}}},
                                      {TestLabels("b"), {{kTestNow, 1}, {kTestNow + 1, 1}}},
                                      {TestLabels("c"), {{kTestNow, 1}, {kTestNow + 1, 1}}},
                                      {TestLabels("c"), {{kTestNow + 2, 1}}}});
  EXPECT_EQ(summary.samples_stored, 3u);
  EXPECT_EQ(summary.samples_refused, 3u);
  EXPECT_EQ(summary.samples_over_limit, 3u);
  EXPECT_EQ(summary.series_over_limit, 1u);
  EXPECT_EQ(summary.first_over_limit, "too many series: limit=2");
  EXPECT_EQ(summary.first_refusal, summary.first_over_limit);
  EXPECT_THAT(instance_->StoredSamples(), SizeIs(4));
  EXPECT_EQ(series_count(), 2u);
  const RefusedByLimit refused = store().cardinality().refused(CardinalityLimit::kSeries);
  EXPECT_EQ(refused.series, 1u);
  EXPECT_EQ(refused.samples, 3u);
  EXPECT_EQ(store().write_stats().samples_refused, 0u) << "those are for their time";
}

TEST_F(CardinalityLimitsTest, NothingButRefusedSeriesStoresNothing) {
  Open({.series = 1});
  WriteOne(TestLabels("a"));
  const WriteSummary summary = WriteOne(TestLabels("b"));
  EXPECT_EQ(summary.samples_stored, 0u);
  EXPECT_EQ(summary.series_over_limit, 1u);
  EXPECT_THAT(instance_->StoredSamples(), SizeIs(1));
}

TEST_F(CardinalityLimitsTest, SeriesThatTheServerMakesItselfAreLetInAndCounted) {
  Open({.series = 4, .series_per_metric = 1, .values_per_label = 2});
  EXPECT_EQ(WriteOne(Series("a", "1")).series_over_limit, 0u);
  SeriesBatch batch;
  const auto add = [&batch](const Labels& labels, UnixMillis time) {
    batch.StartSeries(labels);
    batch.AddSample({time, 1});
  };
  add(Series("c", "1"), kTestNow);
  add(Series("a", "2"), kTestNow);
  add(Series("a", "2"), kTestNow + 1);
  batch.LetInBeyondLimits();
  add(Series("b", "3"), kTestNow);
  batch.LetInBeyondLimits();
  add(Series("c", "3"), kTestNow);
  batch.LetInBeyondLimits();
  const WriteSummary summary = WriteAndWait(store(), batch).value();
  EXPECT_EQ(summary.samples_stored, 4u);
  EXPECT_EQ(summary.series_over_limit, 1u) << "the first, though it came before the others";
  EXPECT_EQ(series_count(), 4u);
  EXPECT_THAT(store().cardinality().LargestLabels(2),
              ElementsAre(Pair("__name__", 3), Pair("pod", 3)));
}

TEST_F(CardinalityLimitsTest, MetricsAndLabelsHaveLimitsOfTheirOwn) {
  Open({.series = 0, .series_per_metric = 1, .values_per_label = 2});
  EXPECT_EQ(WriteOne(Series("a", "1")).series_over_limit, 0u);
  EXPECT_EQ(WriteOne(Series("a", "2")).first_over_limit,
            "too many series of a metric: metric=a limit=1");
  EXPECT_EQ(WriteOne(Series("b", "2")).series_over_limit, 0u);
  EXPECT_EQ(WriteOne(Series("c", "1")).first_over_limit,
            "too many values of a label: label=__name__ limit=2");
  EXPECT_EQ(series_count(), 2u);
}

TEST_F(CardinalityLimitsTest, ExemplarsOfRefusedSeriesAreRefused) {
  Open({.series = 1});
  SeriesBatch batch;
  for (const std::string_view instance : {"a", "b"}) {
    batch.StartSeries(TestLabels(instance));
    batch.AddSample({kTestNow, 1});
    batch.AddExemplar(kTestNow, 1, MakeLabels({{"trace_id", "x"}}));
  }
  const auto summary = WriteAndWait(store(), batch);
  ASSERT_TRUE(summary.ok()) << summary.status();
  EXPECT_EQ(summary->exemplars_stored, 1u);
  EXPECT_EQ(summary->exemplars_refused, 1u);
  EXPECT_EQ((*instance_->engine->Read(kExemplarsTableId))->VisibleRowCount(), 1u);
}

TEST_F(CardinalityLimitsTest, CountsAreThereAfterARestart) {
  Open({.series_per_metric = 2});
  WriteOne(TestLabels("a"));
  WriteOne(TestLabels("b"));
  Open({.series_per_metric = 2});
  EXPECT_EQ(WriteOne(TestLabels("c")).series_over_limit, 1u);
  EXPECT_THAT(store().cardinality().LargestMetrics(9), ElementsAre(Pair("m", 2)));
}

TEST_F(CardinalityLimitsTest, DeletedSeriesMakeRoom) {
  Open({.series = 0, .series_per_metric = 1});
  WriteOne(TestLabels("a"));
  EXPECT_EQ(WriteOne(TestLabels("b")).series_over_limit, 1u);
  const Matchers all_of_a = {*Matcher::Create("instance", MatchOp::kEqual, "a")};
  ASSERT_TRUE(store().DeleteSamples({all_of_a}, {}).ok());
  EXPECT_EQ(WriteOne(TestLabels("b")).series_over_limit, 0u);
}

TEST_F(CardinalityLimitsTest, LimitsChangeWhileTheStoreIsOpen) {
  Open({.series = 1});
  WriteOne(TestLabels("a"));
  EXPECT_EQ(WriteOne(TestLabels("b")).series_over_limit, 1u);
  store().SetLimits({.series = 0, .values_per_label = 2});
  EXPECT_EQ(WriteOne(TestLabels("b")).series_over_limit, 0u);
  EXPECT_THAT(WriteOne(TestLabels("c")).first_over_limit, HasSubstr("label=instance"));
  store().SetLimits({.series = 0});
  EXPECT_EQ(WriteOne(TestLabels("c")).series_over_limit, 0u);
}

// A failed commit must not use up room.
TEST_F(CardinalityLimitsTest, AWriteThatFailsTakesNoRoom) {
  Open({.series = 0, .series_per_metric = 1});
  SeriesBatch batch = MakeBatch({{TestLabels("a"), {{kTestNow, 1}}}});
  batch.StartSeries(SeriesId{12345});  // of a series that is not there: the whole write fails
  batch.AddSample({kTestNow, 1});
  EXPECT_EQ(WriteAndWait(store(), batch).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(WriteOne(TestLabels("b")).series_over_limit, 0u);
}

// Goal: of writes that are stored as one group, each learns of its own series only.
// Method: many senders at once, so that groups form; one of two is over the limit.
TEST_F(CardinalityLimitsTest, SenderOverTheLimitDoesNotFailTheOthers) {
  Open({.series = 4});
  for (int n = 0; n < 4; ++n) WriteOne(TestLabels(std::to_string(n)), kTestNow - 1);
  std::vector<std::thread> senders;
  for (int t = 0; t < 8; ++t) {
    senders.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        std::vector<TestSeries> request = {
            {TestLabels(std::to_string(t / 2)), {{kTestNow + i, 1}}}};
        if (t % 2 == 1) {
          for (int n = 0; n < 5; ++n) {
            request.push_back({TestLabels("over" + std::to_string(n)), {{kTestNow, 1}}});
          }
        }
        const auto summary = WriteAndWait(store(), MakeBatch(request));
        ASSERT_TRUE(summary.ok()) << summary.status();
        EXPECT_EQ(summary->samples_stored, 1u);
        EXPECT_EQ(summary->series_over_limit, t % 2 == 1 ? 5u : 0u);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(series_count(), 4u);
  EXPECT_THAT(instance_->StoredSamples(), SizeIs(84));
  EXPECT_EQ(store().cardinality().refused(CardinalityLimit::kSeries).series, 4u * 20 * 5);
}

}  // namespace
}  // namespace luma::storage
