// sort(), sort_desc(), sort_by_label(), sort_by_label_desc(): the order of an instant query's
// answer. Over a range, series are always ordered by their labels.
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is none of them.
VectorFunction FindSortFunction(std::string_view name);

// Digits compare as numbers: "4m5" before "4m600" before "4m1000". <0, 0, >0.
int CompareNaturally(std::string_view a, std::string_view b);

}  // namespace luma::promql
