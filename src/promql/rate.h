// How fast samples change: rate(), increase(), delta(), irate(), idelta(), changes(), resets().
#pragma once

#include <span>

#include "promql/range_functions.h"

namespace luma::promql {

std::span<const RangeFunction> RateFunctions();

}  // namespace luma::promql
