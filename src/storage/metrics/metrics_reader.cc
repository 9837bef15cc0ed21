#include "storage/metrics/metrics_reader.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "storage/metrics/sample_scan.h"

namespace luma::storage {
namespace {

// Booked for the labels of one series: a dozen pairs as Kubernetes has them.
constexpr uint64_t kLabelsBytes = 256;
// The same with what holds the samples of the series, while they are collected and in the result.
constexpr uint64_t kSeriesResultBytes = kLabelsBytes + sizeof(SeriesSamples) + 96;

// Samples of one series as they come from the runs.
struct Collected {
  SeriesId series;
  std::vector<UnixMillis> timestamps;
  std::vector<double> values;
  bool in_order = true;

  void Add(UnixMillis timestamp, double value) {
    in_order = in_order && (timestamps.empty() || timestamps.back() < timestamp);
    timestamps.push_back(timestamp);
    values.push_back(value);
  }
  // Ascending and unique. Runs that overlap in time bring samples out of order; the same timestamp
  // twice only rows that were not written by MetricsWriter: then the later row stays.
  void Sort() {
    if (in_order) return;
    std::vector<std::pair<Sample, size_t>> samples;
    samples.reserve(timestamps.size());
    for (size_t i = 0; i < timestamps.size(); ++i) {
      samples.push_back({{timestamps[i], values[i]}, i});
    }
    std::sort(samples.begin(), samples.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first.timestamp, a.second) < std::pair(b.first.timestamp, b.second);
    });
    timestamps.clear();
    values.clear();
    for (const auto& [sample, position] : samples) {
      if (!timestamps.empty() && timestamps.back() == sample.timestamp) {
        values.back() = sample.value;
      } else {
        timestamps.push_back(sample.timestamp);
        values.push_back(sample.value);
      }
    }
  }
};

class Collector {
 public:
  Collector(const ReadLimits& limits, BudgetLease memory)
      : limits_(limits), memory_(std::move(memory)) {}

  // For what comes on top of the samples.
  Status Book(uint64_t bytes) {
    return limits_.memory == nullptr ? memory_.Grow(bytes) : limits_.memory->Book(bytes);
  }
  Status Add(const SampleBlock& block) {
    sample_count_ += block.rows.size();
    if (sample_count_ > limits_.samples_max) {
      return Status::TooLarge("query reads too many samples: limit=", limits_.samples_max);
    }
    LUMA_RETURN_IF_ERROR(Book(block.rows.size() * sizeof(Sample)));
    for (const uint32_t row : block.rows) {
      Of(block.series[row]).Add(block.timestamps[row], block.values[row]);
    }
    return Status::Ok();
  }
  std::vector<Collected>& collected() { return collected_; }

 private:
  Collected& Of(uint64_t series) {
    // Sorted runs bring all samples of a series in a row.
    if (collected_.empty() || last_ >= collected_.size() ||
        collected_[last_].series != SeriesId{series}) {
      const auto [entry, is_new] = index_.try_emplace(series, collected_.size());
      if (is_new) collected_.emplace_back().series = SeriesId{series};
      last_ = entry->second;
    }
    return collected_[last_];
  }

  const ReadLimits& limits_;
  BudgetLease memory_;  // for callers that do not account for the result
  uint64_t sample_count_ = 0;
  boost::unordered_flat_map<uint64_t, size_t> index_;
  std::vector<Collected> collected_;
  size_t last_ = 0;
};

bool LabelsBefore(LabelsView a, LabelsView b) { return CompareLabels(a, b) < 0; }

bool IsAllTime(TimeRange range) {
  return range.min == TimeRange().min && range.max == TimeRange().max;
}

}  // namespace

Result<SeriesBitmap> MetricsReader::Matching(const Matchers& matchers,
                                             const ReadLimits& limits) const {
  SeriesBitmap ids = registry_.Select(matchers);
  if (ids.cardinality() > limits.series_max) {
    return Status::TooLarge("query matches too many series: limit=", limits.series_max);
  }
  return ids;
}

Result<SeriesBitmap> MetricsReader::MatchingIn(const Matchers& matchers, TimeRange range,
                                               const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, Matching(matchers, limits));
  if (ids.isEmpty() || IsAllTime(range)) return ids;
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine_.Read(kSamplesTableId));
  const SeriesFilter filter(ids);
  std::vector<bool> seen(size_t{ids.maximum()} + 1);
  SampleScan scan;
  scan.table = table.get();
  scan.series = &filter;
  scan.range = range;
  scan.with_values = false;
  scan.deadline = limits.deadline;
  LUMA_RETURN_IF_ERROR(scan.Run([&](const SampleBlock& block) {
    for (const uint32_t row : block.rows) seen[block.series[row]] = true;
    return Status::Ok();
  }));
  SeriesBitmap found;
  for (const uint32_t id : ids) {
    if (seen[id]) found.add(id);
  }
  return found;
}

std::optional<Labels> MetricsReader::LabelsOf(SeriesId id) const {
  std::string canonical;
  if (!registry_.AppendLabels(id, canonical)) return std::nullopt;
  return Labels(LabelsView(canonical));
}

Result<std::vector<SeriesSamples>> MetricsReader::Select(const Matchers& matchers, TimeRange range,
                                                         const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, Matching(matchers, limits));
  if (ids.isEmpty()) return std::vector<SeriesSamples>();
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine_.Read(kSamplesTableId));
  LUMA_ASSIGN_OR_RETURN(BudgetLease memory, engine_.budget().Book(BudgetUse::kQuery, 0));
  const SeriesFilter filter(ids);
  Collector collector(limits, std::move(memory));
  SampleScan scan;
  scan.table = table.get();
  scan.series = &filter;
  scan.range = range;
  scan.deadline = limits.deadline;
  LUMA_RETURN_IF_ERROR(scan.Run([&](const SampleBlock& block) { return collector.Add(block); }));

  LUMA_RETURN_IF_ERROR(collector.Book(collector.collected().size() * kSeriesResultBytes));
  std::vector<SeriesSamples> result;
  result.reserve(collector.collected().size());
  for (Collected& collected : collector.collected()) {
    collected.Sort();
    std::optional<Labels> labels = LabelsOf(collected.series);
    if (!labels) continue;
    result.push_back({.labels = *std::move(labels),
                      .timestamps = std::move(collected.timestamps),
                      .values = std::move(collected.values)});
  }
  std::sort(result.begin(), result.end(), [](const SeriesSamples& a, const SeriesSamples& b) {
    return LabelsBefore(a.labels, b.labels);
  });
  return result;
}

Result<std::vector<Labels>> MetricsReader::Series(const Matchers& matchers, TimeRange range,
                                                  const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  if (limits.memory != nullptr) {
    LUMA_RETURN_IF_ERROR(limits.memory->Book(ids.cardinality() * kLabelsBytes));
  }
  std::vector<Labels> series;
  series.reserve(ids.cardinality());
  for (const uint32_t id : ids) {
    if (std::optional<Labels> labels = LabelsOf(SeriesId{id})) {
      series.push_back(*std::move(labels));
    }
  }
  std::sort(series.begin(), series.end(), LabelsBefore);
  return series;
}

Result<std::vector<std::string>> MetricsReader::LabelNames(const Matchers& matchers,
                                                           TimeRange range,
                                                           const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  return registry_.LabelNames(ids);
}

Result<std::vector<std::string>> MetricsReader::LabelValues(std::string_view name,
                                                            const Matchers& matchers,
                                                            TimeRange range,
                                                            const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  return registry_.LabelValues(name, ids);
}

}  // namespace luma::storage
