// The *_over_time() functions: what a window of samples adds up to.
#pragma once

#include <span>

#include "promql/range_functions.h"

namespace luma::promql {

std::span<const RangeFunction> OverTimeFunctions();

}  // namespace luma::promql
