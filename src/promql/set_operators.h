// and, or, unless.
#pragma once

#include "base/status.h"
#include "promql/ast.h"
#include "promql/vector_value.h"

namespace luma::promql {

// Series are matched once; what holds at each step follows from bitmaps. Errors: kInvalidArgument
// when both sides of "or" give equal labels at one step.
Result<VectorValue> ApplySetOperator(const Binary& binary, VectorValue left, VectorValue right);

}  // namespace luma::promql
