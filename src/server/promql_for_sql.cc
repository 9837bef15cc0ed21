#include "server/promql_for_sql.h"

#include <utility>

#include "promql/histogram_text.h"
#include "promql/parser.h"

namespace luma::server {
namespace {

using promql::QueryValue;
using promql::ValueType;

Status CheckSteps(const sql::PromqlQuestion& question, uint64_t steps_max) {
  const uint64_t span = static_cast<uint64_t>(question.end) - static_cast<uint64_t>(question.start);
  if (span / static_cast<uint64_t>(question.step_ms) < steps_max) return Status::Ok();
  return Status::TooLarge("query has too many steps: limit=", steps_max);
}

Result<sql::PromqlAnswer> AnswerOf(QueryValue value) {
  if (value.type == ValueType::kString) {
    return Status::InvalidArgument("the expression is a string, which has no samples");
  }
  if (value.type == ValueType::kScalar) {
    value.series.push_back({.labels = {}, .timestamps = {value.time}, .values = {value.scalar}});
  }
  return sql::PromqlAnswer{.series = std::move(value.series),
                           .warnings = std::move(value.warnings),
                           .infos = std::move(value.infos)};
}

}  // namespace

Result<sql::PromqlAnswer> PromqlForSql::Ask(const sql::PromqlQuestion& question,
                                            const MetricsSource& source,
                                            ResultMemory& memory) const {
  LUMA_ASSIGN_OR_RETURN(const promql::ExprPtr expr, promql::Parse(question.query));
  const promql::Evaluator evaluator(source, options_);
  const ReadLimits limits{.samples_max = samples_max_, .memory = &memory};
  if (question.step_ms == 0) {
    LUMA_ASSIGN_OR_RETURN(QueryValue value, evaluator.Instant(*expr, question.start, limits));
    return AnswerOf(std::move(value));
  }
  LUMA_RETURN_IF_ERROR(CheckSteps(question, samples_max_));
  LUMA_ASSIGN_OR_RETURN(QueryValue value, evaluator.Range(*expr, question.start, question.end,
                                                          question.step_ms, limits));
  return AnswerOf(std::move(value));
}

std::string PromqlForSql::HistogramText(const FloatHistogram& histogram) const {
  return promql::HistogramText(histogram);
}

}  // namespace luma::server
