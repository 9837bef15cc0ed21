// Functions of single values: abs(), ln(), clamp(), round() and the like.
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is none of them.
VectorFunction FindMathFunction(std::string_view name);

}  // namespace luma::promql
