// Trends: deriv(), predict_linear(), double_exponential_smoothing().
#pragma once

#include <span>

#include "promql/range_functions.h"

namespace luma::promql {

std::span<const RangeFunction> RegressionFunctions();

// Errors: kInvalidArgument when a factor is not between 0 and 1.
Status CheckSmoothingFactors(std::span<const ScalarColumn> factors);

}  // namespace luma::promql
