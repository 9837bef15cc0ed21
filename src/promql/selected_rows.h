// The rows that selected series give, part after part of the selection, so that their samples are
// never in memory all at once; parts may be read by several threads.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "base/status.h"
#include "model/matcher.h"
#include "model/metrics_source.h"
#include "promql/annotations.h"
#include "promql/evaluation_context.h"
#include "promql/vector_value.h"
#include "promql/work_meter.h"

namespace luma::promql {

// Where the rows of one part go, and what its maker uses instead of what the context has.
struct RowSink {
  VectorValue rows;
  Annotations& annotations;
  WorkMeter& meter;
};

// Takes one series and adds the row it gives, if any; the row is booked. Staleness markers are
// there.
using AddRow = std::function<Status(SeriesSamples series)>;
// Called for each part, by the thread that reads it. Lifetime: the sink outlives what it gives.
using MakeAddRow = std::function<AddRow(RowSink& sink)>;

// Ordered by CompareLabels. Errors: those of MetricsSource::Select and of what adds rows, and
// kTooLarge for too many points.
Result<VectorValue> RowsOfSelected(EvaluationContext& context, size_t step_count,
                                   const Matchers& matchers, TimeRange range,
                                   const MakeAddRow& make_add_row);

// All series of a selection, ordered by CompareLabels.
Result<std::vector<SeriesSamples>> ReadSelected(EvaluationContext& context,
                                                const Matchers& matchers, TimeRange range);

}  // namespace luma::promql
