// Slows a task down to a rate of bytes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <thread>

namespace luma::server {

// Threads: one.
class Pace {
 public:
  // 0: as fast as it goes.
  explicit Pace(uint64_t bytes_per_second)
      : bytes_per_second_(bytes_per_second), start_(std::chrono::steady_clock::now()) {}

  // `bytes`: of the task so far. Sleeps while that is ahead of the rate, at most a second, so that
  // the caller can look whether the task is to end.
  void Hold(uint64_t bytes) const {
    if (bytes_per_second_ == 0) return;
    const std::chrono::duration<double> due(static_cast<double>(bytes) /
                                            static_cast<double>(bytes_per_second_));
    const std::chrono::duration<double> ahead = due - (std::chrono::steady_clock::now() - start_);
    if (ahead.count() > 0) {
      std::this_thread::sleep_for(std::min(ahead, std::chrono::duration<double>(1)));
    }
  }

 private:
  const uint64_t bytes_per_second_;
  const std::chrono::steady_clock::time_point start_;
};

}  // namespace luma::server
