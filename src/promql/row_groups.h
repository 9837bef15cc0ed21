// The groups of an aggregation: found once for all steps.
#pragma once

#include <cstddef>
#include <vector>

#include "promql/ast.h"
#include "promql/vector_value.h"

namespace luma::promql {

struct RowGroup {
  Labels labels;
  bool drop_name = false;
  std::vector<size_t> rows;  // in the order of the vector
};

// In the order in which the groups first occur.
std::vector<RowGroup> GroupRows(const Aggregate& aggregate, const VectorValue& vector);

}  // namespace luma::promql
