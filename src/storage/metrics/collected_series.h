// The samples and rollups of one series as runs bring them, put into the order readers get.
#pragma once

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

  void Add(UnixMillis timestamp, double value) {
    in_order_ = in_order_ && (timestamps_.empty() || timestamps_.back() < timestamp);
    timestamps_.push_back(timestamp);
    values_.push_back(value);
  }
  void Add(const Rollup& rollup) { rollups_.push_back(rollup); }

  // All but the labels; timestamps ascend and are unique.
  SeriesSamples Take() &&;

 private:
  void Sort();
  SeriesSamples MergeRollups();

  SeriesId series_;
  std::vector<UnixMillis> timestamps_;
  std::vector<double> values_;
  std::vector<Rollup> rollups_;
  bool in_order_ = true;
};

}  // namespace luma::storage
