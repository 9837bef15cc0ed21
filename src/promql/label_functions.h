// label_replace() and label_join().
#pragma once

#include "promql/vector_functions.h"

namespace luma::promql {

// Null when `name` is none of them.
VectorFunction FindLabelFunction(std::string_view name);

}  // namespace luma::promql
