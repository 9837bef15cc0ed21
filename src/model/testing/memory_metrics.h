// Metrics storage in a map, for tests of what writes to and reads from storage.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "model/exemplar_source.h"
#include "model/histogram_codec.h"
#include "model/metrics_source.h"

namespace luma {

// Threads: every method from any thread. Write completes before it returns.
class MemoryMetrics final : public MetricsSink, public MetricsSource, public ExemplarSource {
 public:
  // What is read is booked on the limits' memory, as MetricsSource says.
  explicit MemoryMetrics(const Clock& clock = Clock::System()) : clock_(clock) {}

  // The next writes fail with `status`; OK ends that.
  void FailWrites(Status status) {
    MutexLock lock(mutex_);
    write_error_ = std::move(status);
  }

  void Add(std::vector<LabelRef> labels, std::vector<Sample> samples) {
    MutexLock lock(mutex_);
    auto& stored = series_[Labels::Of(std::move(labels)).value()];
    for (const Sample& sample : samples) stored[sample.timestamp] = {.value = sample.value};
  }
  void AddHistogram(std::vector<LabelRef> labels, UnixMillis timestamp, FloatHistogram histogram) {
    MutexLock lock(mutex_);
    const double sum = histogram.sum;
    series_[Labels::Of(std::move(labels)).value()][timestamp] = {
        .value = sum, .histogram = std::make_shared<const FloatHistogram>(std::move(histogram))};
  }
  void SetStartTime(std::vector<LabelRef> labels, UnixMillis timestamp, UnixMillis start) {
    MutexLock lock(mutex_);
    series_[Labels::Of(std::move(labels)).value()][timestamp].start_time = start;
  }

  void Write(const SeriesBatch& batch, WriteCallback done) override { done(Store(batch)); }

  Result<std::vector<SeriesSamples>> Select(const Matchers& matchers, TimeRange range,
                                            const ReadLimits& limits) const override {
    MutexLock lock(mutex_);
    std::vector<SeriesSamples> result;
    uint64_t sample_count = 0;
    for (const auto& [labels, samples] : series_) {
      if (!MatchesAll(matchers, labels)) continue;
      SeriesSamples series;
      std::vector<std::shared_ptr<FloatHistogram>> histograms;
      for (auto at = samples.lower_bound(range.min); at != samples.end() && at->first <= range.max;
           ++at) {
        LUMA_RETURN_IF_ERROR(Book(at->second, limits));
        series.timestamps.push_back(at->first);
        series.values.push_back(at->second.value);
        if (limits.with_start_times) series.start_times.push_back(at->second.start_time);
        if (at->second.histogram == nullptr) continue;
        histograms.resize(series.values.size());
        histograms.back() = std::make_shared<FloatHistogram>(*at->second.histogram);
      }
      if (!histograms.empty()) histograms.resize(series.values.size());
      FindResets(histograms);
      series.histograms.assign(histograms.begin(), histograms.end());
      if (series.timestamps.empty()) continue;
      sample_count += series.timestamps.size();
      if (sample_count > limits.samples_max || result.size() >= limits.series_max) {
        return Status::TooLarge("query reads too many samples: limit=", limits.samples_max);
      }
      series.labels = labels;
      result.push_back(std::move(series));
    }
    return result;
  }

  Result<std::vector<Labels>> Series(const Matchers& matchers, TimeRange range,
                                     const ReadLimits& limits) const override {
    LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> found, Select(matchers, range, limits));
    std::vector<Labels> result;
    for (SeriesSamples& series : found) result.push_back(std::move(series.labels));
    return result;
  }

  Result<std::vector<std::string>> LabelNames(const Matchers& matchers, TimeRange range,
                                              const ReadLimits& limits) const override {
    LUMA_ASSIGN_OR_RETURN(const std::vector<Labels> found, Series(matchers, range, limits));
    std::set<std::string> names;
    for (const Labels& labels : found) {
      for (const LabelRef& label : labels) names.emplace(label.name);
    }
    return std::vector<std::string>(names.begin(), names.end());
  }

