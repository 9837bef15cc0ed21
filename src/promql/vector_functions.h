// The functions that give instant vectors, by name.
#pragma once

#include <string_view>

#include "base/status.h"
#include "promql/node_evaluator.h"

namespace luma::promql {

using VectorFunction = Result<VectorValue> (*)(NodeEvaluator&, const Call&);

// Errors: those of the arguments and of the function.
Result<VectorValue> CallVector(NodeEvaluator& evaluator, const Call& call);

}  // namespace luma::promql
