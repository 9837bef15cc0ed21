// Whether a round of the log waits for more of those who will mostly be back soon: senders who each
// wait for their record before they send the next.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>

namespace luma::storage {

// Expects as many as waited at the end of the last round, but no more than waited at the end of
// recent rounds on average: one sender among many rounds of another is not waited for, since the
// quick one would lose more by that than a sync costs. Not synchronized.
class WalGather {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // A round has ended, answering some of the `waiting`.
  void RoundEnded(size_t waiting, TimePoint now) {
    last_ = waiting;
    average_ += (static_cast<double>(waiting) - average_) * kWeight;
    until_ = now + kTimeMax;
  }

  // How many the next round waits for.
  size_t expected() const { return std::min(last_, static_cast<size_t>(std::llround(average_))); }
  // And until when at most.
  TimePoint until() const { return until_; }

  bool IsThere(size_t waiting, TimePoint now) const {
    return waiting > 0 && (waiting >= expected() || now >= until_);
  }

 private:
  // Some fdatasyncs of a quick disk.
  static constexpr std::chrono::milliseconds kTimeMax{2};
  static constexpr double kWeight = 0.25;  // of the last round: one of two senders rounds to one

  size_t last_ = 0;
  double average_ = 0;
  TimePoint until_;
};

}  // namespace luma::storage
