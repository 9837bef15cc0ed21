// The samples, histograms and rollups of one series as runs bring them, put into the order readers
// get.
#pragma once

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "model/metrics_source.h"
#include "model/rollup.h"
#include "model/sample.h"

namespace luma::storage {

// Thread-compatible.
class CollectedSeries {
 public:
  explicit CollectedSeries(SeriesId series) : series_(series) {}

  SeriesId series() const { return series_; }
  size_t float_count() const { return values_.size(); }
  size_t float_capacity() const { return std::min(timestamps_.capacity(), values_.capacity()); }
  // Without them start times tell of nothing.
  bool has_samples() const {
    return !timestamps_.empty() || !rollups_.empty() || !histograms_.empty();
  }
  void Reserve(size_t floats) {
    timestamps_.reserve(floats);
    values_.reserve(floats);
  }

  void Add(UnixMillis timestamp, double value) { Add({&timestamp, 1}, {&value, 1}); }
  void Add(std::span<const UnixMillis> timestamps, std::span<const double> values) {
    in_order_ = in_order_ && (timestamps_.empty() || timestamps_.back() < timestamps.front()) &&
                IsAscending(timestamps);
    timestamps_.insert(timestamps_.end(), timestamps.begin(), timestamps.end());
    values_.insert(values_.end(), values.begin(), values.end());
  }
  void Add(const Rollup& rollup) { rollups_.push_back(rollup); }
  void Add(UnixMillis timestamp, std::shared_ptr<FloatHistogram> histogram) {
    histograms_.push_back({timestamp, std::move(histogram)});
  }

  // Of the sample at `timestamp`, if there is one.
  void AddStartTime(UnixMillis timestamp, UnixMillis start) {
    start_times_.emplace_back(timestamp, start);
  }

  // All that `later` has collected of the same series, after this.
  void Append(CollectedSeries&& later);

  // What start times take in the result: one for every sample if any has one.
  uint64_t start_times_bytes() const {
    const size_t samples = timestamps_.size() + rollups_.size() + histograms_.size();
    return start_times_.empty() ? 0 : samples * sizeof(UnixMillis);
  }
  // All but the labels; timestamps ascend and are unique. Histograms say where counters were reset.
  SeriesSamples Take() &&;

 private:
  struct TimedHistogram {
    UnixMillis timestamp;
    std::shared_ptr<FloatHistogram> histogram;
  };
  static bool IsAscending(std::span<const UnixMillis> timestamps) {
    bool ascends = true;
    for (size_t i = 1; i < timestamps.size(); ++i) ascends &= timestamps[i - 1] < timestamps[i];
    return ascends;
  }
  SeriesSamples TakeFloats();
  void AddMarkersOfRollups();
  void Sort();
  void DropRepeated();
  SeriesSamples MergeRollups();
  SeriesSamples PutHistogramsAmong(const SeriesSamples& floats);
  void PutStartTimesInto(SeriesSamples& samples);

  SeriesId series_;
  std::vector<UnixMillis> timestamps_;
  std::vector<double> values_;
  std::vector<Rollup> rollups_;
  std::vector<TimedHistogram> histograms_;
  std::vector<std::pair<UnixMillis, UnixMillis>> start_times_;  // by timestamp
  bool in_order_ = true;
};

}  // namespace luma::storage
