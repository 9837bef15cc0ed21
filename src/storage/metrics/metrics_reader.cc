#include "storage/metrics/metrics_reader.h"

#include <algorithm>
#include <array>
#include <bit>
#include <iterator>
#include <map>
#include <memory>
#include <tuple>
#include <utility>

#include "model/histogram_codec.h"
#include "storage/metrics/collected_series.h"
#include "storage/metrics/exemplar_scan.h"
#include "storage/metrics/rollup_scan.h"
#include "storage/metrics/sample_scan.h"

namespace luma::storage {
namespace {

// Booked for the labels of one series: a dozen pairs as Kubernetes has them.
constexpr uint64_t kLabelsBytes = 256;
// The same with what holds the samples of the series, while they are collected and in the result.
constexpr uint64_t kSeriesResultBytes = kLabelsBytes + sizeof(SeriesSamples) + 96;

// A histogram's place among the samples of its series, collected, in order, and in the result.
constexpr uint64_t kHistogramPlaceBytes = sizeof(Sample) + 6 * sizeof(HistogramPtr);
// A series' place among those that were found.
constexpr uint64_t kPlaceBytes = sizeof(uint32_t);
// Room is made for at most so many times the samples that are there.
constexpr double kExpectedTimesMax = 4;

class Collector {
 public:
  Collector(const SeriesFilter& series, TimeRange range, const ReadLimits& limits,
            BudgetLease memory)
      : filter_(series), range_(range), limits_(limits), memory_(std::move(memory)) {}

  // Before anything is added.
  Status MakePlaces() {
    LUMA_RETURN_IF_ERROR(Book(filter_.size() * kPlaceBytes));
    places_.resize(filter_.size());
    return Status::Ok();
  }

  // For what comes on top of the samples.
  Status Book(uint64_t bytes) {
    return limits_.memory == nullptr ? memory_.Grow(bytes) : limits_.memory->Book(bytes);
  }
  Status Add(const SampleBlock& block) {
    LUMA_RETURN_IF_ERROR(CountSamples(block.rows.size()));
    if (block.histograms != nullptr) return AddHistograms(block);
    for (const RowStretch& stretch : block.rows.stretches()) {
      const size_t count = stretch.end - stretch.begin;
      LUMA_RETURN_IF_ERROR(AddFloats(Of(block.series[stretch.begin]),
                                     {block.timestamps + stretch.begin, count},
                                     {block.values + stretch.begin, count}));
    }
    return Status::Ok();
  }
  Status Add(const RollupRow& row) {
    LUMA_RETURN_IF_ERROR(CountSamples(1));
    LUMA_RETURN_IF_ERROR(Book(sizeof(Sample) + sizeof(Rollup) + sizeof(RollupPoint)));
    Of(row.series).Add(row.rollup);
    return Status::Ok();
  }
  // Of luma.start_times, after all samples: those of samples that are gone are left out.
  Status AddStartTimes(const SampleBlock& block) {
    LUMA_RETURN_IF_ERROR(Book(block.rows.size() * sizeof(Sample)));
    for (const uint32_t row : block.rows) {
      const uint32_t place = places_[filter_.Rank(block.series[row])];
      if (place == 0) continue;
      collected_[place - 1].AddStartTime(block.timestamps[row], block.starts[row]);
    }
    return Status::Ok();
  }
  std::vector<CollectedSeries>& collected() { return collected_; }

