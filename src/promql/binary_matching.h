// Arithmetic and comparison between two vectors.
#pragma once

#include "base/status.h"
#include "promql/ast.h"
#include "promql/evaluation_context.h"
#include "promql/vector_value.h"

namespace luma::promql {

// Matches series once and computes all steps of each pair. Rows come in the order of match groups.
// Errors: kInvalidArgument in Prometheus' words when the matching is not unique at some step; those
// of EvaluationContext::Book.
Result<VectorValue> MatchVectors(EvaluationContext& context, const Binary& binary,
                                 const VectorValue& left, const VectorValue& right);

}  // namespace luma::promql
