// A store of one series "m" with rollups made by hand, for tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "model/metrics_source.h"

namespace luma::promql {

class RolledUpSeries final : public MetricsSource {
 public:
  RolledUpSeries() { series_.labels = Labels::Of({{"__name__", "m"}}).value(); }

  // A sample a minute from minute 1 on; those up to minute `until` are in buckets of five.
  RolledUpSeries(const std::vector<double>& values, int64_t until) : RolledUpSeries() {
    RollupFold fold;
    for (size_t i = 0; i < values.size(); ++i) {
      const auto minute = static_cast<int64_t>(i) + 1;
      if (minute <= until) fold.Add(Rollup::Of({minute * 60'000, values[i]}));
      if (minute <= until && minute % 5 != 0) continue;
      if (minute <= until) {
        series_.rollups.push_back({.point = series_.values.size(), .rollup = fold.Total()});
        fold = RollupFold();
      }
      series_.timestamps.push_back(minute * 60'000);
      series_.values.push_back(values[i]);
    }
  }

  // In order of time; a bucket at that of its last sample.
  RolledUpSeries& Add(const Rollup& bucket) {
    series_.rollups.push_back({.point = series_.values.size(), .rollup = bucket});
    return Add(Sample{bucket.last_ts, bucket.last});
  }
  RolledUpSeries& Add(const Sample& sample, HistogramPtr histogram = nullptr) {
    series_.timestamps.push_back(sample.timestamp);
    series_.values.push_back(sample.value);
    histograms_.push_back(std::move(histogram));
    if (histograms_.back() != nullptr || !series_.histograms.empty()) {
      series_.histograms = histograms_;
    }
    return *this;
  }
  RolledUpSeries& Add(int64_t minute, double value, HistogramPtr histogram = nullptr) {
    return Add(Sample{minute * 60'000, value}, std::move(histogram));
  }

  Result<std::vector<SeriesSamples>> Select(const Matchers&, TimeRange,
                                            const ReadLimits&) const override {
    return std::vector<SeriesSamples>{series_};
  }
  Result<std::vector<Labels>> Series(const Matchers&, TimeRange, const ReadLimits&) const override {
    return std::vector<Labels>{series_.labels};
  }
  Result<std::vector<std::string>> LabelNames(const Matchers&, TimeRange,
                                              const ReadLimits&) const override {
    return std::vector<std::string>();
  }
  Result<std::vector<std::string>> LabelValues(std::string_view, const Matchers&, TimeRange,
                                               const ReadLimits&) const override {
    return std::vector<std::string>();
  }

 private:
  SeriesSamples series_;
  std::vector<HistogramPtr> histograms_;
};

// Two samples.
inline Rollup Bucket(int64_t first_minute, double first, int64_t last_minute, double last) {
  RollupFold fold;
  fold.Add(Rollup::Of({first_minute * 60'000, first}));
  fold.Add(Rollup::Of({last_minute * 60'000, last}));
  return fold.Total();
}

}  // namespace luma::promql
