// What every node of one query shares: where samples come from, limits, what to tell the user.
#pragma once

#include <cstdint>

#include "base/parallel_for.h"
#include "base/status.h"
#include "model/metrics_source.h"
#include "promql/annotations.h"
#include "promql/steps.h"
#include "promql/vector_value.h"
#include "promql/work_meter.h"

namespace luma::promql {

// Threads: one at a time, but constant methods while only those are called. Lifetime: source,
// limits and helpers outlive it.
class EvaluationContext {
 public:
  EvaluationContext(const MetricsSource& source, const ReadLimits& limits, QueryWindow window,
                    int64_t lookback_ms, int64_t subquery_step_ms, bool counts_by_start_times,
                    const Helpers& helpers)
      : source_(source),
        limits_(limits),
        window_(window),
        lookback_ms_(lookback_ms),
        subquery_step_ms_(subquery_step_ms),
        counts_by_start_times_(counts_by_start_times),
        helpers_(helpers),
        meter_(limits) {}

  const MetricsSource& source() const { return source_; }
  const ReadLimits& limits() const { return limits_; }
  const QueryWindow& window() const { return window_; }
  int64_t lookback_ms() const { return lookback_ms_; }
  int64_t subquery_step_ms() const { return subquery_step_ms_; }  // when a subquery names none
  // Whether functions of counters go by the start times of samples.
  bool counts_by_start_times() const { return counts_by_start_times_; }
  // Who takes over parts of selections.
  const Helpers& helpers() const { return helpers_; }
  Annotations& annotations() { return annotations_; }

  // Whether selectors below the current node keep the hints about counter resets that storage has
  // found: where only counts and sums of histograms are asked for, and no subquery comes between.
  bool wants_found_resets() const { return use_of_histograms_ == HistogramUse::kCountsOnly; }
  // What the nodes below need of histograms; once they need buckets, that stays so.
  enum class HistogramUse : uint8_t { kAny, kCountsOnly, kBuckets };
  class HistogramScope {
   public:
    HistogramScope(EvaluationContext& context, HistogramUse use)
        : context_(context), outside_(context.use_of_histograms_) {
      if (outside_ != HistogramUse::kBuckets && use != HistogramUse::kAny) {
        context.use_of_histograms_ = use;
      }
    }
    ~HistogramScope() { context_.use_of_histograms_ = outside_; }
    HistogramScope(const HistogramScope&) = delete;
    HistogramScope& operator=(const HistogramScope&) = delete;

   private:
    EvaluationContext& context_;
    const HistogramUse outside_;
  };

  // Whether selectors that are evaluated now read the start times of their samples.
  bool wants_start_times() const { return wants_start_times_; }
  void set_wants_start_times(bool wanted) { wants_start_times_ = wanted; }

  Result<int64_t> Millis(const Duration& duration) const {
    return ResolveDuration(duration, window_.step_ms, window_.range_ms());
  }
  Result<int64_t> Length(const Duration& duration) const {
    return ResolveLength(duration, window_.step_ms, window_.range_ms());
  }

  // To be called before a vector of so many rows is made: books its memory. Errors: kOutOfMemory,
  // kCancelled, kTimeout.
  Status Book(size_t rows, size_t steps) { return BookBytes(VectorValue::Bytes(rows, steps)); }
  Status BookBytes(uint64_t bytes);
  // To be called with what a node gives. One stored sample can be the value of thousands of steps,
  // so storage's own count is no bound. Errors: kTooLarge.
  Status CheckPoints(uint64_t points) const;
  // To be called in loops that may be long. Errors: kTimeout, kCancelled.
  Status CheckDeadline() { return meter_.Check(); }
  // For loops that cannot return an error: they end early, and CheckDeadline then has the reason.
  WorkMeter& meter() { return meter_; }

 private:
  const MetricsSource& source_;
  const ReadLimits& limits_;
  const QueryWindow window_;
  const int64_t lookback_ms_;
  const int64_t subquery_step_ms_;
  const bool counts_by_start_times_;
  const Helpers& helpers_;
  WorkMeter meter_;
  HistogramUse use_of_histograms_ = HistogramUse::kAny;
  bool wants_start_times_ = false;
  Annotations annotations_;
};

}  // namespace luma::promql
