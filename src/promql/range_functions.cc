#include "promql/range_functions.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "promql/bucket_spans.h"
#include "promql/histogram_annotations.h"
#include "promql/histogram_over_time.h"
#include "promql/histogram_rate.h"
#include "promql/over_time.h"
#include "promql/quantile.h"
#include "promql/rate.h"
#include "promql/regression.h"
#include "promql/rollup_windows.h"

namespace luma::promql {
namespace {

const RangeFunction* FindKernel(std::string_view name) {
  for (const std::span<const RangeFunction> family :
       {OverTimeFunctions(), RateFunctions(), RegressionFunctions()}) {
    for (const RangeFunction& function : family) {
      if (function.name == name) return &function;
    }
  }
  return nullptr;
}

// Null for functions that ignore histograms or count them like floats.
HistogramKernel FindHistogramKernel(std::string_view name) {
  for (const std::span<const HistogramFunction> family :
       {HistogramOverTimeFunctions(), HistogramRateFunctions()}) {
    for (const HistogramFunction& function : family) {
      if (function.name == name) return function.kernel;
    }
  }
  return nullptr;
}

// None when there is no memory for them; the meter then says so.
RangeSeries FloatsOf(const RangeSeries& series, WorkMeter& meter) {
  RangeSeries floats{
      .labels = series.labels, .drop_name = series.drop_name, .times = {}, .values = {}};
  const auto count = static_cast<size_t>(std::ranges::count(series.histograms, nullptr));
  const size_t start_bytes = series.start_times.empty() ? 0 : sizeof(UnixMillis);
  if (count == 0 || !meter.Book(count * (sizeof(Sample) + start_bytes))) return floats;
  floats.times.reserve(count);
  floats.values.reserve(count);
  size_t bucket = 0;
  for (size_t i = 0; i < series.times.size(); ++i) {
    if (series.histograms[i] != nullptr) continue;
    if (bucket < series.rollups.size() && series.rollups[bucket].point == i) {
      floats.rollups.push_back(series.rollups[bucket++]);
      floats.rollups.back().point = floats.values.size();
    }
    floats.times.push_back(series.times[i]);
    floats.values.push_back(series.values[i]);
    if (!series.start_times.empty()) floats.start_times.push_back(series.start_times[i]);
  }
  return floats;
}

void InformAboutIgnored(const RangeValue& range, const RangeSeries& series,
                        Annotations& annotations) {
  ForEachWindow(range, series, [&](size_t, const Window& window) {
    if (window.kind() != WindowKind::kBoth) return;
    InformAboutIgnoredInRange(series.labels.metric_name(), annotations);
  });
}

// rate() of a gauge is a common mistake, and counters have names that tell.
void InformAboutNames(const RangeValue& range, Annotations& annotations) {
  std::set<std::string> names;
  for (const RangeSeries& series : range.series) {
    const std::string_view name = series.labels.metric_name();
    const bool is_float = series.histograms.empty();
    if (!is_float || name.empty() || !names.emplace(name).second) continue;
    if (series.labels.Get("__type__") == "counter") continue;
    if (name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") ||
        name.ends_with("_bucket")) {
      continue;
    }
    annotations.Inform(
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"" +
        std::string(name) + "\"");
  }
}

Status CheckArguments(std::string_view name, std::span<const ScalarColumn> scalars,
                      Annotations& annotations) {
  if (name == "quantile_over_time") WarnAboutQuantiles(scalars[0], annotations);
  if (name == "double_exponential_smoothing" || name == "holt_winters") {
    return CheckSmoothingFactors(scalars);
  }
  return Status::Ok();
}

// Calls a function for one series after the other, rolled up or not.
class SeriesCaller {
 public:
  SeriesCaller(const RangeFunction& function, const RangeCall& call, Annotations& annotations)
      : function_(function),
        of_rollups_(call.range.edges == RangeEdges::kPlain ? FindRollupFunction(function.name)
                                                           : nullptr),
        of_histograms_(FindHistogramKernel(function.name)),
        call_(call),
        annotations_(annotations) {}

