#include "rules/rule_queries.h"

#include <utility>

#include "promql/parser.h"

namespace luma::rules {

ReadLimits RuleQueries::Limits(ResultMemory* memory) const {
  return {.samples_max = options_.samples_max,
          .deadline = std::chrono::steady_clock::now() + options_.timeout,
          .memory = memory};
}

Result<std::vector<RuleSample>> RuleQueries::At(const promql::Expr& expr, UnixMillis time) const {
  const std::unique_ptr<ResultMemory> memory = options_.memory ? options_.memory() : nullptr;
  const promql::Evaluator evaluator(source_, options_.evaluator);
  LUMA_ASSIGN_OR_RETURN(promql::QueryValue value,
                        evaluator.Instant(expr, time, Limits(memory.get())));
  std::vector<RuleSample> samples;
  switch (value.type) {
    case promql::ValueType::kScalar:
      samples.push_back({.labels = {}, .value = value.scalar});
      return samples;
    case promql::ValueType::kVector:
      for (SeriesSamples& series : value.series) {
        if (!series.histograms.empty() && series.histograms.front() != nullptr) {
          return Status::Unsupported("a native histogram cannot be the value of a rule");
        }
        samples.push_back({.labels = std::move(series.labels), .value = series.values.front()});
      }
      return samples;
    default:
      return Status::InvalidArgument("rule result is not a vector or scalar");
  }
}

Result<std::vector<RuleSample>> RuleQueries::At(std::string_view query, UnixMillis time) const {
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, promql::Parse(query));
  return At(*expr, time);
}

}  // namespace luma::rules
