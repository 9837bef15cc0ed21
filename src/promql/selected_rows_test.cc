// Evaluation by parts: the answer is the same however the selection is cut and whoever helps.
#include "promql/selected_rows.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "model/forwarding_metrics_source.h"
#include "model/testing/counted_memory.h"
#include "model/testing/memory_metrics.h"
#include "promql/evaluator.h"
#include "promql/histogram_text.h"
#include "promql/parser.h"

namespace luma::promql {
namespace {

constexpr int64_t kMinute = 60'000;

// Deals out what it finds, series by series, to some parts.
class DealtMetrics : public ForwardingMetricsSource {
 public:
  DealtMetrics(const MetricsSource& source, size_t parts) : source_(source), parts_(parts) {}

  Result<std::unique_ptr<SeriesParts>> SelectParts(const Matchers& matchers, TimeRange range,
                                                   const ReadLimits& limits) const override {
    LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found, Select(matchers, range, limits));
    auto dealt = std::make_unique<Dealt>(failing_part_);
    dealt->parts.resize(parts_);
    for (size_t i = 0; i < found.size(); ++i) dealt->parts[i % parts_].push_back(found[i]);
    return std::unique_ptr<SeriesParts>(std::move(dealt));
  }
  void FailPart(size_t part) { failing_part_ = part; }

 private:
  const MetricsSource& source() const override { return source_; }

  struct Dealt final : SeriesParts {
    explicit Dealt(size_t part) : failing_part(part) {}
    size_t count() const override { return parts.size(); }
    Result<std::vector<SeriesSamples>> Read(size_t part, ResultMemory* memory) override {
      if (part == failing_part) return Status::IoError("part ", part);
      if (memory != nullptr) LUMA_RETURN_IF_ERROR(memory->Book(kPartBytes));
      return std::move(parts[part]);
    }
    static constexpr uint64_t kPartBytes = 1 << 20;
    size_t failing_part;
    std::vector<std::vector<SeriesSamples>> parts;
  };

  const MetricsSource& source_;
  const size_t parts_;
  size_t failing_part_ = SIZE_MAX;
};

class Threads {
 public:
  ~Threads() {
    for (std::thread& thread : threads_) thread.join();
  }
  Helpers helpers() {
    return {.offer =
                [this](std::function<void()> task) {
                  threads_.emplace_back(std::move(task));
                  return true;
                },
            .count_max = 3};
  }

 private:
  std::vector<std::thread> threads_;
};

class SelectedRowsTest : public testing::Test {
 protected:
  SelectedRowsTest() {
    std::mt19937_64 random(7);
    for (int series = 0; series < 40; ++series) {
      const std::string number = std::to_string(series * 31 % 40);
      std::vector<Sample> samples;
      for (UnixMillis time = 0; time < 60 * kMinute; time += kMinute / 4) {
        if (random() % 8 == 0) continue;
        const bool is_stale = random() % 50 == 0;
        samples.push_back({time, is_stale ? kStaleNan : static_cast<double>(random() % 100)});
      }
      metrics_.Add({{"__name__", series % 2 == 0 ? "requests" : "errors_total"},
                    {"group", std::to_string(series % 3)},
                    {"series", number}},
                   samples);
    }
    FloatHistogram histogram;
    histogram.count = 3;
    histogram.sum = 9;
    histogram.positive = {{0, 3.0}};
    metrics_.AddHistogram({{"__name__", "requests"}, {"group", "h"}}, 10 * kMinute, histogram);
    for (int series = 0; series < 10; ++series) AddLatencies(series, random);
  }

  // A counter of observations that begins anew now and then.
  void AddLatencies(int series, std::mt19937_64& random) {
    FloatHistogram histogram;
    for (UnixMillis time = 0; time < 60 * kMinute; time += kMinute / 2) {
      if (random() % 30 == 0) histogram = FloatHistogram();
      const auto more = static_cast<double>(random() % 5);
      histogram.count += more;
      histogram.sum += more * 1.5;
      if (histogram.positive.empty()) histogram.positive = {{1, 0.0}};
      histogram.positive[0].count += more;
      if (random() % 8 == 0) continue;
      metrics_.AddHistogram({{"__name__", "latency"},
                             {"group", std::to_string(series % 3)},
                             {"series", std::to_string(series * 7 % 10)}},
                            time, histogram);
    }
  }

