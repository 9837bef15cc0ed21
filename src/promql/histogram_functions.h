// histogram_quantile() and its family, over classic histograms.
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is none of them. Functions that only native histograms can answer give nothing
// for floats, as in Prometheus.
VectorFunction FindHistogramFunction(std::string_view name);

}  // namespace luma::promql
