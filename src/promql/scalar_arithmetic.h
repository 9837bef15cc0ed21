// Binary operators on two numbers, as Go computes them.
#pragma once

#include "promql/ast.h"

namespace luma::promql {

// Comparisons give 0 or 1. Not for set operators.
double ApplyBinary(BinaryOp op, double left, double right);

}  // namespace luma::promql