  Result<QueryValue> Ask(const MetricsSource& source, std::string_view query, Helpers helpers = {},
                         const ReadLimits& limits = {}) {
    const auto expr = Parse(query);
    EXPECT_TRUE(expr.ok()) << expr.status();
    EvaluatorOptions options;
    options.helpers = std::move(helpers);
    return Evaluator(source, options).Range(**expr, 5 * kMinute, 60 * kMinute, kMinute, limits);
  }

  static void ExpectEqual(const QueryValue& a, const QueryValue& b) {
    EXPECT_EQ(a.warnings, b.warnings);
    EXPECT_EQ(a.infos, b.infos);
    ASSERT_EQ(a.series.size(), b.series.size());
    for (size_t i = 0; i < a.series.size(); ++i) {
      EXPECT_EQ(a.series[i].labels, b.series[i].labels);
      EXPECT_EQ(a.series[i].timestamps, b.series[i].timestamps);
      const auto same_bits = [](double x, double y) {
        return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
      };
      EXPECT_TRUE(std::ranges::equal(a.series[i].values, b.series[i].values, same_bits));
      const auto same_histogram = [](const HistogramPtr& x, const HistogramPtr& y) {
        return x == nullptr || y == nullptr ? x == y : HistogramText(*x) == HistogramText(*y);
      };
      EXPECT_TRUE(
          std::ranges::equal(a.series[i].histograms, b.series[i].histograms, same_histogram));
    }
  }

