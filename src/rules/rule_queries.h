// Queries of rules.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "model/metrics_source.h"
#include "promql/evaluator.h"

namespace luma::rules {

struct RuleSample {
  Labels labels;
  double value = 0;
  HistogramPtr histogram = nullptr;  // then it is the value, and `value` is 0
};

struct RuleVector {
  std::vector<RuleSample> samples;
  std::unique_ptr<ResultMemory> memory = nullptr;  // of the samples, when it is booked
};

struct RuleQueryOptions {
  std::chrono::milliseconds timeout{120'000};
  uint64_t samples_max = 50'000'000;
  promql::EvaluatorOptions evaluator = {};
  // Where the memory of one query is booked; null: nowhere.
  std::function<std::unique_ptr<ResultMemory>()> memory = {};
};

// Threads: any; each call blocks on storage. Lifetime: the source outlives it.
class RuleQueries {
 public:
  RuleQueries(const MetricsSource& source, RuleQueryOptions options)
      : source_(source), options_(std::move(options)) {}

  // The vector at `time`; a scalar is a vector of one sample without labels. Errors:
  // kInvalidArgument for another type of result, and those of promql::Evaluator.
  Result<RuleVector> At(const promql::Expr& expr, UnixMillis time) const;
  // Also kSyntaxError.
  Result<RuleVector> At(std::string_view query, UnixMillis time) const;

  const MetricsSource& source() const { return source_; }
  ReadLimits Limits(ResultMemory* memory) const;

 private:
  const MetricsSource& source_;
  const RuleQueryOptions options_;
};

}  // namespace luma::rules
