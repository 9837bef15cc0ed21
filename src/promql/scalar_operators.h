// Operators between a vector and a scalar, and the way from one to the other.
#pragma once

#include <cstdint>
#include <vector>

#include "promql/annotations.h"
#include "promql/ast.h"
#include "promql/vector_value.h"

namespace luma::promql {

enum class ScalarSide : uint8_t { kLeft, kRight };

// Comparisons without "bool" keep the elements for which they hold, with the value of the vector.
VectorValue ApplyScalar(const Binary& binary, VectorValue vector, const std::vector<double>& scalar,
                        ScalarSide side, Annotations& annotations);

// scalar(): the value at each step that has exactly one element, else NaN. No element may be a
// histogram.
std::vector<double> SoleElements(const VectorValue& vector);

}  // namespace luma::promql