  MemoryMetrics metrics_;
};

TEST_F(SelectedRowsTest, PartsAndHelpersDoNotChangeTheAnswer) {
  for (const std::string_view query :
       {"{series!=\"\"}",
        "requests",
        "rate(errors_total[5m])",
        "increase(requests[7m])",
        "sum by (group) (rate({__name__=~\".+\",group=~\"[0-9]\"}[5m]))",
        "quantile_over_time(2, errors_total[5m])",
        "max_over_time(requests[10m]) > 50",
        "topk(3, last_over_time(errors_total[5m]))",
        "rate(nothing[5m])",
        "nothing",
        "sum(avg_over_time(requests[5m:1m]))",
        "resets(requests[1h] @ end())",
        "latency",
        "rate(latency[5m])",
        "resets(latency[20m])",
        "sum by (group) (increase(latency[7m]))",
        "histogram_quantile(0.9, sum(rate(latency[5m])))",
        "last_over_time(latency[3m])",
        "limitk(3, requests)",
        "limit_ratio(0.5, requests)",
        "count_values(\"value\", requests)"}) {
    SCOPED_TRACE(query);
    const auto whole = Ask(metrics_, query);
    ASSERT_TRUE(whole.ok()) << whole.status();
    for (const size_t parts : {1, 2, 7, 64}) {
      const DealtMetrics dealt(metrics_, parts);
      const auto alone = Ask(dealt, query);
      ASSERT_TRUE(alone.ok()) << alone.status();
      ExpectEqual(*alone, *whole);
      Threads threads;
      const auto helped = Ask(dealt, query, threads.helpers());
      ASSERT_TRUE(helped.ok()) << helped.status();
      ExpectEqual(*helped, *whole);
    }
  }
}

TEST_F(SelectedRowsTest, AnErrorOfOnePartIsThatOfTheQuery) {
  DealtMetrics dealt(metrics_, 5);
  dealt.FailPart(3);
  Threads threads;
  for (const std::string_view query : {"requests", "rate(requests[5m])"}) {
    const auto answer = Ask(dealt, query, threads.helpers());
    EXPECT_EQ(answer.status().code(), StatusCode::kIoError) << answer.status();
  }
}

TEST_F(SelectedRowsTest, BadArgumentsMatterOnlyWhereThereAreSeries) {
  const DealtMetrics dealt(metrics_, 5);
  EXPECT_FALSE(Ask(dealt, "double_exponential_smoothing(requests[5m], 2, 0.5)").ok());
  EXPECT_TRUE(Ask(dealt, "double_exponential_smoothing(nothing[5m], 2, 0.5)").ok());
}

// The samples of one part take the place of those of the part before.
TEST_F(SelectedRowsTest, MemoryOfPartsIsBookedOnce) {
  const auto booked = [&](size_t parts) {
    CountedMemory account;
    ReadLimits limits;
    limits.memory = &account;
    const DealtMetrics dealt(metrics_, parts);
    EXPECT_TRUE(Ask(dealt, "rate(requests[5m])", {}, limits).ok());
    return account.booked;
  };
  // Ten parts of a megabyte each; what they give is small.
  EXPECT_LT(booked(10), booked(1) + (1 << 20));
}

// Rows share histograms with the samples, so those of all parts stay.
TEST_F(SelectedRowsTest, MemoryOfHistogramsThatRowsKeepIsBookedForEachPart) {
  MemoryMetrics histograms;
  FloatHistogram histogram;
  histogram.count = 3;
  histogram.positive = {{0, 3.0}};
  for (int series = 0; series < 10; ++series) {
    histograms.AddHistogram({{"__name__", "h"}, {"series", std::to_string(series)}}, 10 * kMinute,
                            histogram);
  }
  CountedMemory account;
  ReadLimits limits;
  limits.memory = &account;
  ASSERT_TRUE(Ask(DealtMetrics(histograms, 10), "h", {}, limits).ok());
  EXPECT_GE(account.booked, 10u << 20) << "a megabyte for each part";
}

// Storage asks for more than it needs, and for less when that is refused.
TEST_F(SelectedRowsTest, WhatIsRefusedIsNotInUse) {
  class Limited final : public ResultMemory {
   public:
    Status Book(uint64_t bytes) override {
      if (bytes > left) return Status::OutOfMemory("nothing left");
      left -= bytes;
      return Status::Ok();
    }
    uint64_t left = 3 << 19;
  };
  class Asking final : public SeriesParts {
   public:
    size_t count() const override { return 2; }
    Result<std::vector<SeriesSamples>> Read(size_t, ResultMemory* memory) override {
      EXPECT_FALSE(memory->Book(2 << 20).ok());
      LUMA_RETURN_IF_ERROR(memory->Book(1 << 20));
      return std::vector<SeriesSamples>();
    }
  };
  class AskingMetrics final : public DealtMetrics {
   public:
    using DealtMetrics::DealtMetrics;
    Result<std::unique_ptr<SeriesParts>> SelectParts(const Matchers&, TimeRange,
                                                     const ReadLimits&) const override {
      return std::unique_ptr<SeriesParts>(std::make_unique<Asking>());
    }
  };
  Limited memory;
  ReadLimits limits;
  limits.memory = &memory;
  const auto answer = Ask(AskingMetrics(metrics_, 2), "requests", {}, limits);
  EXPECT_TRUE(answer.ok()) << answer.status();
}

TEST_F(SelectedRowsTest, TooManyPointsAreRefusedInAnyPart) {
  ReadLimits limits;
  limits.samples_max = 12'000;  // enough for what is read
  const DealtMetrics dealt(metrics_, 4);
  EXPECT_TRUE(Ask(dealt, "requests", {}, limits).ok());
  const auto expr = Parse("requests");
  const auto answer =
      Evaluator(dealt).Range(**expr, 5 * kMinute, 60 * kMinute, kMinute / 60, limits);
  EXPECT_EQ(answer.status().code(), StatusCode::kTooLarge) << answer.status();
}

}  // namespace
}  // namespace luma::promql
