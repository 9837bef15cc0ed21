#include "promql/absent_functions.h"

#include <set>
#include <utility>

#include "promql/bucket_spans.h"
#include "promql/label_edit.h"

namespace luma::promql {
namespace {

const Matchers* MatchersOf(const Expr& expr) {
  if (const auto* const vector = std::get_if<VectorSelector>(&expr.node)) {
    return &vector->matchers;
  }
  if (const auto* const matrix = std::get_if<MatrixSelector>(&expr.node)) {
    return &matrix->vector.matchers;
  }
  return nullptr;
}

// The labels the selector fixes, each by one matcher alone.
Result<Labels> LabelsOfAbsent(const Expr& argument) {
  const Matchers* const matchers = MatchersOf(argument);
  if (matchers == nullptr) return Labels();
  LabelEdit edit;
  std::set<std::string> seen;
  for (const Matcher& matcher : *matchers) {
    if (matcher.name() == kMetricNameLabel) continue;
    const bool fixed = matcher.op() == MatchOp::kEqual && !seen.contains(matcher.name());
    edit.Set(matcher.name(), fixed ? matcher.value() : "");
    if (fixed) seen.insert(matcher.name());
  }
  return edit.Take();
}

Result<VectorValue> AbsentAt(const Steps& steps, const Presence& present, const Expr& argument) {
  LUMA_ASSIGN_OR_RETURN(Labels labels, LabelsOfAbsent(argument));
  VectorValue out(steps.count);
  const size_t row = out.AddRow(std::move(labels), false);
  for (size_t step = 0; step < steps.count; ++step) {
    const bool found = step / 64 < present.size() && (present[step / 64] >> (step % 64) & 1) != 0;
    if (!found) out.Set(row, step, 1);
  }
  if (out.IsEmptyRow(row)) out.RemoveLastRow();
  return out;
}

Result<VectorValue> Absent(NodeEvaluator& evaluator, const Call& call) {
  const Expr& argument = Unwrapped(*call.arguments[0]);
  LUMA_ASSIGN_OR_RETURN(const VectorValue vector, evaluator.Vector(argument));
  Presence present;
  for (size_t row = 0; row < vector.size(); ++row) AddTo(present, vector.presence(row));
  return AbsentAt(evaluator.steps(), present, argument);
}

Result<VectorValue> AbsentOverTime(NodeEvaluator& evaluator, const Call& call) {
  const Expr& argument = Unwrapped(*call.arguments[0]);
  LUMA_ASSIGN_OR_RETURN(const RangeValue range, evaluator.Range(argument));
  Presence present(evaluator.steps().count / 64 + 1);
  const auto mark = [&](size_t step) { present[step / 64] |= uint64_t{1} << (step % 64); };
  for (const RangeSeries& series : range.series) {
    ForEachWindow(range, series, [&](size_t step, const Window&) { mark(step); });
    const BucketSpans buckets(series.rollups);
    ForEachReachedWindow(range, buckets, mark);
    if (CutBuckets(range, buckets)) InformAboutPresence(evaluator.context().annotations());
    LUMA_RETURN_IF_ERROR(evaluator.context().CheckDeadline());
  }
  return AbsentAt(evaluator.steps(), present, argument);
}

}  // namespace

VectorFunction FindAbsentFunction(std::string_view name) {
  if (name == "absent") return Absent;
  return name == "absent_over_time" ? AbsentOverTime : nullptr;
}

}  // namespace luma::promql
