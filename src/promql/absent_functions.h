// absent() and absent_over_time(): something where there is nothing.
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is none of them.
VectorFunction FindAbsentFunction(std::string_view name);

}  // namespace luma::promql
