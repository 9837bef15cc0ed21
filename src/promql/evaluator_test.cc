#include "promql/evaluator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/testing/memory_metrics.h"
#include "promql/parser.h"

namespace luma::promql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kMinute = 60'000;

class EvaluatorTest : public testing::Test {
 protected:
  Result<QueryValue> Instant(std::string_view query, UnixMillis time) {
    return evaluator_.Instant(*Parse(query).value(), time, {});
  }
  Result<QueryValue> Range(std::string_view query, UnixMillis start, UnixMillis end, int64_t step) {
    return evaluator_.Range(*Parse(query).value(), start, end, step, {});
  }
  std::vector<double> Values(std::string_view query, UnixMillis time) {
    std::vector<double> values;
    const QueryValue value = Instant(query, time).value();
    for (const SeriesSamples& series : value.series) {
      values.push_back(series.values.at(0));
    }
    return values;
  }

  MemoryMetrics metrics_;
  Evaluator evaluator_{metrics_};
};

TEST_F(EvaluatorTest, ScalarArithmetic) {
  const auto scalar = [this](std::string_view query) { return Instant(query, 5)->scalar; };
  EXPECT_EQ(scalar("1+1"), 2);
  EXPECT_EQ(scalar("-(2 ^ 3) % 5"), -3);
  EXPECT_EQ(scalar("7 / 2 - 1"), 2.5);
  EXPECT_EQ(scalar("2 > bool 1"), 1);
  EXPECT_EQ(scalar("NaN == bool NaN"), 0);
  EXPECT_EQ(scalar("1 / 0"), HUGE_VAL);
  EXPECT_EQ(Instant("1", 5)->time, 5);
  EXPECT_EQ(Instant("(\"text\")", 5)->string, "text");
}

TEST_F(EvaluatorTest, LookbackIsLeftOpen) {
  metrics_.Add({{"__name__", "m"}}, {{.timestamp = 1000, .value = 7}});
  EXPECT_THAT(Values("m", 999), IsEmpty());
  EXPECT_THAT(Values("m", 1000), ElementsAre(7));
  EXPECT_THAT(Values("m", 1000 + 5 * kMinute - 1), ElementsAre(7));
  EXPECT_THAT(Values("m", 1000 + 5 * kMinute), IsEmpty());
  EXPECT_THAT(Instant("m", 2000)->series.at(0).timestamps, ElementsAre(2000));
}

TEST_F(EvaluatorTest, AStalenessMarkerEndsASeriesButAnOrdinaryNanDoesNot) {
  metrics_.Add({{"__name__", "m"}}, {{.timestamp = 1000, .value = 1},
                                     {.timestamp = 2000, .value = kStaleNan},
                                     {.timestamp = 3000, .value = std::nan("")}});
  EXPECT_THAT(Values("m", 1999), ElementsAre(1));
  EXPECT_THAT(Values("m", 2500), IsEmpty());
  EXPECT_THAT(Values("m", 3000), ElementsAre(testing::IsNan()));
  EXPECT_THAT(Instant("m[10s]", 3000)->series.at(0).timestamps, ElementsAre(1000, 3000));
}

TEST_F(EvaluatorTest, RangesAreLeftOpenAndKeepStoredTimes) {
  metrics_.Add({{"__name__", "m"}}, {{.timestamp = 1000, .value = 1},
                                     {.timestamp = 2000, .value = 2},
                                     {.timestamp = 3000, .value = 3}});
  EXPECT_THAT(Instant("m[2s]", 3000)->series.at(0).timestamps, ElementsAre(2000, 3000));
  EXPECT_THAT(Instant("m[2s] offset 1s", 3000)->series.at(0).timestamps, ElementsAre(1000, 2000));
  EXPECT_THAT(Instant("m[1s] @ 2", 9000)->series.at(0).values, ElementsAre(2));
  EXPECT_THAT(Instant("m[1s]", 9000)->series, IsEmpty());
}

