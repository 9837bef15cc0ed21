#include "storage/metrics/metrics_reader.h"

#include <algorithm>
#include <bit>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "storage/metrics/exemplar_scan.h"
#include "storage/metrics/metrics_tables.h"
#include "storage/metrics/rollup_scan.h"
#include "storage/metrics/sample_scan.h"
#include "storage/metrics/selected_series.h"

namespace luma::storage {
namespace {

class ExemplarCollector {
 public:
  explicit ExemplarCollector(const ReadLimits& limits) : limits_(limits) {}

  Status Add(const ExemplarRow& row) {
    if (++count_ > limits_.samples_max) {
      return Status::TooLarge("query reads too many exemplars: limit=", limits_.samples_max);
    }
    if (limits_.memory != nullptr) {
      const uint64_t labels = row.labels.canonical().size();
      LUMA_RETURN_IF_ERROR(limits_.memory->Book(sizeof(Exemplar) + labels));
    }
    collected_[static_cast<uint64_t>(row.series)].push_back(
        {.timestamp = row.timestamp, .value = row.value, .labels = Labels(row.labels)});
    return Status::Ok();
  }
  std::map<uint64_t, std::vector<Exemplar>>& collected() { return collected_; }

 private:
  const ReadLimits& limits_;
  uint64_t count_ = 0;
  std::map<uint64_t, std::vector<Exemplar>> collected_;  // by series
};

// By time, and without repeats, which cold runs may hold.
std::vector<Exemplar> InOrder(std::vector<Exemplar> exemplars) {
  const auto place = [](const Exemplar& one) {
    return std::tuple(one.timestamp, std::bit_cast<uint64_t>(one.value), one.labels.canonical());
  };
  std::ranges::sort(exemplars, {}, place);
  const auto repeated = std::ranges::unique(exemplars, {}, place);
  exemplars.erase(repeated.begin(), repeated.end());
  return exemplars;
}

bool LabelsBefore(LabelsView a, LabelsView b) { return CompareLabels(a, b) < 0; }

bool IsAllTime(TimeRange range) {
  return range.min == TimeRange().min && range.max == TimeRange().max;
}

}  // namespace

Result<SeriesBitmap> MetricsReader::Matching(const Matchers& matchers, TimeRange range,
                                             const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, series_.Select(matchers, range, limits));
  if (ids.cardinality() > limits.series_max) {
    return Status::TooLarge("query matches too many series: limit=", limits.series_max);
  }
  return ids;
}

Result<SeriesBitmap> MetricsReader::MatchingIn(const Matchers& matchers, TimeRange range,
                                               const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, Matching(matchers, range, limits));
  if (IsAllTime(range)) return ids;
  SeriesBitmap found = series_.NewestIn(ids, range);
  ids -= found;
  if (ids.isEmpty()) return found;
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap others, WithRowsIn(ids, range, limits));
  found |= others;
  return found;
}

Result<SeriesBitmap> MetricsReader::WithRowsIn(const SeriesBitmap& ids, TimeRange range,
                                               const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const MetricsTables tables, ReadMetricsTables(engine_, tables_));
  if (limits.memory != nullptr) {
    const uint64_t bytes_of_seen = ids.cardinality() / 8;
    LUMA_RETURN_IF_ERROR(limits.memory->Book(SeriesFilter::BytesFor(ids) + bytes_of_seen));
  }
  const SeriesFilter filter(ids);
  std::vector<bool> seen(filter.size());  // by rank
  for (const TableSnapshotPtr& table : tables.samples) {
    SampleScan samples;
    samples.table = table.get();
    samples.series = &filter;
    samples.range = range;
    samples.with_values = false;
    samples.deadline = limits.deadline;
    LUMA_RETURN_IF_ERROR(samples.Run([&](const SampleBlock& block) {
      for (const uint32_t row : block.rows) seen[filter.Rank(block.series[row])] = true;
      return Status::Ok();
    }));
  }
  RollupScan rollups;
  rollups.table = tables.rollups.get();
  rollups.series = &filter;
  rollups.ends = BucketEndsFor(range);
  rollups.with_values = false;
  rollups.deadline = limits.deadline;
  LUMA_RETURN_IF_ERROR(rollups.Run([&](RowId, const RollupRow& row) {
    if (ReachesInto(row.rollup, range)) seen[filter.Rank(row.series)] = true;
    return Status::Ok();
  }));
  SeriesBitmap found;
  size_t rank = 0;
  for (const uint32_t id : ids) {
    if (seen[rank++]) found.add(id);
  }
  return found;
}

