// Evaluates the nodes of an expression, each once for all steps.
#pragma once

#include <string>
#include <vector>

#include "base/status.h"
#include "promql/ast.h"
#include "promql/evaluation_context.h"
#include "promql/range_value.h"
#include "promql/steps.h"
#include "promql/vector_value.h"

namespace luma::promql {

using ScalarColumn = std::vector<double>;  // one value for each step

// The expression inside any parentheses.
const Expr& Unwrapped(const Expr& expr);

// The type of an expression says which method fits; the others must not be called. Recursion is
// bounded by the depth limit of the parser.
// Threads: one at a time. Lifetime: the context outlives it.
class NodeEvaluator {
 public:
  NodeEvaluator(EvaluationContext& context, Steps steps) : context_(context), steps_(steps) {}

  Result<ScalarColumn> Scalar(const Expr& expr);
  Result<VectorValue> Vector(const Expr& expr);
  Result<RangeValue> Range(const Expr& expr);
  static std::string String(const Expr& expr);

  EvaluationContext& context() const { return context_; }
  const Steps& steps() const { return steps_; }

 private:
  Result<ScalarColumn> ScalarCall(const Call& call);
  Result<ScalarColumn> ScalarBinary(const Binary& binary);
  Result<VectorValue> VectorNode(const Expr& expr);
  Result<VectorValue> VectorBinary(const Binary& binary);
  Result<VectorValue> Negated(const Expr& operand);
  Result<RangeValue> SubqueryRange(const Subquery& subquery);

  EvaluationContext& context_;
  const Steps steps_;
};

}  // namespace luma::promql
