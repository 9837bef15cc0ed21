// info(): joins the labels of info metrics, such as target_info, to series of the same target.
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is another function.
VectorFunction FindInfoFunction(std::string_view name);

}  // namespace luma::promql