Result<std::vector<SeriesSamples>> MetricsReader::Select(const Matchers& matchers, TimeRange range,
                                                         const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, Matching(matchers, range, limits));
  if (ids.isEmpty()) return std::vector<SeriesSamples>();
  SelectedSeries selected(engine_, series_, std::move(ids), range, limits);
  LUMA_ASSIGN_OR_RETURN(MetricsTables tables, ReadMetricsTables(engine_, tables_));
  LUMA_RETURN_IF_ERROR(selected.Prepare(std::move(tables), SelectedSeries::kOnePart));
  return selected.Read(0, nullptr);
}

Result<std::unique_ptr<SeriesParts>> MetricsReader::SelectParts(const Matchers& matchers,
                                                                TimeRange range,
                                                                const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, Matching(matchers, range, limits));
  auto selected = std::make_unique<SelectedSeries>(engine_, series_, std::move(ids), range, limits);
  LUMA_ASSIGN_OR_RETURN(MetricsTables tables, ReadMetricsTables(engine_, tables_));
  LUMA_RETURN_IF_ERROR(selected->Prepare(std::move(tables), SelectionCut()));
  return std::unique_ptr<SeriesParts>(std::move(selected));
}

Result<std::vector<Labels>> MetricsReader::Series(const Matchers& matchers, TimeRange range,
                                                  const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  const auto book = [&](uint64_t bytes) {
    return limits.memory == nullptr ? Status::Ok() : limits.memory->Book(bytes);
  };
  LUMA_RETURN_IF_ERROR(book(ids.cardinality() * kLabelsBytes));
  std::vector<Labels> series;
  series.reserve(ids.cardinality());
  SnapshotLabels reader(series_);
  for (const uint32_t id : ids) {
    LUMA_ASSIGN_OR_RETURN(std::optional<Labels> labels, reader.Of(SeriesId{id}));
    if (!labels) continue;
    if (const uint64_t more = LabelsBytesBeyondBooked(*labels); more > 0) {
      LUMA_RETURN_IF_ERROR(book(more));
    }
    series.push_back(*std::move(labels));
  }
  std::sort(series.begin(), series.end(), LabelsBefore);
  return series;
}

Result<std::vector<std::string>> MetricsReader::LabelNames(const Matchers& matchers,
                                                           TimeRange range,
                                                           const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  return series_.LabelNames(ids, limits);
}

Result<std::vector<std::string>> MetricsReader::LabelValues(std::string_view name,
                                                            const Matchers& matchers,
                                                            TimeRange range,
                                                            const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  return series_.LabelValues(name, ids, limits);
}

Result<std::vector<SeriesExemplars>> MetricsReader::Exemplars(std::span<const Matchers> selectors,
                                                              TimeRange range,
                                                              const ReadLimits& limits) const {
  SeriesBitmap ids;
  for (const Matchers& matchers : selectors) {
    // Times of partitions are those of samples.
    LUMA_ASSIGN_OR_RETURN(const SeriesBitmap matching, Matching(matchers, TimeRange(), limits));
    ids |= matching;
  }
  if (ids.isEmpty()) return std::vector<SeriesExemplars>();
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table,
                        tables_ ? tables_(kExemplarsTableId) : engine_.Read(kExemplarsTableId));
  ExemplarCollector collector(limits);
  if (limits.memory != nullptr) {
    LUMA_RETURN_IF_ERROR(limits.memory->Book(SeriesFilter::BytesFor(ids)));
  }
  const SeriesFilter filter(ids);
  const ExemplarScan scan{
      .table = table.get(), .series = &filter, .range = range, .deadline = limits.deadline};
  LUMA_RETURN_IF_ERROR(scan.Run([&](const ExemplarRow& row) { return collector.Add(row); }));
  std::vector<SeriesExemplars> result;
  SnapshotLabels reader(series_);
  for (auto& [series, exemplars] : collector.collected()) {
    LUMA_ASSIGN_OR_RETURN(std::optional<Labels> labels, reader.Of(SeriesId{series}));
    if (!labels) continue;
    result.push_back({.labels = *std::move(labels), .exemplars = InOrder(std::move(exemplars))});
  }
  std::ranges::sort(result, LabelsBefore, &SeriesExemplars::labels);
  return result;
}

}  // namespace luma::storage
