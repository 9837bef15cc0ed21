// sum, avg, topk and the others: aggregations of a vector.
#pragma once

#include "base/status.h"
#include "promql/node_evaluator.h"

namespace luma::promql {

// Rows are assigned to groups once; each group is then computed for all steps. Errors: those of the
// operands; kInvalidArgument for a parameter that cannot be.
Result<VectorValue> EvaluateAggregate(NodeEvaluator& evaluator, const Aggregate& aggregate);

}  // namespace luma::promql
