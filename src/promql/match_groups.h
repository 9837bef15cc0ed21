// The match groups of a binary operator: series whose matching labels are equal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "promql/ast.h"
#include "promql/label_edit.h"
#include "promql/vector_value.h"

namespace luma::promql {

struct MatchGroup {
  Labels labels;             // those that match
  std::vector<size_t> left;  // rows
  std::vector<size_t> right;
};

// Groups in the order in which they first occur, left side first.
std::vector<MatchGroup> GroupForMatching(const VectorMatching& matching, const VectorValue& left,
                                         const VectorValue& right);

}  // namespace luma::promql
