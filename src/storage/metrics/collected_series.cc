#include "storage/metrics/collected_series.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/metrics/rolled_up_ends.h"

namespace luma::storage {
namespace {

// Takes samples and buckets in order of time.
class Merged {
 public:
  void AddSample(UnixMillis timestamp, double value) {
    if (IsAt(timestamp)) return AddToLast(Rollup::Of({timestamp, value}));
    Push(timestamp, value);
  }
  void AddBucket(const Rollup& rollup) {
    if (IsAt(rollup.last_ts)) return AddToLast(rollup);
    Push(rollup.last_ts, rollup.last);
    samples_.rollups.push_back({.point = samples_.values.size() - 1, .rollup = rollup});
  }
  SeriesSamples Take() && { return std::move(samples_); }

 private:
  bool IsAt(UnixMillis timestamp) const {
    return !samples_.timestamps.empty() && samples_.timestamps.back() == timestamp;
  }
  void Push(UnixMillis timestamp, double value) {
    samples_.timestamps.push_back(timestamp);
    samples_.values.push_back(value);
  }
  // Late samples can have the time of a bucket's last one.
  void AddToLast(const Rollup& part) {
    const size_t point = samples_.values.size() - 1;
    const bool is_bucket = !samples_.rollups.empty() && samples_.rollups.back().point == point;
    RollupFold fold;
    fold.Add(is_bucket ? samples_.rollups.back().rollup
                       : Rollup::Of({samples_.timestamps.back(), samples_.values.back()}));
    fold.Add(part);
    if (!is_bucket) samples_.rollups.push_back({.point = point, .rollup = {}});
    samples_.rollups.back().rollup = fold.Total();
    samples_.values.back() = fold.Total().count == 0 ? kStaleNan : fold.Total().last;
  }

  SeriesSamples samples_;
};

}  // namespace

void CollectedSeries::Append(CollectedSeries&& later) {
  if (!has_samples() && start_times_.empty()) {
    *this = std::move(later);
    return;
  }
  const bool stays_in_order = later.timestamps_.empty() || later.in_order_;
  if (!later.timestamps_.empty()) Add(later.timestamps_, later.values_);
  in_order_ = in_order_ && stays_in_order;
  rollups_.insert(rollups_.end(), later.rollups_.begin(), later.rollups_.end());
  std::ranges::move(later.histograms_, std::back_inserter(histograms_));
  start_times_.insert(start_times_.end(), later.start_times_.begin(), later.start_times_.end());
  later = CollectedSeries(later.series_);
}

SeriesSamples CollectedSeries::Take() && {
  SeriesSamples samples = TakeFloats();
  if (!histograms_.empty()) samples = PutHistogramsAmong(samples);
  if (!start_times_.empty()) PutStartTimesInto(samples);
  return samples;
}

void CollectedSeries::PutStartTimesInto(SeriesSamples& samples) {
  std::ranges::sort(start_times_);
  samples.start_times.resize(samples.timestamps.size());
  size_t point = 0;
  for (const auto& [timestamp, start] : start_times_) {
    while (point < samples.timestamps.size() && samples.timestamps[point] < timestamp) ++point;
    if (point == samples.timestamps.size()) return;
    if (samples.timestamps[point] == timestamp) samples.start_times[point] = start;
  }
}

SeriesSamples CollectedSeries::TakeFloats() {
  AddMarkersOfRollups();
  std::erase_if(rollups_, [](const Rollup& rollup) { return rollup.count == 0; });
  if (!in_order_) Sort();
  if (!rollups_.empty()) {
    DropRepeated();
    return MergeRollups();
  }
  return {.labels = Labels(), .timestamps = std::move(timestamps_), .values = std::move(values_)};
}

// A marker is a sample of its own. One that was written for that time since then is newer, and so
// comes after it.
void CollectedSeries::AddMarkersOfRollups() {
  if (std::ranges::none_of(rollups_, &Rollup::is_stale)) return;
  const std::vector<UnixMillis> timestamps = std::exchange(timestamps_, {});
  const std::vector<double> values = std::exchange(values_, {});
  for (const Rollup& rollup : rollups_) {
    if (rollup.is_stale()) Add(rollup.stale_ts, kStaleNan);
  }
  for (size_t i = 0; i < timestamps.size(); ++i) Add(timestamps[i], values[i]);
}

// Runs that overlap in time bring samples out of order; the same timestamp twice only rows that
// were not written by MetricsWriter: then the later row stays.
void CollectedSeries::Sort() {
  std::vector<std::pair<Sample, size_t>> samples;
  samples.reserve(timestamps_.size());
  for (size_t i = 0; i < timestamps_.size(); ++i) {
    samples.push_back({{timestamps_[i], values_[i]}, i});
  }
  std::sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.timestamp, a.second) < std::pair(b.first.timestamp, b.second);
  });
  timestamps_.clear();
  values_.clear();
  for (const auto& [sample, position] : samples) {
    if (!timestamps_.empty() && timestamps_.back() == sample.timestamp) {
      values_.back() = sample.value;
    } else {
      timestamps_.push_back(sample.timestamp);
      values_.push_back(sample.value);
    }
  }
}

