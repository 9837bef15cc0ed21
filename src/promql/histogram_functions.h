// histogram_quantile() and its family, over classic and native histograms.
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is none of them.
VectorFunction FindHistogramFunction(std::string_view name);

}  // namespace luma::promql
