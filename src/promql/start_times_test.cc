// Start times in questions: start_timestamp(), rates and resets of counters that say since when
// they count.
#include "promql/start_times.h"

#include "promql/testing/query_fixture.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class StartTimesTest : public QueryFixture {
 protected:
  // Of the samples of m from minute 0 on; 0: not known.
  void SetStarts(const std::vector<UnixMillis>& starts) {
    for (size_t i = 0; i < starts.size(); ++i) {
      metrics_.SetStartTime({{"__name__", "m"}}, static_cast<int64_t>(i) * kMinuteMs, starts[i]);
    }
  }
};

TEST_F(StartTimesTest, ACounterBeganAnewAfterTheSampleBefore) {
  const StartedAt before{.time = 100, .start = 50};
  EXPECT_TRUE(BeganAnew(before, {.time = 200, .start = 150}));
  EXPECT_TRUE(BeganAnew(before, {.time = 200, .start = 100})) << "deltas";
  EXPECT_FALSE(BeganAnew(before, {.time = 200, .start = 50}));
  EXPECT_FALSE(BeganAnew(before, {.time = 200, .start = 0})) << "not known";
  EXPECT_FALSE(BeganAnew(before, {.time = 200, .start = 200})) << "not known either";
  // OpenTelemetry's counters without a known start begin at their first sample.
  EXPECT_FALSE(BeganAnew({.time = 100, .start = 0}, {.time = 200, .start = 100}));
  EXPECT_FALSE(BeganAnew({.time = 100, .start = 100}, {.time = 200, .start = 100}));
  EXPECT_FALSE(BeganAnew({.time = 100, .start = 150}, {.time = 200, .start = 100}));
}

TEST_F(StartTimesTest, SamplesOverlapWhenTheLaterOneBeganWithinTheOther) {
  EXPECT_TRUE(Overlap({.time = 100, .start = 50}, {.time = 200, .start = 60}));
  EXPECT_FALSE(Overlap({.time = 100, .start = 50}, {.time = 200, .start = 50}));
  EXPECT_FALSE(Overlap({.time = 100, .start = 50}, {.time = 200, .start = 100}));
  EXPECT_FALSE(Overlap({.time = 100, .start = 50}, {.time = 200, .start = 0}));
}

TEST_F(StartTimesTest, StartTimestampIsThatOfTheSampleOfASelector) {
  Load("m", {1, 2, 3});
  SetStarts({0, 30'000, 90'500});
  EXPECT_EQ(Over(0, 3, "start_timestamp(m)"), "{} 0 30 90.5 90.5");
  EXPECT_EQ(Over(0, 3, "start_timestamp((m))"), "{} 0 30 90.5 90.5");
  EXPECT_EQ(At(2, "start_timestamp(m * 1)"), "");
  EXPECT_EQ(At(2, "start_timestamp(m offset 1m)"), "{} 30");
  Load("n", {1});
  EXPECT_EQ(At(0, "start_timestamp(n)"), "{} 0") << "a sample that tells none";
}

TEST_F(StartTimesTest, ARestartThatValuesDoNotShowCounts) {
  Load("m", {10, 20, 30});
  EXPECT_EQ(At(2, "resets(m[3m])"), "{} 0");
  EXPECT_EQ(At(2, "increase(m[2m])"), "{} 20");
  SetStarts({0, 0, 90'000});
  EXPECT_EQ(At(2, "resets(m[3m])"), "{} 1");
  EXPECT_EQ(At(2, "irate(m[3m])"), "{} 0.5") << "all 30 came within the last minute";
  EXPECT_EQ(At(2, "increase(m[2m])"), "{} 50") << "30 in a minute, and zero 40 s before it";
  EXPECT_EQ(At(2, "increase(m[2m:1m])"), "{} 20") << "subqueries know of no start";
  EXPECT_EQ(At(2, "delta(m[2m])"), "{} 20") << "of gauges";
}

TEST_F(StartTimesTest, OneSampleIsEnoughWhenItsCounterBeganInTheRange) {
  Load("m", {6});
  EXPECT_EQ(At(0, "increase(m[1m])"), "");
  SetStarts({-30'000});
  EXPECT_EQ(At(0, "increase(m[1m])"), "{} 6");
  EXPECT_EQ(At(0, "rate(m[1m])"), "{} 0.1");
  EXPECT_EQ(At(0, "increase(m[10s])"), "") << "it began before";
}

// As in Prometheus without its feature use-start-timestamps.
TEST_F(StartTimesTest, CountersGoByValuesAloneOnRequest) {
  Load("m", {10, 20, 30});
  SetStarts({0, 0, 90'000});
  const Evaluator evaluator(metrics_, {.use_start_timestamps = false});
  const auto ask = [&](std::string_view query) {
    const auto value = evaluator.Instant(*Parse(query).value(), 2 * kMinuteMs, {});
    return value->series.at(0).values.at(0);
  };
  EXPECT_EQ(ask("resets(m[3m])"), 0);
  EXPECT_EQ(ask("increase(m[2m])"), 20);
  EXPECT_EQ(ask("start_timestamp(m)"), 90);
}

TEST_F(StartTimesTest, OverlapsAreTold) {
  Load("m_total", {10, 20, 30});
  const std::vector<LabelRef> labels{{"__name__", "m_total"}};
  metrics_.SetStartTime(labels, kMinuteMs, -5'000);
  metrics_.SetStartTime(labels, 2 * kMinuteMs, -7'000);
  EXPECT_THAT(
      Ask(2, "rate(m_total[2m])").warnings,
      ElementsAre("PromQL warning: sample has start time that overlaps with previous sample "
                  "timestamp for metric \"m_total\""));
  EXPECT_THAT(Ask(2, "max_over_time(m_total[2m])").warnings, IsEmpty());
}

TEST_F(StartTimesTest, ASeriesIsToldOfOnce) {
  RangeSeries series{.labels = Labels(), .times = {100, 200, 300, 400}, .values = {1, 2, 3, 4}};
  series.start_times = {50, 50, 150, 250};
  Overlaps overlaps(series);
  Annotations annotations;
  Window window{.times = std::span(series.times).first(2),
                .values = std::span(series.values).first(2)};
  overlaps.WarnAbout(window, annotations);
  EXPECT_FALSE(overlaps.is_over()) << "the first that overlaps comes later";
  window.first = 1;
  overlaps.WarnAbout(window, annotations);
  EXPECT_TRUE(overlaps.is_over());
}

}  // namespace
}  // namespace luma::promql
