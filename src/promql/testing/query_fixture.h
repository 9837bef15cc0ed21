// A store in memory to ask PromQL questions, with answers as text.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "model/testing/memory_metrics.h"
#include "promql/evaluator.h"
#include "promql/float_text.h"
#include "promql/parser.h"
#include "promql/testing/histogram_notation.h"

namespace luma::promql {

constexpr int64_t kMinuteMs = 60'000;

class QueryFixture : public testing::Test {
 protected:
  // One sample a minute from time 0.
  void Load(std::string_view series, const std::vector<double>& values) {
    const ExprPtr selector = Parse(series).value();
    std::vector<LabelRef> labels;
    for (const Matcher& matcher : std::get<VectorSelector>(selector->node).matchers) {
      labels.push_back({matcher.name(), matcher.value()});
    }
    std::vector<Sample> samples;
    for (size_t i = 0; i < values.size(); ++i) {
      samples.push_back({.timestamp = static_cast<int64_t>(i) * kMinuteMs, .value = values[i]});
    }
    metrics_.Add(labels, samples);
  }

  // Likewise, with histograms in the test language: "{{count:3 buckets:[1 2]}}".
  void LoadHistograms(std::string_view series, const std::vector<FloatHistogram>& histograms,
                      int64_t first_minute = 0) {
    const ExprPtr selector = Parse(series).value();
    std::vector<LabelRef> labels;
    for (const Matcher& matcher : std::get<VectorSelector>(selector->node).matchers) {
      labels.push_back({matcher.name(), matcher.value()});
    }
    for (size_t i = 0; i < histograms.size(); ++i) {
      metrics_.AddHistogram(labels, (first_minute + static_cast<int64_t>(i)) * kMinuteMs,
                            histograms[i]);
    }
  }

  // "m{a="1"} 5; m{a="2"} 6", or the error.
  std::string At(int64_t minute, std::string_view query) {
    const Result<ExprPtr> expr = Parse(query);
    if (!expr.ok()) return std::string(expr.status().message());
    return Text(evaluator_.Instant(**expr, minute * kMinuteMs, {}));
  }
  // Every minute: "m 1 _ 3".
  std::string Over(int64_t first_minute, int64_t last_minute, std::string_view query) {
    const Result<ExprPtr> expr = Parse(query);
    if (!expr.ok()) return std::string(expr.status().message());
    return Text(
        evaluator_.Range(**expr, first_minute * kMinuteMs, last_minute * kMinuteMs, kMinuteMs, {}),
        first_minute, last_minute);
  }
  QueryValue Ask(int64_t minute, std::string_view query) {
    return evaluator_.Instant(*Parse(query).value(), minute * kMinuteMs, {}).value();
  }

  MemoryMetrics metrics_;
  Evaluator evaluator_{metrics_};

 private:
  static std::string SampleText(const SeriesSamples& series, size_t i) {
    const bool is_histogram = !series.histograms.empty() && series.histograms[i] != nullptr;
    return is_histogram ? InNotation(*series.histograms[i]) : FloatText(series.values[i]);
  }
  static std::string Text(const Result<QueryValue>& value, int64_t first = 0, int64_t last = -1) {
    if (!value.ok()) return std::string(value.status().message());
    if (value->type == ValueType::kScalar) return FloatText(value->scalar);
    if (value->type == ValueType::kString) return value->string;
    std::string text;
    for (const SeriesSamples& series : value->series) {
      if (!text.empty()) text += "; ";
      text += series.labels.ToString();
      if (last < first) {
        for (size_t i = 0; i < series.values.size(); ++i) text += " " + SampleText(series, i);
        continue;
      }
      size_t next = 0;
      for (int64_t minute = first; minute <= last; ++minute) {
        const bool has =
            next < series.timestamps.size() && series.timestamps[next] == minute * kMinuteMs;
        text += has ? " " + SampleText(series, next++) : " _";
      }
    }
    return text;
  }
};

}  // namespace luma::promql
