// Where a series was rolled up, and what is known of it there: the first and the last sample of
// each bucket. See docs/adr/0008-downsampling.md.
#pragma once

#include <span>
#include <vector>

#include "model/metrics_source.h"
#include "promql/annotations.h"
#include "promql/range_value.h"

namespace luma::promql {

// The times from the first to the last sample of each bucket of one series; those that overlap,
// because samples came late or rules were changed, are one span. Thread-compatible.
class BucketSpans {
 public:
  explicit BucketSpans(std::span<const RollupPoint> buckets);

  bool is_empty() const { return spans_.empty(); }
  // The span that holds `time`, both ends included; null when none does.
  const TimeRange* At(UnixMillis time) const;
  // Whether a range that begins after or ends with `time` has a part of a bucket only.
  bool AreCutAt(UnixMillis time) const;
  // Whether one holds a time of (start, end].
  bool ReachInto(UnixMillis start, UnixMillis end) const;

 private:
  std::vector<TimeRange> spans_;  // ascending, apart
};

// `series` with the first samples of its buckets among the others, and without the staleness
// markers inside of them, which a value follows. Its samples stand for themselves. Memory: some 50
// bytes a bucket, less than a reader has booked for its row.
SeriesSamples WithFirstSamples(SeriesSamples series, const BucketSpans& spans);

// Whether some window of `range` begins or ends inside of a bucket.
bool CutBuckets(const RangeValue& range, const BucketSpans& spans);

// Calls visit(step) for every step whose window a bucket reaches into, also one whose last sample
// lies beyond.
template <typename Visit>
void ForEachReachedWindow(const RangeValue& range, const BucketSpans& spans, Visit visit) {
  if (spans.is_empty()) return;
  for (size_t step = 0; step < range.ends.size(); ++step) {
    const UnixMillis end = range.ends[step];
    if (spans.ReachInto(SaturatingAdd(end, -range.length_ms), end)) visit(step);
  }
}

// Where presence was asked for and windows cut buckets.
inline void InformAboutPresence(Annotations& annotations) {
  annotations.Inform(
      "samples are rolled up: a range that a bucket reaches into is taken to have samples");
}

}  // namespace luma::promql
