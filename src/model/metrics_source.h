// What the metrics front ends and PromQL need from storage. storage implements both; tests use a
// fake in memory.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/float_histogram.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/rollup.h"
#include "model/sample.h"
#include "model/series_batch.h"

namespace luma {

// What became of a batch that is durable. stored + refused = the samples, or the exemplars, of the
// batch; duplicates of what is stored count as stored.
struct WriteSummary {
  uint64_t samples_stored = 0;  // of both kinds
  uint64_t samples_refused = 0;
  uint64_t histograms_stored = 0;  // of samples_stored
  uint64_t exemplars_stored = 0;
  uint64_t exemplars_refused = 0;
  std::string first_refusal;  // why, for the sender; empty when nothing was refused
  // Of those refused: of new series that are beyond a limit. They may be stored later.
  uint64_t series_over_limit = 0;
  uint64_t samples_over_limit = 0;
  std::string first_over_limit;  // why; empty when there were none
};

using WriteCallback = std::function<void(Result<WriteSummary>)>;

// Threads: Write and FindSeries from any thread.
class MetricsSink {
 public:
  virtual ~MetricsSink() = default;

  // Stores the samples that can be stored, all of them or none of them becoming durable together.
  // `batch` is read only until Write returns. `done` is called exactly once, on any thread, maybe
  // before Write returns, and must not block: with a summary once the batch is durable and visible
  // to readers, or with an error when nothing of it was stored.
  // A sample or exemplar more than kFutureMax ahead of the clock is refused alone; so is one
  // storage cannot represent, and so are those of new series beyond a limit, but for series that
  // the batch lets in beyond them. Late and repeated samples are ordinary ones: the last write of a
  // timestamp wins. An exemplar is stored once however often it is written. Errors: kOutOfMemory or
  // kTooManyRequests when over budget, kDiskFull, kUnavailable (starting or stopping): try again
  // later; kIoError, kCorruption, kInternal: storage is broken.
  virtual void Write(const SeriesBatch& batch, WriteCallback done) = 0;

  // The ids of stored series by the hash of their labels, kUnknownSeries for the others; `ids` has
  // as many entries as `hashes`. A batch for this sink may tell a series by such an id instead of
  // its labels. A sink may give none.
  virtual void FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const {
    static_cast<void>(hashes);
    std::ranges::fill(ids, kUnknownSeries);
  }

  static constexpr std::chrono::hours kFutureMax{24};
};

struct SeriesSamples {
  Labels labels;
  std::vector<UnixMillis> timestamps;  // ascending, unique
  std::vector<double> values;          // as many; staleness markers are kept
  // None when all samples are floats; else as many, null for floats. The value of a histogram is
  // its sum, so a staleness marker is one in either form.
  std::vector<HistogramPtr> histograms{};
  std::vector<RollupPoint> rollups{};  // of samples that stand for a bucket, ascending
  // None when they were not asked for or no sample has one; else as many, 0 where it is not known.
  std::vector<UnixMillis> start_times{};
};

// Where the memory of what a reader gives back is booked before it grows.
// Threads: one at a time.
class ResultMemory {
 public:
  virtual ~ResultMemory() = default;
  // Errors: kOutOfMemory.
  virtual Status Book(uint64_t bytes) = 0;
};

// Bounds on one read. Exceeding a count is kTooLarge, passing the deadline kTimeout.
struct ReadLimits {
  uint64_t series_max = 10'000'000;
  uint64_t samples_max = 50'000'000;  // Prometheus' query.max-samples
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  ResultMemory* memory = nullptr;  // of the result; null: the caller does not account for it
  bool with_start_times = false;
};

// One selection that is read in parts, so that the samples of all its series need not be in memory
// at a time; all parts are of one snapshot. Threads: different parts may be read at once, from any
// threads. Lifetime: the source and what the limits refer to outlive it.
class SeriesParts {
 public:
  virtual ~SeriesParts() = default;
  virtual size_t count() const = 0;
  // Part `part`, which is below count() and read only once: some of the series with all of their
  // samples in the range, ordered by CompareLabels among themselves. What they take is booked on
  // `memory` instead of the memory of the limits, unless it is null. Errors: those of Select.
  virtual Result<std::vector<SeriesSamples>> Read(size_t part, ResultMemory* memory) = 0;
};

// Threads: every method from any thread; each call reads one consistent snapshot and may block on
// disk. No matchers at all match every series. Errors besides those of ReadLimits: kOutOfMemory,
// kUnavailable, kIoError, kCorruption.
class MetricsSource {
 public:
  virtual ~MetricsSource() = default;

  // The series that match and have a sample in `range`, with those samples, ordered by
  // CompareLabels. Where samples were rolled up there is one for each bucket, its last, at its
  // time. Buckets that only reach into `range` are given too: such a sample may lie beyond either
  // end.
  virtual Result<std::vector<SeriesSamples>> Select(const Matchers& matchers, TimeRange range,
                                                    const ReadLimits& limits) const = 0;
  // The same in parts, which may be none; what all of them need is booked on the limits' memory.
  virtual Result<std::unique_ptr<SeriesParts>> SelectParts(const Matchers& matchers,
                                                           TimeRange range,
                                                           const ReadLimits& limits) const;
  // Label sets of the series that match and have a sample in `range`, ordered by CompareLabels.
  // May include series whose samples lie near, not in, the range (whole blocks are tested).
  virtual Result<std::vector<Labels>> Series(const Matchers& matchers, TimeRange range,
                                             const ReadLimits& limits) const = 0;
  // Sorted, unique; of the series that Series() would give.
  virtual Result<std::vector<std::string>> LabelNames(const Matchers& matchers, TimeRange range,
                                                      const ReadLimits& limits) const = 0;
  virtual Result<std::vector<std::string>> LabelValues(std::string_view name,
                                                       const Matchers& matchers, TimeRange range,
                                                       const ReadLimits& limits) const = 0;
};

}  // namespace luma
