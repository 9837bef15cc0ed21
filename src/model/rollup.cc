#include "model/rollup.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace luma {
namespace {

// Of equal values the later one, as min_over_time() has it; they may differ in the sign of zero.
double Lesser(double before, double after) {
  return std::isnan(before) || after <= before ? after : before;
}
double Greater(double before, double after) {
  return std::isnan(before) || after >= before ? after : before;
}

bool AreSame(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

// Whether `single` is one sample that `other` has at one of its ends.
bool Repeats(const Rollup& single, const Rollup& other) {
  return single.count == 1 &&
         ((single.last_ts == other.first_ts && AreSame(single.last, other.first)) ||
          (single.last_ts == other.last_ts && AreSame(single.last, other.last)));
}

}  // namespace

Rollup Rollup::Of(const Sample& sample) {
  const UnixMillis time = sample.timestamp;
  if (IsStaleNan(sample.value)) return {.first_ts = time, .last_ts = time, .stale_ts = time};
  const double value = sample.value;
  return {.count = 1,
          .sum = value,
          .min = value,
          .max = value,
          .first = value,
          .last = value,
          .first_ts = time,
          .last_ts = time,
          .stale_ts = time};
}

void RollupFold::Add(const Rollup& part) {
  if (part.is_stale()) AddMarker(part.stale_ts);
  if (part.count == 0) return;
  const bool is_later = part.first_ts > total_.last_ts;
  if (total_.count == 0 || (!is_later && Repeats(total_, part))) {
    total_ = part;
    sum_ = CompensatedSum();
    sum_.Add(part.sum);
  } else if (is_later || !Repeats(part, total_)) {
    if (is_later) AddStepTo(part);
    AddValues(part);
  }
}

void RollupFold::AddMarker(UnixMillis time) {
  marker_ = has_marker_ ? std::max(marker_, time) : time;
  has_marker_ = true;
}

void RollupFold::AddStepTo(const Rollup& later) {
  const bool both_nan = std::isnan(total_.last) && std::isnan(later.first);
  if (later.first != total_.last && !both_nan) ++total_.changes;
  if (later.first < total_.last) {
    ++total_.resets;
    total_.reset_sum += total_.last;
  }
}

void RollupFold::AddValues(const Rollup& part) {
  total_.count += part.count;
  sum_.Add(part.sum);
  total_.min = Lesser(total_.min, part.min);
  total_.max = Greater(total_.max, part.max);
  if (part.first_ts < total_.first_ts) {
    total_.first = part.first;
    total_.first_ts = part.first_ts;
  }
  if (part.last_ts >= total_.last_ts) {
    total_.last = part.last;
    total_.last_ts = part.last_ts;
  }
  total_.reset_sum += part.reset_sum;
  total_.changes += part.changes;
  total_.resets += part.resets;
}

Rollup RollupFold::Total() const {
  Rollup total = total_;
  total.sum = sum_.total();
  if (total.count == 0) {
    total.first_ts = marker_;
    total.last_ts = marker_;
  }
  total.stale_ts = has_marker_ ? std::max(marker_, total.last_ts) : total.last_ts;
  return total;
}

}  // namespace luma
