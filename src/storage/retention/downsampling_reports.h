// What downsampling has done, rule by rule, for operators.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace luma::storage {

// Numbers are those since the rule was read.
struct DownsamplingReport {
  std::string match;  // as configured; empty: every series
  std::chrono::milliseconds after{0};
  std::chrono::milliseconds resolution{0};
  uint64_t passes = 0;
  uint64_t samples_in = 0;  // rows of luma.samples that were replaced
  uint64_t rollups_in = 0;  // rows of luma.rollups that were: finer ones, and those of late samples
  uint64_t rollups_out = 0;
  uint64_t commits = 0;
  std::optional<UnixMillis> last_pass;   // when it ended, with or without success
  std::optional<UnixMillis> done_until;  // buckets up to here are rolled up, but for late samples
  std::string last_error;                // of the last pass; empty when it succeeded
  uint64_t failed_days = 0;              // of the last pass: UTC days that were not done
};

// Threads: any.
class DownsamplingReports {
 public:
  void Set(std::vector<DownsamplingReport> rules) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    rules_ = std::move(rules);
  }
  std::vector<DownsamplingReport> Get() const LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return rules_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<DownsamplingReport> rules_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
