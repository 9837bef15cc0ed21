// PromQL as SQL's promql() asks it.
#pragma once

#include <cstdint>
#include <string>

#include "promql/evaluator.h"
#include "sql/promql_engine.h"

namespace luma::server {

// Threads: any. A question may have more steps than the HTTP API allows; samples_max bounds what is
// read and, as there, what is given.
class PromqlForSql final : public sql::PromqlEngine {
 public:
  explicit PromqlForSql(promql::EvaluatorOptions options, uint64_t samples_max = 50'000'000)
      : options_(options), samples_max_(samples_max) {}

  Result<sql::PromqlAnswer> Ask(const sql::PromqlQuestion& question, const MetricsSource& source,
                                ResultMemory& memory) const override;
  std::string HistogramText(const FloatHistogram& histogram) const override;

 private:
  const promql::EvaluatorOptions options_;
  const uint64_t samples_max_;
};

}  // namespace luma::server
