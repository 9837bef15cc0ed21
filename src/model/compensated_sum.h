// Sums as Prometheus adds: Kahan's with Neumaier's improvement, so that answers agree bit by bit.
#pragma once

#include <cmath>

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
