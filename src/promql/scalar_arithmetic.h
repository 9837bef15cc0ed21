// Operators on two numbers, as Go computes them.
#pragma once

#include "promql/ast.h"

namespace luma::promql {

// Comparisons give 0 or 1. Not for set operators.
double ApplyBinary(BinaryOp op, double left, double right);

// Go's math.Min and math.Max: NaN when either is, unless the other decides anyway.
double LesserOrNan(double a, double b);
double GreaterOrNan(double a, double b);

}  // namespace luma::promql