 private:
  Status AddFloats(CollectedSeries& series, std::span<const UnixMillis> timestamps,
                   std::span<const double> values) {
    const size_t count = series.float_count() + values.size();
    if (count > series.float_capacity()) {
      const size_t had = series.float_capacity();
      size_t room = had == 0 ? Expected(timestamps) : 2 * count;
      if (!Book((room - had) * sizeof(Sample)).ok()) {
        room = count;
        LUMA_RETURN_IF_ERROR(Book((room - had) * sizeof(Sample)));
      }
      series.Reserve(room);
    }
    series.Add(timestamps, values);
    return Status::Ok();
  }
  // How many samples the series will have, if the rest of the range has them as closely as these.
  size_t Expected(std::span<const UnixMillis> timestamps) const {
    const auto count = static_cast<double>(timestamps.size());
    const double begin = static_cast<double>(timestamps.front());
    const double covered = static_cast<double>(timestamps.back()) - begin;
    const double ahead = static_cast<double>(range_.max) - begin;
    const double times = covered <= 0 ? 1 : std::min(ahead / covered, kExpectedTimesMax);
    return timestamps.size() + static_cast<size_t>(std::max(times - 1, 0.0) * count);
  }
  Status AddHistograms(const SampleBlock& block) {
    LUMA_RETURN_IF_ERROR(Book(block.rows.size() * kHistogramPlaceBytes));
    for (const uint32_t row : block.rows) {
      const std::string_view bytes = block.histograms[row].view();
      LUMA_RETURN_IF_ERROR(MakeRoom(DecodedHistogramBytesMax(bytes)));
      LUMA_ASSIGN_OR_RETURN(StoredHistogram stored, DecodeHistogram(bytes));
      auto histogram = std::make_shared<FloatHistogram>(std::move(stored.histogram));
      room_bytes_ -= HistogramBytes(*histogram);
      CollectedSeries& series = Of(block.series[row]);
      const UnixMillis time = block.timestamps[row];
      series.Add(time, std::move(histogram));
      if (limits_.with_start_times && stored.age_ms != 0) {
        series.AddStartTime(time, time - stored.age_ms);
      }
    }
    return Status::Ok();
  }
  // What a histogram takes is known once it is decoded, and until then only what it may take.
  Status MakeRoom(uint64_t bytes) {
    if (bytes <= room_bytes_) return Status::Ok();
    LUMA_RETURN_IF_ERROR(Book(bytes - room_bytes_));
    room_bytes_ = bytes;
    return Status::Ok();
  }
  Status CountSamples(uint64_t count) {
    sample_count_ += count;
    if (sample_count_ <= limits_.samples_max) return Status::Ok();
    return Status::TooLarge("query reads too many samples: limit=", limits_.samples_max);
  }
  CollectedSeries& Of(uint64_t series) {
    uint32_t& place = places_[filter_.Rank(series)];
    if (place == 0) {
      collected_.emplace_back(SeriesId{series});
      place = static_cast<uint32_t>(collected_.size());
    }
    return collected_[place - 1];
  }

  const SeriesFilter& filter_;
  const TimeRange range_;
  const ReadLimits& limits_;
  BudgetLease memory_;       // for callers that do not account for the result
  uint64_t room_bytes_ = 0;  // booked for the next histogram
  uint64_t sample_count_ = 0;
  std::vector<uint32_t> places_;  // of wanted series, by rank: one more than that in collected_
  std::vector<CollectedSeries> collected_;
};

// The tables as of one commit: a rollup and what it replaced are never seen together.
struct MetricsTables {
  std::array<TableSnapshotPtr, std::size(kSampleTableIds)> samples;  // floats and histograms
  TableSnapshotPtr rollups;
  TableSnapshotPtr start_times;
};

Result<MetricsTables> TablesOf(const TableReader& read) {
  MetricsTables tables;
  for (size_t i = 0; i < tables.samples.size(); ++i) {
    LUMA_ASSIGN_OR_RETURN(tables.samples[i], read(kSampleTableIds[i]));
  }
  LUMA_ASSIGN_OR_RETURN(tables.rollups, read(kRollupsTableId));
  LUMA_ASSIGN_OR_RETURN(tables.start_times, read(kStartTimesTableId));
  return tables;
}

// By `read`, or of the newest commit when it is empty.
Result<MetricsTables> ReadTables(MultiTierStorage& engine, const TableReader& read) {
  if (read) return TablesOf(read);
  const std::unique_ptr<Transaction> transaction = engine.Begin();
  return TablesOf([&](ObjectId table) { return transaction->Read(table); });
}

SampleScan ScanOfSamples(const TableSnapshot& table, const SeriesFilter& series, TimeRange range,
                         const ReadLimits& limits) {
  SampleScan scan;
  scan.table = &table;
  scan.series = &series;
  scan.range = range;
  scan.deadline = limits.deadline;
  return scan;
}

RollupScan ScanOfRollups(const MetricsTables& tables, const SeriesFilter& series, TimeRange range,
                         const ReadLimits& limits) {
  RollupScan scan;
  scan.table = tables.rollups.get();
  scan.series = &series;
  scan.ends = BucketEndsFor(range);
  scan.deadline = limits.deadline;
  return scan;
}

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
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, series_.Select(matchers, range, limits.deadline));
  if (ids.cardinality() > limits.series_max) {
    return Status::TooLarge("query matches too many series: limit=", limits.series_max);
  }
  return ids;
}

