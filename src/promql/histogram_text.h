// A native histogram as the label that count_values() makes of it: {count:3, sum:4.5, (1,2]:3}.
#pragma once

#include <string>

#include "model/float_histogram.h"

namespace luma::promql {

std::string HistogramText(const FloatHistogram& histogram);

}  // namespace luma::promql
