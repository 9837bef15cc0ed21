// Selectors at all steps at once: storage decodes each series once for the whole query.
#pragma once

#include "base/status.h"
#include "model/metrics_source.h"
#include "promql/ast.h"
#include "promql/evaluation_context.h"
#include "promql/range_value.h"
#include "promql/vector_value.h"

namespace luma::promql {

// kTime: seconds of the sample found; kFloatTime: the same, histograms are an error; kStartTime:
// since when it counts, 0 when that is not known.
enum class SampleField : uint8_t { kValue, kTime, kFloatTime, kStartTime };

// The latest sample within the lookback of each step, unless it is a staleness marker; of a
// smoothed selector the value between the samples around. Ordered by CompareLabels.
Result<VectorValue> SelectVector(EvaluationContext& context, const Steps& steps,
                                 const VectorSelector& selector, SampleField field);

// A range selector before its series are read.
struct RangeSelection {
  RangeValue windows;  // without series
  TimeRange samples;   // all that windows see
};
Result<RangeSelection> SelectionOf(EvaluationContext& context, const Steps& steps,
                                   const MatrixSelector& selector);
RangeSeries ToRangeSeries(SeriesSamples series);

// Ordered by CompareLabels; series without samples may be among them.
Result<RangeValue> SelectRange(EvaluationContext& context, const Steps& steps,
                               const MatrixSelector& selector);

// Where the windows of a range lie: all of a RangeValue but its series.
Result<RangeValue> RangeWindows(EvaluationContext& context, const Steps& steps,
                                const Duration& length, const TimeShift& shift);

}  // namespace luma::promql
