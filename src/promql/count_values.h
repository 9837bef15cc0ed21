// count_values(): how often each value occurs.
#pragma once

#include "base/status.h"
#include "promql/node_evaluator.h"

namespace luma::promql {

// The value becomes a label. Errors: kInvalidArgument for a bad label name.
Result<VectorValue> CountValues(NodeEvaluator& evaluator, const Aggregate& aggregate);

}  // namespace luma::promql