  void Call(const RangeSeries& series, size_t row, VectorValue& out) {
    if (series.histograms.empty() || function_.counts_any_kind) {
      return CallOfFloats(series, row, out);
    }
    CallOfFloats(FloatsOf(series, *call_.range.meter), row, out);
    if (of_histograms_ != nullptr) {
      of_histograms_(call_, series, row, out, annotations_);
    } else {
      InformAboutIgnored(call_.range, series, annotations_);
    }
  }

 private:
  void CallOfFloats(const RangeSeries& series, size_t row, VectorValue& out) {
    if (series.rollups.empty()) {
      function_.kernel(call_, series, row, out);
    } else if (of_rollups_ == nullptr) {
      function_.kernel(call_, series, row, out);
      annotations_.Inform("samples are rolled up: " + std::string(function_.name) +
                          " sees the last one of each bucket");
    } else {
      CallRollupFunction(of_rollups_, call_.range, series, row, out);
      const BucketSpans buckets(series.rollups);
      if (CutBuckets(call_.range, buckets)) CallOfCutBuckets(buckets, row, out);
    }
  }

  void CallOfCutBuckets(const BucketSpans& buckets, size_t row, VectorValue& out) {
    if (function_.name != "present_over_time") {
      return annotations_.Inform(
          "samples are rolled up: a bucket that reaches over the edge of a range counts where its "
          "last sample lies; rates have the share of it that lies in the range");
    }
    ForEachReachedWindow(call_.range, buckets, [&](size_t step) { out.Set(row, step, 1); });
    InformAboutPresence(annotations_);
  }

  const RangeFunction& function_;
  const RollupFunction of_rollups_;      // null: it needs the samples themselves
  const HistogramKernel of_histograms_;  // null: it ignores histograms or counts them like floats
  const RangeCall& call_;
  Annotations& annotations_;
};

Result<RangeValue> RangeArgument(NodeEvaluator& evaluator, const RangeFunction& function,
                                 const Expr& argument) {
  EvaluationContext& context = evaluator.context();
  // Values that a subquery computes began nowhere.
  const bool is_selector = std::holds_alternative<MatrixSelector>(Unwrapped(argument).node);
  context.set_wants_start_times(function.wants_start_times && is_selector &&
                                context.counts_by_start_times());
  Result<RangeValue> range = evaluator.Range(argument);
  context.set_wants_start_times(false);
  return range;
}

Result<VectorValue> CallRangeFunction(NodeEvaluator& evaluator, const Call& call) {
  EvaluationContext& context = evaluator.context();
  const RangeFunction& function = *FindKernel(call.function->name);
  RangeValue range;
  std::vector<ScalarColumn> scalars;
  for (const ExprPtr& argument : call.arguments) {
    if (argument->type == ValueType::kMatrix) {
      LUMA_ASSIGN_OR_RETURN(range, RangeArgument(evaluator, function, *argument));
    } else {
      LUMA_ASSIGN_OR_RETURN(ScalarColumn column, evaluator.Scalar(*argument));
      scalars.push_back(std::move(column));
    }
  }
  if (!range.series.empty()) {
    LUMA_RETURN_IF_ERROR(CheckArguments(function.name, scalars, context.annotations()));
  }
  LUMA_RETURN_IF_ERROR(context.Book(range.series.size(), evaluator.steps().count));
  VectorValue out(evaluator.steps().count, &context.meter());
  out.Reserve(range.series.size());
  const RangeCall range_call{.range = range,
                             .steps = evaluator.steps(),
                             .scalars = scalars,
                             .annotations = context.annotations()};
  SeriesCaller caller(function, range_call, context.annotations());
  for (RangeSeries& series : range.series) {
    const bool drop_name = series.drop_name || !function.keeps_name;
    const size_t row = out.AddRow(series.labels, drop_name);
    caller.Call(series, row, out);
    if (out.IsEmptyRow(row)) out.RemoveLastRow();
    LUMA_RETURN_IF_ERROR(context.CheckDeadline());
  }
  if (function.name == "rate" || function.name == "increase") {
    InformAboutNames(range, context.annotations());
  }
  return out;
}

}  // namespace

VectorFunction FindRangeFunction(std::string_view name) {
  return FindKernel(name) == nullptr ? nullptr : CallRangeFunction;
}

}  // namespace luma::promql
