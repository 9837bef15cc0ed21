// What start times tell of counters: each sample may say since when it counts.
#pragma once

#include <optional>
#include <string_view>

#include "promql/annotations.h"
#include "promql/range_value.h"

namespace luma::promql {

// A sample's time and start; 0: not known.
struct StartedAt {
  UnixMillis time = 0;
  UnixMillis start = 0;
};

// Whether the counter began anew between two neighbours. A start that is the time of the sample
// before means so for deltas, whose starts are known, but not for counters whose start was not
// known at first: OpenTelemetry lets those begin at their first sample.
bool BeganAnew(const StartedAt& before, const StartedAt& now);
// Whether the later one counts what the one before has counted, but not all of it.
bool Overlap(const StartedAt& before, const StartedAt& now);
void WarnAboutOverlap(std::string_view metric, Annotations& annotations);

// The sample `i` of a window or series whose start times may be missing.
template <typename Samples>
StartedAt StartedAtOf(const Samples& samples, size_t i) {
  return {.time = samples.times[i],
          .start = samples.start_times.empty() ? 0 : samples.start_times[i]};
}

// Whether samples i - 1 and i are such neighbours.
template <typename Samples>
bool BeganAnewAt(const Samples& samples, size_t i) {
  return !samples.start_times.empty() &&
         BeganAnew(StartedAtOf(samples, i - 1), StartedAtOf(samples, i));
}
template <typename Samples>
bool OverlapAt(const Samples& samples, size_t i) {
  return !samples.start_times.empty() &&
         Overlap(StartedAtOf(samples, i - 1), StartedAtOf(samples, i));
}

// Tells of samples of a series that overlap those before them: once, and looking at each sample
// once, however many windows have it. Lifetime: the series outlives it.
class Overlaps {
 public:
  explicit Overlaps(const RangeSeries& series) : series_(series) { FindFrom(1); }

  // No window will be told of any more.
  bool is_over() const { return next_ >= series_.start_times.size(); }
  // Each window begins not before the last one.
  void WarnAbout(const Window& window, Annotations& annotations);

 private:
  void FindFrom(size_t sample);

  const RangeSeries& series_;
  size_t next_ = 0;  // the later one of two that overlap
};

// When the first sample of the window began to count, if that lies inside: the counter was zero
// then.
std::optional<UnixMillis> StartInside(const Window& window);

}  // namespace luma::promql