// Samples that were sent again after they were rolled up, as far as rows tell. Samples are mostly
// newer than all rows, and few rows are of one.
void CollectedSeries::DropRepeated() {
  const UnixMillis oldest = timestamps_.empty() ? INT64_MAX : timestamps_.front();
  const bool has_single =
      std::ranges::any_of(rollups_, [](const Rollup& rollup) { return rollup.count == 1; });
  RolledUpEnds ends;
  for (const Rollup& rollup : rollups_) {
    if (has_single || rollup.last_ts >= oldest) ends.Add(rollup);
  }
  std::erase_if(rollups_, [&](const Rollup& rollup) { return ends.HaveAgain(rollup); });
  size_t kept = 0;
  for (size_t i = 0; i < timestamps_.size(); ++i) {
    if (ends.HaveAgain(Rollup::Of({timestamps_[i], values_[i]}))) continue;
    timestamps_[kept] = timestamps_[i];
    values_[kept++] = values_[i];
  }
  timestamps_.resize(kept);
  values_.resize(kept);
}

SeriesSamples CollectedSeries::MergeRollups() {
  std::ranges::sort(rollups_, {}, &Rollup::last_ts);
  Merged merged;
  size_t sample = 0;
  for (const Rollup& rollup : rollups_) {
    for (; sample < timestamps_.size() && timestamps_[sample] < rollup.last_ts; ++sample) {
      merged.AddSample(timestamps_[sample], values_[sample]);
    }
    merged.AddBucket(rollup);
  }
  for (; sample < timestamps_.size(); ++sample) {
    merged.AddSample(timestamps_[sample], values_[sample]);
  }
  return std::move(merged).Take();
}

SeriesSamples CollectedSeries::PutHistogramsAmong(const SeriesSamples& floats) {
  std::ranges::sort(histograms_, {}, &TimedHistogram::timestamp);
  SeriesSamples all;
  auto rollup = floats.rollups.begin();
  std::vector<std::shared_ptr<FloatHistogram>> histograms;
  const size_t count = floats.timestamps.size() + histograms_.size();
  all.timestamps.reserve(count);
  all.values.reserve(count);
  histograms.reserve(count);
  auto next = histograms_.begin();
  const auto push = [&](UnixMillis timestamp, double value,
                        std::shared_ptr<FloatHistogram> histogram) {
    all.timestamps.push_back(timestamp);
    all.values.push_back(value);
    histograms.push_back(std::move(histogram));
  };
  const auto push_histogram = [&] {
    const double sum = next->histogram->sum;
    push(next->timestamp, sum, std::move(next->histogram));
    ++next;
  };
  for (size_t i = 0; i < floats.timestamps.size(); ++i) {
    const UnixMillis timestamp = floats.timestamps[i];
    while (next != histograms_.end() && next->timestamp < timestamp) push_histogram();
    const bool is_bucket = rollup != floats.rollups.end() && rollup->point == i;
    const Rollup* const bucket = is_bucket ? &(rollup++)->rollup : nullptr;
    // Two samples at a time: the float was rolled up, and the histogram was written for its time
    // since then. It takes the place of one sample, not that of a bucket.
    if (next != histograms_.end() && next->timestamp == timestamp) {
      if (bucket == nullptr || bucket->count < 2) continue;
      ++next;
    }
    if (bucket != nullptr) all.rollups.push_back({all.values.size(), *bucket});
    push(timestamp, floats.values[i], nullptr);
  }
  while (next != histograms_.end()) push_histogram();
  FindResets(histograms);
  all.histograms.assign(histograms.begin(), histograms.end());
  return all;
}

}  // namespace luma::storage
