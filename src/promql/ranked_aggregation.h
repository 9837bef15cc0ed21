// Aggregations that pick elements: topk, bottomk, limitk, limit_ratio.
#pragma once

#include <span>

#include "base/status.h"
#include "promql/ast.h"
#include "promql/evaluation_context.h"
#include "promql/row_groups.h"

namespace luma::promql {

// Keeps of each group what `op` picks at each step; parameters has a value for each step. The
// answer to an instant topk or bottomk is ordered by rank. Errors: kInvalidArgument for a parameter
// that is no integer within reach, or NaN.
Result<VectorValue> SelectRanked(EvaluationContext& context, AggregateOp op,
                                 std::span<const double> parameters,
                                 std::span<const RowGroup> groups, VectorValue input);

}  // namespace luma::promql
