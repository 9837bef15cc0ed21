// The *_over_time() functions over windows that hold native histograms.
#pragma once

#include <span>

#include "promql/range_functions.h"

namespace luma::promql {

// Those whose result depends on histograms; the others count or ignore them.
std::span<const HistogramFunction> HistogramOverTimeFunctions();

}  // namespace luma::promql
