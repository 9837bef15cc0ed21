// Sums as Prometheus adds: Kahan's with Neumaier's improvement. CompensatedSum adds in its order,
// so that answers agree bit by bit; SumOf in lanes, which may round the last bit another way, and
// has a sum where Add overflows on the way to it.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>

namespace luma {

struct CompensatedSum {
  double sum = 0;
  double compensation = 0;

  void Add(double value) {
    const double next = sum + value;
    if (std::isinf(next)) {
      compensation = 0;
    } else if (std::fabs(sum) >= std::fabs(value)) {
      compensation += (sum - next) + value;
    } else {
      compensation += (value - next) + sum;
    }
    sum = next;
  }
  double total() const { return sum + compensation; }
};

// Many values, four at a time: Add waits for the addition before. The error of an addition is found
// without asking which summand is larger (Knuth, TAOCP 2, 4.2.2, theorem B).
inline double SumOf(std::span<const double> values) {
  constexpr size_t kLanes = 4;
  std::array<double, kLanes> sums{};
  std::array<double, kLanes> errors{};
  size_t i = 0;
  for (; i + kLanes <= values.size(); i += kLanes) {
    for (size_t lane = 0; lane < kLanes; ++lane) {
      const double value = values[i + lane];
      const double next = sums[lane] + value;
      const double added = next - sums[lane];
      errors[lane] += (sums[lane] - (next - added)) + (value - added);
      sums[lane] = next;
    }
  }
  CompensatedSum sum;
  for (const double lane : sums) sum.Add(lane);
  for (; i < values.size(); ++i) sum.Add(values[i]);
  for (const double error : errors) sum.compensation += error;
  if (std::isfinite(sum.total())) return sum.total();
  sum = {};  // infinities, NaN, overflow
  for (const double value : values) sum.Add(value);
  return sum.total();
}

// A mean that survives sums beyond the range of double: it is then calculated incrementally.
class CompensatedMean {
 public:
  void Add(double value) {
    ++count_;
    if (count_ == 1) {
      state_.sum = value;
      return;
    }
    if (!incremental_) {
      CompensatedSum next = state_;
      next.Add(value);
      if (!std::isinf(next.sum)) {
        state_ = next;
        return;
      }
      incremental_ = true;
      state_.sum /= count_ - 1;
      state_.compensation /= count_ - 1;
    }
    const double weight = (count_ - 1) / count_;
    state_.sum *= weight;
    state_.compensation *= weight;
    state_.Add(value / count_);
  }
  double mean() const {
    return incremental_ ? state_.total() : state_.sum / count_ + state_.compensation / count_;
  }

 private:
  CompensatedSum state_;  // the sum, or the mean once incremental
  double count_ = 0;
  bool incremental_ = false;
};

}  // namespace luma
