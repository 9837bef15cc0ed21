#include "promql/duration.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace luma::promql {
namespace {

using Kind = DurationTerm::Kind;

constexpr double kSecondsMax = 4e15;

Result<double> Apply(Kind kind, double left, double right) {
  switch (kind) {
    case Kind::kAdd:
      return left + right;
    case Kind::kSubtract:
      return left - right;
    case Kind::kMultiply:
      return left * right;
    case Kind::kDivide:
      if (right == 0) return Status::InvalidArgument("division by zero in duration expression");
      return left / right;
    case Kind::kModulo:
      if (right == 0) return Status::InvalidArgument("modulo by zero in duration expression");
      return std::fmod(left, right);
    case Kind::kPower:
      return std::pow(left, right);
    case Kind::kMin:
      return std::min(left, right);
    case Kind::kMax:
      return std::max(left, right);
    default:
      break;
  }
  LUMA_CHECK(false);
}

Result<double> Seconds(const std::vector<DurationTerm>& terms, double step, double range) {
  std::vector<double> stack;
  for (const DurationTerm& term : terms) {
    switch (term.kind) {
      case Kind::kNumber:
        stack.push_back(term.seconds);
        break;
      case Kind::kStep:
        stack.push_back(step);
        break;
      case Kind::kRange:
        stack.push_back(range);
        break;
      case Kind::kNegate:
        stack.back() = -stack.back();
        break;
      default: {
        const double right = stack.back();
        stack.pop_back();
        LUMA_ASSIGN_OR_RETURN(stack.back(), Apply(term.kind, stack.back(), right));
      }
    }
  }
  return stack.back();
}

}  // namespace

std::optional<int64_t> MillisOfSeconds(double seconds) {
  if (!(std::fabs(seconds) < kSecondsMax)) return std::nullopt;
  return std::llround(seconds * 1000);
}

Result<int64_t> ResolveDuration(const Duration& duration, int64_t step_ms, int64_t range_ms) {
  if (duration.terms.empty()) return duration.ms;
  LUMA_ASSIGN_OR_RETURN(const double seconds,
                        Seconds(duration.terms, static_cast<double>(step_ms) / 1000,
                                static_cast<double>(range_ms) / 1000));
  if (const std::optional<int64_t> millis = MillisOfSeconds(seconds)) return *millis;
  return Status::InvalidArgument("duration or timestamp out of range: seconds=", seconds);
}

Result<int64_t> ResolveLength(const Duration& duration, int64_t step_ms, int64_t range_ms) {
  LUMA_ASSIGN_OR_RETURN(const int64_t millis, ResolveDuration(duration, step_ms, range_ms));
  if (millis <= 0) return Status::InvalidArgument("duration must be greater than 0");
  return millis;
}

}  // namespace luma::promql
