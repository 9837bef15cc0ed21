// Lengths of time as PromQL writes them: constants, or expressions over the step and the range of
// the query, as in [step() * 5].
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace luma::promql {

struct DurationTerm {
  enum class Kind : uint8_t {
    kNumber,
    kStep,
    kRange,
    kNegate,
    kAdd,
    kSubtract,
    kMultiply,
    kDivide,
    kModulo,
    kPower,
    kMin,
    kMax,
  };
  Kind kind = Kind::kNumber;
  double seconds = 0;  // of kNumber
};

struct Duration {
  int64_t ms = 0;                   // when there are no terms
  std::vector<DurationTerm> terms;  // in reverse Polish order, so that nothing recurses
};

// Seconds as milliseconds; nullopt when they do not fit with room for adding two of them.
std::optional<int64_t> MillisOfSeconds(double seconds);

// Milliseconds of `duration` in a query of that step and range, which are 0 for an instant query.
// Errors: kInvalidArgument for a division by zero or a result that cannot be represented.
Result<int64_t> ResolveDuration(const Duration& duration, int64_t step_ms, int64_t range_ms);

// As above, for the length of a range: also an error when it is not more than 0.
Result<int64_t> ResolveLength(const Duration& duration, int64_t step_ms, int64_t range_ms);

}  // namespace luma::promql
