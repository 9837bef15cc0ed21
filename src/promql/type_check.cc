#include "promql/internal/type_check.h"

#include <algorithm>

namespace luma::promql {
namespace {

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

bool IsScalarOrVector(const Expr& expr) {
  return expr.type == ValueType::kScalar || expr.type == ValueType::kVector;
}

std::string CheckVectorMatching(const Binary& binary, bool both_vectors, bool has_matching) {
  const VectorMatching& matching = binary.matching;
  if (has_matching && !both_vectors) {
    return "vector matching only allowed between instant vectors";
  }
  if (IsSetOperator(binary.op) && matching.grouping != Grouping::kNone) {
    return "no grouping allowed for " + Quoted(BinaryOpText(binary.op)) + " operation";
  }
  if (IsSetOperator(binary.op) && (matching.fill_left || matching.fill_right)) {
    return "filling in missing series not allowed for set operators";
  }
  for (const std::string& label : matching.include) {
    if (matching.on && std::count(matching.labels.begin(), matching.labels.end(), label) > 0) {
      return "label " + Quoted(label) + " must not occur in ON and GROUP clause at once";
    }
  }
  return "";
}

std::string CheckArgumentCount(const Call& call) {
  const Function& function = *call.function;
  const size_t most = function.parameters.size();
  const size_t least =
      most - function.optional - (function.variadic && function.optional == 0 ? 1 : 0);
  const size_t given = call.arguments.size();
  if (given >= least && (given <= most || function.variadic)) return "";
  const bool too_few = given < least;
  const std::string_view bound = least == most ? "" : too_few ? "at least " : "at most ";
  return "expected " + std::string(bound) + std::to_string(too_few ? least : most) +
         " argument(s) in call to " + Quoted(function.name) + ", got " + std::to_string(given);
}

std::string CheckInfo(const Call& call) {
  const bool ok = call.function->name != "info" || call.arguments.size() < 2 ||
                  std::holds_alternative<VectorSelector>(call.arguments[1]->node);
  return ok ? "" : "expected label selectors as the second argument to \"info\" function";
}

// Only functions that know what lies beyond a range can take an anchored or smoothed one.
std::string CheckEdges(const Call& call) {
  const auto one_of = [&](std::initializer_list<std::string_view> names) {
    return std::find(names.begin(), names.end(), call.function->name) != names.end();
  };
  for (const ExprPtr& argument : call.arguments) {
    const Expr* inner = argument.get();
    while (const auto* const paren = std::get_if<Paren>(&inner->node)) inner = paren->expr.get();
    const auto* const matrix = std::get_if<MatrixSelector>(&inner->node);
    if (matrix == nullptr || matrix->vector.edges == RangeEdges::kPlain) continue;
    const bool anchored = matrix->vector.edges == RangeEdges::kAnchored;
    if (one_of({"delta", "increase", "rate"})) continue;
    if (anchored && one_of({"changes", "resets"})) continue;
    return std::string(anchored ? "anchored" : "smoothed") + " modifier can only be used with: " +
           (anchored ? "changes, delta, increase, rate, resets" : "delta, increase, rate") +
           " - not with " + std::string(call.function->name);
  }
  return "";
}

}  // namespace

std::string CheckBinary(const Binary& binary, bool has_matching) {
  if (binary.return_bool && !IsComparison(binary.op)) {
    return "bool modifier can only be used on comparison operators";
  }
  if (!IsScalarOrVector(*binary.left) || !IsScalarOrVector(*binary.right)) {
    return "binary expression must contain only scalar and instant vector types";
  }
  const bool left_scalar = binary.left->type == ValueType::kScalar;
  const bool right_scalar = binary.right->type == ValueType::kScalar;
  if (IsComparison(binary.op) && left_scalar && right_scalar && !binary.return_bool) {
    return "comparisons between scalars must use BOOL modifier";
  }
  if (IsTrim(binary.op) && left_scalar && right_scalar) {
    return "operator " + Quoted(BinaryOpText(binary.op)) + " not allowed for Scalar operations";
  }
  if (IsSetOperator(binary.op) && (left_scalar || right_scalar)) {
    return "set operator " + Quoted(BinaryOpText(binary.op)) +
           " not allowed in binary scalar expression";
  }
  return CheckVectorMatching(binary, !left_scalar && !right_scalar, has_matching);
}

std::string CheckCall(const Call& call) {
  if (std::string message = CheckArgumentCount(call); !message.empty()) return message;
  const std::vector<ValueType>& parameters = call.function->parameters;
  for (size_t i = 0; i < call.arguments.size(); ++i) {
    const ValueType wanted = parameters[std::min(i, parameters.size() - 1)];
    const ValueType given = call.arguments[i]->type;
    if (given == wanted) continue;
    return "expected type " + std::string(ValueTypeText(wanted)) + " in call to function " +
           Quoted(call.function->name) + ", got " + std::string(ValueTypeText(given));
  }
  if (std::string message = CheckInfo(call); !message.empty()) return message;
  return CheckEdges(call);
}

bool TakesParameter(AggregateOp op) {
  switch (op) {
    case AggregateOp::kTopk:
    case AggregateOp::kBottomk:
    case AggregateOp::kQuantile:
    case AggregateOp::kCountValues:
    case AggregateOp::kLimitk:
    case AggregateOp::kLimitRatio:
      return true;
    default:
      return false;
  }
}

std::string CheckAggregate(const Aggregate& aggregate, std::string_view name,
                           size_t argument_count) {
  const size_t wanted_count = TakesParameter(aggregate.op) ? 2 : 1;
  if (argument_count != wanted_count) {
    return "wrong number of arguments for aggregate expression provided, expected " +
           std::to_string(wanted_count) + ", got " + std::to_string(argument_count);
  }
  if (aggregate.expr->type != ValueType::kVector) {
    return "expected type instant vector in aggregation expression, got " +
           std::string(ValueTypeText(aggregate.expr->type));
  }
  if (aggregate.parameter == nullptr) return "";
  const ValueType wanted =
      aggregate.op == AggregateOp::kCountValues ? ValueType::kString : ValueType::kScalar;
  if (aggregate.parameter->type == wanted) return "";
  return "expected type " + std::string(ValueTypeText(wanted)) + " in aggregation parameter of " +
         Quoted(name) + ", got " + std::string(ValueTypeText(aggregate.parameter->type));
}

}  // namespace luma::promql
