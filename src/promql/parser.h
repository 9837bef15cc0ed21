// Parses PromQL text. The whole expression grammar is understood and type-checked, also what the
// evaluator does not support.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/status.h"
#include "promql/ast.h"

namespace luma::promql {

constexpr size_t kQueryBytesMax = 64 << 10;
// Of parentheses and operands while parsing, which recurses; a frame set takes about 1 KiB.
constexpr size_t kNestingMax = 250;
// Of the tree, which chains such as a+b+c+... also deepen; evaluation recurses over it.
constexpr size_t kTreeDepthMax = 1000;

// Errors: kSyntaxError in Prometheus' words, "1:5: parse error: unexpected ...", 1-based line and
// column (in bytes) of the offending part; kTooLarge above kQueryBytesMax.
Result<ExprPtr> Parse(std::string_view query);

// Parses one selector such as up{job="node"}, as the match[] parameters give it. Errors: as Parse.
Result<Matchers> ParseSelector(std::string_view text);

}  // namespace luma::promql
