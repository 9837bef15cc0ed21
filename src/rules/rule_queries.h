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
  Result<std::vector<RuleSample>> At(const promql::Expr& expr, UnixMillis time) const;
  // Also kSyntaxError.
  Result<std::vector<RuleSample>> At(std::string_view query, UnixMillis time) const;

  const MetricsSource& source() const { return source_; }
  ReadLimits Limits(ResultMemory* memory) const;

 private:
  const MetricsSource& source_;
  const RuleQueryOptions options_;
};

}  // namespace luma::rules