Result<SeriesBitmap> MetricsReader::MatchingIn(const Matchers& matchers, TimeRange range,
                                               const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, Matching(matchers, range, limits));
  if (ids.isEmpty() || IsAllTime(range)) return ids;
  LUMA_ASSIGN_OR_RETURN(const MetricsTables tables, ReadTables(engine_, tables_));
  const SeriesFilter filter(ids);
  std::vector<bool> seen(size_t{ids.maximum()} + 1);
  for (const TableSnapshotPtr& table : tables.samples) {
    SampleScan samples = ScanOfSamples(*table, filter, range, limits);
    samples.with_values = false;
    LUMA_RETURN_IF_ERROR(samples.Run([&](const SampleBlock& block) {
      for (const uint32_t row : block.rows) seen[block.series[row]] = true;
      return Status::Ok();
    }));
  }
  RollupScan rollups = ScanOfRollups(tables, filter, range, limits);
  rollups.with_values = false;
  LUMA_RETURN_IF_ERROR(rollups.Run([&](RowId, const RollupRow& row) {
    if (ReachesInto(row.rollup, range)) seen[row.series] = true;
    return Status::Ok();
  }));
  SeriesBitmap found;
  for (const uint32_t id : ids) {
    if (seen[id]) found.add(id);
  }
  return found;
}

Result<std::vector<SeriesSamples>> MetricsReader::Select(const Matchers& matchers, TimeRange range,
                                                         const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, Matching(matchers, range, limits));
  if (ids.isEmpty()) return std::vector<SeriesSamples>();
  LUMA_ASSIGN_OR_RETURN(const MetricsTables tables, ReadTables(engine_, tables_));
  LUMA_ASSIGN_OR_RETURN(BudgetLease memory, engine_.budget().Book(BudgetUse::kQuery, 0));
  const SeriesFilter filter(ids);
  Collector collector(filter, range, limits, std::move(memory));
  LUMA_RETURN_IF_ERROR(collector.MakePlaces());
  for (const TableSnapshotPtr& table : tables.samples) {
    LUMA_RETURN_IF_ERROR(
        ScanOfSamples(*table, filter, range, limits).Run([&](const SampleBlock& block) {
          return collector.Add(block);
        }));
  }
  LUMA_RETURN_IF_ERROR(
      ScanOfRollups(tables, filter, range, limits).Run([&](RowId, const RollupRow& row) {
        return ReachesInto(row.rollup, range) ? collector.Add(row) : Status::Ok();
      }));
  if (limits.with_start_times) {
    LUMA_RETURN_IF_ERROR(
        ScanOfSamples(*tables.start_times, filter, range, limits)
            .Run([&](const SampleBlock& block) { return collector.AddStartTimes(block); }));
  }

  LUMA_RETURN_IF_ERROR(collector.Book(collector.collected().size() * kSeriesResultBytes));
  std::vector<SeriesSamples> result;
  result.reserve(collector.collected().size());
  LabelsReader reader(series_);
  for (CollectedSeries& collected : collector.collected()) {
    LUMA_ASSIGN_OR_RETURN(std::optional<Labels> labels, reader.Of(collected.series()));
    if (!labels) continue;
    LUMA_RETURN_IF_ERROR(collector.Book(collected.start_times_bytes()));
    result.push_back(std::move(collected).Take());
    result.back().labels = *std::move(labels);
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
  LabelsReader reader(series_);
  for (const uint32_t id : ids) {
    LUMA_ASSIGN_OR_RETURN(std::optional<Labels> labels, reader.Of(SeriesId{id}));
    if (labels) series.push_back(*std::move(labels));
  }
  std::sort(series.begin(), series.end(), LabelsBefore);
  return series;
}

Result<std::vector<std::string>> MetricsReader::LabelNames(const Matchers& matchers,
                                                           TimeRange range,
                                                           const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  return series_.LabelNames(ids, limits.deadline);
}

Result<std::vector<std::string>> MetricsReader::LabelValues(std::string_view name,
                                                            const Matchers& matchers,
                                                            TimeRange range,
                                                            const ReadLimits& limits) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap ids, MatchingIn(matchers, range, limits));
  return series_.LabelValues(name, ids, limits.deadline);
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
  const SeriesFilter filter(ids);
  const ExemplarScan scan{
      .table = table.get(), .series = &filter, .range = range, .deadline = limits.deadline};
  LUMA_RETURN_IF_ERROR(scan.Run([&](const ExemplarRow& row) { return collector.Add(row); }));
  std::vector<SeriesExemplars> result;
  LabelsReader reader(series_);
  for (auto& [series, exemplars] : collector.collected()) {
    LUMA_ASSIGN_OR_RETURN(std::optional<Labels> labels, reader.Of(SeriesId{series}));
    if (!labels) continue;
    result.push_back({.labels = *std::move(labels), .exemplars = InOrder(std::move(exemplars))});
  }
  std::ranges::sort(result, LabelsBefore, &SeriesExemplars::labels);
  return result;
}

}  // namespace luma::storage