TEST_F(EvaluatorTest, OffsetAndAtShiftSelectors) {
  metrics_.Add({{"__name__", "m"}},
               {{.timestamp = 1000, .value = 1}, {.timestamp = 600'000, .value = 2}});
  EXPECT_THAT(Values("m offset 10m", 601'000), ElementsAre(1));
  EXPECT_THAT(Values("m offset -10m", 0), ElementsAre(2));
  EXPECT_THAT(Values("m @ 1", 900'000), ElementsAre(1));
  EXPECT_THAT(Values("m @ 700 offset 1m", 0), ElementsAre(2));
  EXPECT_THAT(Values("m @ end()", 1500), ElementsAre(1));
}

TEST_F(EvaluatorTest, AllMatchersSelect) {
  metrics_.Add({{"__name__", "m"}, {"job", "a"}}, {{.timestamp = 0, .value = 1}});
  metrics_.Add({{"__name__", "m"}, {"job", "b"}}, {{.timestamp = 0, .value = 2}});
  metrics_.Add({{"__name__", "m"}}, {{.timestamp = 0, .value = 3}});
  EXPECT_THAT(Values("m{job=\"a\"}", 0), ElementsAre(1));
  EXPECT_THAT(Values("m{job!=\"a\"}", 0), ElementsAre(3, 2));
  EXPECT_THAT(Values("m{job=~\"a|b\"}", 0), ElementsAre(1, 2));
  EXPECT_THAT(Values("m{job!~\"a|b\"}", 0), ElementsAre(3));
  EXPECT_THAT(Values("{__name__=~\"m\",job=\"\"}", 0), ElementsAre(3));
}

TEST_F(EvaluatorTest, MinusDropsTheNameAndRefusesTwins) {
  metrics_.Add({{"__name__", "m"}, {"a", "1"}}, {{.timestamp = 0, .value = 5}});
  EXPECT_THAT(Values("-m", 0), ElementsAre(-5));
  EXPECT_EQ(Instant("-m", 0)->series.at(0).labels, Labels::Of({{"a", "1"}}).value());
  metrics_.Add({{"__name__", "n"}, {"a", "1"}}, {{.timestamp = 0, .value = 6}});
  EXPECT_THAT(Instant("-{a=\"1\"}", 0).status().message(), HasSubstr("same labelset"));
}

TEST_F(EvaluatorTest, RangeQueriesGiveTheValueAtEveryStep) {
  metrics_.Add({{"__name__", "m"}}, {{.timestamp = 1000, .value = 1},
                                     {.timestamp = 2500, .value = 2},
                                     {.timestamp = 4000, .value = kStaleNan}});
  const QueryValue value = *Range("m", 0, 5000, 1000);
  EXPECT_EQ(value.type, ValueType::kMatrix);
  EXPECT_THAT(value.series.at(0).timestamps, ElementsAre(1000, 2000, 3000));
  EXPECT_THAT(value.series.at(0).values, ElementsAre(1, 1, 2));
  EXPECT_THAT(Range("m @ 1", 0, 2000, 1000)->series.at(0).values, ElementsAre(1, 1, 1));
  EXPECT_THAT(Range("1 + 1", 0, 2000, 1000)->series.at(0).values, ElementsAre(2, 2, 2));
  EXPECT_THAT(Range("m[5m]", 0, 1, 1).status().message(),
              HasSubstr("invalid expression type \"range vector\" for range query"));
}

// Goal: a range query cannot fill memory with the values of steps, however few samples it reads.
TEST_F(EvaluatorTest, LimitsHoldForTheValuesOfSteps) {
  metrics_.Add({{"__name__", "m"}, {"a", "1"}}, {{.timestamp = 0, .value = 1}});
  metrics_.Add({{"__name__", "m"}, {"a", "2"}}, {{.timestamp = 0, .value = 1}});
  const ExprPtr expr = Parse("m").value();
  const auto status = [&](const ReadLimits& limits) {
    return evaluator_.Range(*expr, 0, 999, 1, limits).status().code();
  };
  EXPECT_EQ(status({.samples_max = 2000}), StatusCode::kOk);
  EXPECT_EQ(status({.samples_max = 1999}), StatusCode::kTooLarge);
  EXPECT_EQ(status({.deadline = std::chrono::steady_clock::now()}), StatusCode::kTimeout);
}

// Goal: one function call that takes for ever ends in time, also when it is cancelled.
TEST_F(EvaluatorTest, LongWorkIsInterrupted) {
  class CancelledMemory final : public ResultMemory {
   public:
    Status Book(uint64_t bytes) override {
      return bytes == 0 ? Status::Cancelled("stop") : Status::Ok();
    }
  };
  const ExprPtr expr = Parse("stddev_over_time(vector(1)[30d:1s])").value();
  const auto status = [&](const ReadLimits& limits) {
    return evaluator_.Range(*expr, 0, 10'999'000, 1000, limits).status().code();
  };
  CancelledMemory memory;
  EXPECT_EQ(status({.memory = &memory}), StatusCode::kCancelled);
  const auto soon = std::chrono::steady_clock::now() + std::chrono::milliseconds(400);
  EXPECT_EQ(status({.deadline = soon}), StatusCode::kTimeout);
}

TEST_F(EvaluatorTest, ExtremeTimesDoNotOverflow) {
  metrics_.Add({{"__name__", "m"}}, {{.timestamp = 0, .value = 1}});
  const UnixMillis least = std::numeric_limits<UnixMillis>::min();
  const UnixMillis most = std::numeric_limits<UnixMillis>::max();
  EXPECT_THAT(Values("m", least), IsEmpty());
  EXPECT_THAT(Values("m offset -1y", most), IsEmpty());
  EXPECT_THAT(Range("m", most - 1, most, 1)->series, IsEmpty());
  EXPECT_EQ(Range("1", most - 1, most, 1)->series.at(0).values.size(), 2u);
}

}  // namespace
}  // namespace luma::promql
