#include "promql/steps.h"

#include <limits>

namespace luma::promql {

Steps Steps::Between(UnixMillis start, UnixMillis end, int64_t step_ms) {
  if (end < start) return {.start = start, .step_ms = step_ms, .count = 0};
  const uint64_t span = static_cast<uint64_t>(end) - static_cast<uint64_t>(start);
  return {.start = start,
          .step_ms = step_ms,
          .count = static_cast<size_t>(span / static_cast<uint64_t>(step_ms)) + 1};
}

int64_t QueryWindow::range_ms() const {
  int64_t range = 0;
  return __builtin_sub_overflow(end, start, &range) ? std::numeric_limits<int64_t>::max() : range;
}

ShiftedTimes::ShiftedTimes(const AtModifier& at, int64_t offset_ms, const QueryWindow& window)
    : fixed_(at.kind != AtModifier::Kind::kNone), offset_ms_(offset_ms) {
  if (at.kind == AtModifier::Kind::kTime) time_ = at.time;
  if (at.kind == AtModifier::Kind::kStart) time_ = window.start;
  if (at.kind == AtModifier::Kind::kEnd) time_ = window.end;
}

UnixMillis ShiftedTimes::operator()(UnixMillis time) const {
  return SaturatingAdd(fixed_ ? time_ : time, -offset_ms_);
}

TimeRange LeftOpenRange(UnixMillis from, UnixMillis until, int64_t length_ms) {
  return {.min = SaturatingAdd(SaturatingAdd(from, -length_ms), 1), .max = until};
}

}  // namespace luma::promql
