// Functions about time: timestamp(), hour(), month() and the like.
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is none of them.
VectorFunction FindTimeFunction(std::string_view name);

}  // namespace luma::promql
