// The syntax tree of a PromQL expression. Plain data; made by parser.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "model/matcher.h"
#include "promql/duration.h"
#include "promql/functions.h"
#include "promql/value_type.h"

namespace luma::promql {

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

enum class BinaryOp : uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kModulo,
  kPower,
  kAtan2,
  kTrimUpper,  // "</": of histograms, without the observations above
  kTrimLower,  // ">/"
  kEqual,
  kNotEqual,
  kLess,
  kLessEqual,
  kGreater,
  kGreaterEqual,
  kAnd,
  kOr,
  kUnless,
};
std::string_view BinaryOpText(BinaryOp op);
bool IsComparison(BinaryOp op);
bool IsSetOperator(BinaryOp op);
bool IsTrim(BinaryOp op);

// "@ 123.4", "@ start()" or "@ end()".
struct AtModifier {
  enum class Kind : uint8_t { kNone, kTime, kStart, kEnd };
  Kind kind = Kind::kNone;
  UnixMillis time = 0;  // of kTime
};

// "@" and "offset", which every selector may have.
struct TimeShift {
  AtModifier at;
  Duration offset;
  bool has_offset = false;
};

struct NumberLiteral {
  double value = 0;
};
struct StringLiteral {
  std::string value;
};
// "anchored" and "smoothed": samples beyond the edges of a range count too.
enum class RangeEdges : uint8_t { kPlain, kAnchored, kSmoothed };
struct VectorSelector {
  Matchers matchers;   // with one for __name__ when the selector names a metric
  bool named = false;  // the name is the word before the braces; the first of the matchers is its
  TimeShift shift;
  RangeEdges edges = RangeEdges::kPlain;  // of a vector never kAnchored
};
struct MatrixSelector {
  VectorSelector vector;
  Duration range;
};
struct Subquery {
  ExprPtr expr;
  Duration range;
  std::optional<Duration> step;  // none: the default interval
  TimeShift shift;
};
struct UnaryMinus {
  ExprPtr expr;
};
struct Paren {
  ExprPtr expr;
};

enum class Grouping : uint8_t { kNone, kLeft, kRight };
struct VectorMatching {
  bool on = false;  // else: ignoring
  std::vector<std::string> labels;
  Grouping grouping = Grouping::kNone;
  std::vector<std::string> include;  // of group_left or group_right
  std::optional<double> fill_left;   // stands for a missing series of that side
  std::optional<double> fill_right;
};
struct Binary {
  BinaryOp op = BinaryOp::kAdd;
  bool return_bool = false;
  VectorMatching matching;
  ExprPtr left;
  ExprPtr right;
};

enum class AggregateOp : uint8_t {
  kSum,
  kAvg,
  kCount,
  kMin,
  kMax,
  kGroup,
  kStddev,
  kStdvar,
  kTopk,
  kBottomk,
  kQuantile,
  kCountValues,
  kLimitk,
  kLimitRatio,
};
std::string_view AggregateOpText(AggregateOp op);
struct Aggregate {
  AggregateOp op = AggregateOp::kSum;
  bool without = false;
  std::vector<std::string> labels;
  ExprPtr parameter;  // null for most
  ExprPtr expr;
};
struct Call {
  const Function* function = nullptr;
  std::vector<ExprPtr> arguments;
};

struct Expr {
  std::variant<NumberLiteral, StringLiteral, VectorSelector, MatrixSelector, Subquery, UnaryMinus,
               Paren, Binary, Aggregate, Call>
      node;
  ValueType type = ValueType::kScalar;
  size_t begin = 0;  // byte offsets in the query text
  size_t end = 0;
  size_t depth = 1;  // of the tree below, for the depth limit
};

}  // namespace luma::promql
