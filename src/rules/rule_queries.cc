#include "rules/rule_queries.h"

#include <utility>

#include "promql/parser.h"

namespace luma::rules {
namespace {

RuleSample SampleOf(SeriesSamples series) {
  if (series.histograms.empty() || series.histograms.front() == nullptr) {
    return {.labels = std::move(series.labels), .value = series.values.front()};
  }
  return {.labels = std::move(series.labels), .histogram = std::move(series.histograms.front())};
}

}  // namespace

ReadLimits RuleQueries::Limits(ResultMemory* memory) const {
  return {.samples_max = options_.samples_max,
          .deadline = std::chrono::steady_clock::now() + options_.timeout,
          .memory = memory};
}

Result<RuleVector> RuleQueries::At(const promql::Expr& expr, UnixMillis time) const {
  RuleVector vector;
  if (options_.memory) vector.memory = options_.memory();
  const promql::Evaluator evaluator(source_, options_.evaluator);
  LUMA_ASSIGN_OR_RETURN(promql::QueryValue value,
                        evaluator.Instant(expr, time, Limits(vector.memory.get())));
  switch (value.type) {
    case promql::ValueType::kScalar:
      vector.samples.push_back({.labels = {}, .value = value.scalar});
      return vector;
    case promql::ValueType::kVector:
      for (SeriesSamples& series : value.series) {
        vector.samples.push_back(SampleOf(std::move(series)));
      }
      return vector;
    default:
      return Status::InvalidArgument("rule result is not a vector or scalar");
  }
}

Result<RuleVector> RuleQueries::At(std::string_view query, UnixMillis time) const {
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, promql::Parse(query));
  return At(*expr, time);
}

}  // namespace luma::rules
