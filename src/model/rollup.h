// What is kept of samples when they are downsampled: aggregates that compose, so that rollups of
// rollups, and windows over several of them, say what the samples would have said. See
// docs/adr/0008-downsampling.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/compensated_sum.h"
#include "model/sample.h"

namespace luma {

// The end of the bucket that `time` lies in. Ends are multiples of the resolution since 1970;
// buckets are open at their left end, as ranges of PromQL are. `time` is a resolution or more
// before the end of time.
constexpr UnixMillis BucketEnd(UnixMillis time, int64_t resolution_ms) {
  const int64_t rest = time % resolution_ms;
  return rest > 0 ? time - rest + resolution_ms : time - rest;
}

// Some samples of one series. A staleness marker is no value: only stale_ts tells of it. Every
// other NaN is one. Markers alone make a rollup of count 0, of which only stale_ts counts.
struct Rollup {
  uint64_t count = 0;
  double sum = 0;
  double min = 0;  // NaN only when every value is, as is max
  double max = 0;
  double first = 0;
  double last = 0;
  UnixMillis first_ts = 0;
  UnixMillis last_ts = 0;
  // Of the staleness marker after the last value; last_ts when there is none.
  UnixMillis stale_ts = 0;
  // What a counter had reached before each of its resets, added up.
  double reset_sum = 0;
  uint64_t changes = 0;  // neighbours that differ
  uint64_t resets = 0;   // neighbours of which the later is smaller

  static Rollup Of(const Sample& sample);

  bool is_stale() const { return count == 0 || stale_ts > last_ts; }
  // What a counter grew by from first to last.
  double increase() const { return last - first + reset_sum; }
};

// A sample of a series that stands for the bucket it is the last one of.
struct RollupPoint {
  size_t point = 0;  // number of the sample
  Rollup rollup;
};

// Adds rollups of one series up. Exact when no part begins before the ones before it have ended.
// Parts that overlap come from late samples: count, sum, min, max, first and last are exact then,
// and the others those of the parts, without what lies between them. A single sample that repeats
// the first or last one of what it is added to is not counted again.
// Thread-compatible.
class RollupFold {
 public:
  void Add(const Rollup& part);
  bool is_empty() const { return total_.count == 0 && !has_marker_; }
  Rollup Total() const;  // not empty

 private:
  void AddMarker(UnixMillis time);
  void AddStepTo(const Rollup& later);  // what happened from the last value to its first
  void AddValues(const Rollup& part);

  Rollup total_;  // but for sum and stale_ts
  CompensatedSum sum_;
  bool has_marker_ = false;
  UnixMillis marker_ = 0;
};

}  // namespace luma