  Result<std::vector<std::string>> LabelValues(std::string_view name, const Matchers& matchers,
                                               TimeRange range,
                                               const ReadLimits& limits) const override {
    LUMA_ASSIGN_OR_RETURN(const std::vector<Labels> found, Series(matchers, range, limits));
    std::set<std::string> values;
    for (const Labels& labels : found) {
      if (const std::string_view value = labels.Get(name); !value.empty()) values.emplace(value);
    }
    return std::vector<std::string>(values.begin(), values.end());
  }

  Result<std::vector<SeriesExemplars>> Exemplars(std::span<const Matchers> selectors,
                                                 TimeRange range,
                                                 const ReadLimits&) const override {
    MutexLock lock(mutex_);
    std::vector<SeriesExemplars> result;
    for (const auto& [labels, exemplars] : exemplars_) {
      const auto matches = [&](const Matchers& matchers) { return MatchesAll(matchers, labels); };
      if (std::ranges::none_of(selectors, matches)) continue;
      SeriesExemplars series{.labels = labels, .exemplars = {}};
      for (const Exemplar& one : exemplars) {
        if (range.min <= one.timestamp && one.timestamp <= range.max) {
          series.exemplars.push_back(one);
        }
      }
      if (!series.exemplars.empty()) result.push_back(std::move(series));
    }
    return result;
  }

 private:
  struct Stored {
    double value = 0;
    HistogramPtr histogram{};  // null for a float
    UnixMillis start_time = 0;
  };
  struct LabelsLess {
    bool operator()(const Labels& a, const Labels& b) const { return CompareLabels(a, b) < 0; }
  };

  // A sample, in vectors that grow.
  static Status Book(const Stored& stored, const ReadLimits& limits) {
    if (limits.memory == nullptr) return Status::Ok();
    uint64_t bytes = 3 * sizeof(Sample);
    if (stored.histogram != nullptr) {
      bytes += HistogramBytes(*stored.histogram) + 4 * sizeof(HistogramPtr);
    }
    return limits.memory->Book(bytes);
  }

  Result<WriteSummary> Store(const SeriesBatch& batch) {
    MutexLock lock(mutex_);
    if (!write_error_.ok()) return write_error_;
    WriteSummary summary;
    const UnixMillis latest = clock_.NowMillis() + std::chrono::milliseconds(kFutureMax).count();
    for (size_t i = 0; i < batch.size(); ++i) {
      const SeriesBatch::Series series = batch.series(i);
      for (size_t j = 0; j < series.samples.size(); ++j) {
        const Sample& sample = series.samples[j];
        if (sample.timestamp > latest) {
          ++summary.samples_refused;
          summary.first_refusal = "sample too far in the future";
          continue;
        }
        Stored& stored = series_[Labels(series.labels)][sample.timestamp];
        stored = {.value = sample.value};
        for (const SeriesBatch::StartTime& start : series.start_times) {
          if (start.sample == j) stored.start_time = start.start;
        }
        if (series.has_histograms()) {
          const StoredHistogram decoded = DecodeHistogram(series.histogram(j)).value();
          stored.histogram = std::make_shared<const FloatHistogram>(decoded.histogram);
          stored.value = stored.histogram->sum;
          stored.start_time = decoded.age_ms == 0 ? 0 : sample.timestamp - decoded.age_ms;
          ++summary.histograms_stored;
        }
        ++summary.samples_stored;
      }
      for (const SeriesBatch::Exemplar& one : series.exemplars) {
        exemplars_[Labels(series.labels)].push_back(
            {one.timestamp, one.value, Labels(series.labels_of(one))});
        ++summary.exemplars_stored;
      }
    }
    return summary;
  }

  const Clock& clock_;
  mutable Mutex mutex_;
  Status write_error_ LUMA_GUARDED_BY(mutex_);
  std::map<Labels, std::map<UnixMillis, Stored>, LabelsLess> series_ LUMA_GUARDED_BY(mutex_);
  std::map<Labels, std::vector<Exemplar>, LabelsLess> exemplars_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma
