// The selectors of an expression.
#pragma once

#include <vector>

#include "model/matcher.h"
#include "promql/ast.h"

namespace luma::promql {

// The matchers of every vector and matrix selector in the tree, in the order of the text.
std::vector<Matchers> SelectorsOf(const Expr& expr);

}  // namespace luma::promql
