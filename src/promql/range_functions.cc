#include "promql/range_functions.h"

#include <algorithm>
#include <memory>
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
#include "promql/selected_rows.h"
#include "promql/selector_evaluation.h"

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
void InformAboutName(const RangeSeries& series, Annotations& annotations) {
  const std::string_view name = series.labels.metric_name();
  const bool is_float = series.histograms.empty();
  if (!is_float || name.empty() || series.labels.Get("__type__") == "counter") return;
  if (name.ends_with("_total") || name.ends_with("_sum") || name.ends_with("_count") ||
      name.ends_with("_bucket")) {
    return;
  }
  annotations.Inform(
      "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: \"" +
      std::string(name) + "\"");
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

// Adds a row for each series that the function has values of.
class RowAdder {
 public:
  // `windows` need no series.
  RowAdder(const RangeFunction& function, const RangeValue& windows, const Steps& steps,
           std::span<const ScalarColumn> scalars, RowSink& sink)
      : function_(function),
        windows_(windows),
        call_{
            .range = windows_, .steps = steps, .scalars = scalars, .annotations = sink.annotations},
        caller_(function, call_, sink.annotations),
        sink_(sink) {
    windows_.meter = &sink.meter;
  }
  RowAdder(const RowAdder&) = delete;
  RowAdder& operator=(const RowAdder&) = delete;

  Status Add(RangeSeries series) {
    if (!checked_) {
      LUMA_RETURN_IF_ERROR(CheckArguments(function_.name, call_.scalars, sink_.annotations));
      checked_ = true;
    }
    if (function_.name == "rate" || function_.name == "increase") {
      InformAboutName(series, sink_.annotations);
    }
    const bool drop_name = series.drop_name || !function_.keeps_name;
    const size_t row = sink_.rows.AddRow(series.labels, drop_name);
    caller_.Call(series, row, sink_.rows);
    if (sink_.rows.IsEmptyRow(row)) sink_.rows.RemoveLastRow();
    return sink_.meter.Check();
  }

 private:
  const RangeFunction& function_;
  RangeValue windows_;
  const RangeCall call_;
  SeriesCaller caller_;
  RowSink& sink_;
  bool checked_ = false;  // arguments do not matter where there are no series
};

Result<VectorValue> CallOfSelected(NodeEvaluator& evaluator, const RangeFunction& function,
                                   const MatrixSelector& selector,
                                   std::span<const ScalarColumn> scalars) {
  EvaluationContext& context = evaluator.context();
  const Steps& steps = evaluator.steps();
  LUMA_ASSIGN_OR_RETURN(const RangeSelection selection, SelectionOf(context, steps, selector));
  if (steps.count == 0) return VectorValue(0, &context.meter());
  context.set_wants_start_times(function.wants_start_times && context.counts_by_start_times());
  Result<VectorValue> rows = RowsOfSelected(
      context, steps.count, selector.vector.matchers, selection.samples, [&](RowSink& sink) {
        const auto adder =
            std::make_shared<RowAdder>(function, selection.windows, steps, scalars, sink);
        return
            [adder](SeriesSamples series) { return adder->Add(ToRangeSeries(std::move(series))); };
      });
  context.set_wants_start_times(false);
  return rows;
}

Result<VectorValue> CallOfSubquery(NodeEvaluator& evaluator, const RangeFunction& function,
                                   const Expr& subquery, std::span<const ScalarColumn> scalars) {
  EvaluationContext& context = evaluator.context();
  const Steps& steps = evaluator.steps();
  LUMA_ASSIGN_OR_RETURN(RangeValue range, evaluator.Range(subquery));
  std::vector<RangeSeries> found = std::move(range.series);
  range.series.clear();
  LUMA_RETURN_IF_ERROR(context.Book(found.size(), steps.count));
  RowSink sink{.rows = VectorValue(steps.count, &context.meter()),
               .annotations = context.annotations(),
               .meter = context.meter()};
  sink.rows.Reserve(found.size());
  RowAdder adder(function, range, steps, scalars, sink);
  for (RangeSeries& series : found) LUMA_RETURN_IF_ERROR(adder.Add(std::move(series)));
  return std::move(sink.rows);
}

Result<VectorValue> CallRangeFunction(NodeEvaluator& evaluator, const Call& call) {
  const RangeFunction& function = *FindKernel(call.function->name);
  const Expr* range = nullptr;
  std::vector<ScalarColumn> scalars;
  for (const ExprPtr& argument : call.arguments) {
    if (argument->type == ValueType::kMatrix) {
      range = &Unwrapped(*argument);
    } else {
      LUMA_ASSIGN_OR_RETURN(ScalarColumn column, evaluator.Scalar(*argument));
      scalars.push_back(std::move(column));
    }
  }
  if (const auto* const selector = std::get_if<MatrixSelector>(&range->node)) {
    return CallOfSelected(evaluator, function, *selector, scalars);
  }
  return CallOfSubquery(evaluator, function, *range, scalars);
}

}  // namespace

VectorFunction FindRangeFunction(std::string_view name) {
  return FindKernel(name) == nullptr ? nullptr : CallRangeFunction;
}

}  // namespace luma::promql
