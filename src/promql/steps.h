// The times an expression is evaluated at.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "base/clock.h"
#include "model/sample.h"
#include "promql/ast.h"

namespace luma::promql {

// start, start + step_ms, ...; an instant query and a subquery that hits no step are cases of it.
struct Steps {
  UnixMillis start = 0;
  int64_t step_ms = 1;
  size_t count = 1;

  // The steps from `start` up to `end`, none when end < start. step_ms > 0.
  static Steps Between(UnixMillis start, UnixMillis end, int64_t step_ms);
  // Unsigned, since the way from the first to the last step may be longer than an int64 tells.
  UnixMillis At(size_t i) const {
    return static_cast<UnixMillis>(static_cast<uint64_t>(start) +
                                   i * static_cast<uint64_t>(step_ms));
  }
  UnixMillis last() const { return At(count == 0 ? 0 : count - 1); }
};

// What the query asked for, which subqueries do not change: @ start(), end(), step() look at it.
struct QueryWindow {
  UnixMillis start = 0;
  UnixMillis end = 0;
  int64_t step_ms = 0;       // 0: an instant query
  int64_t range_ms() const;  // saturates
};

// Where a selector looks when it is evaluated at some time: `@` fixes it, `offset` moves it.
class ShiftedTimes {
 public:
  ShiftedTimes(const AtModifier& at, int64_t offset_ms, const QueryWindow& window);
  // Saturates at the ends of time. Ascending in `time`.
  UnixMillis operator()(UnixMillis time) const;

 private:
  bool fixed_ = false;
  UnixMillis time_ = 0;  // when fixed
  int64_t offset_ms_ = 0;
};

// (from - length, until], as a range with both ends included.
TimeRange LeftOpenRange(UnixMillis from, UnixMillis until, int64_t length_ms);

// a + b, at most the largest and at least the smallest time.
inline int64_t SaturatingAdd(int64_t a, int64_t b) {
  int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return b > 0 ? std::numeric_limits<int64_t>::max() : std::numeric_limits<int64_t>::min();
}

}  // namespace luma::promql
