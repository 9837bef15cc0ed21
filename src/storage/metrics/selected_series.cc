#include "storage/metrics/selected_series.h"

#include <algorithm>
#include <iterator>
#include <optional>

namespace luma::storage {
namespace {

constexpr uint64_t kSeriesResultBytes = kLabelsBytes + sizeof(SeriesSamples);

// What a histogram takes in memory, in floats: sixty buckets, as latencies over three decades have.
constexpr uint64_t kFloatsPerHistogram = 64;

SampleScan ScanOfSamples(const TableSnapshot& table, const std::vector<RunBlocks>& blocks,
                         const SeriesFilter& series, TimeRange range, const ReadLimits& limits) {
  SampleScan scan;
  scan.table = &table;
  scan.blocks = &blocks;
  scan.series = &series;
  scan.range = range;
  scan.deadline = limits.deadline;
  return scan;
}

RollupScan ScanOfRollups(const TableSnapshot& table, const std::vector<RunBlocks>& blocks,
                         const SeriesFilter& series, TimeRange range, const ReadLimits& limits) {
  RollupScan scan;
  scan.table = &table;
  scan.blocks = &blocks;
  scan.series = &series;
  scan.ends = BucketEndsFor(range);
  scan.deadline = limits.deadline;
  return scan;
}

}  // namespace

Status SelectedSeries::Prepare(MetricsTables tables, SelectionCut cut) {
  part_count_ = std::min<size_t>(filter_.size(), 1);
  if (part_count_ == 0) return Status::Ok();
  tables_ = std::move(tables);
  FindBlocks();
  part_count_ = CountParts(cut);
  if (part_count_ == 1) return Status::Ok();
  SetYoungestApart();
  LUMA_ASSIGN_OR_RETURN(SeriesCollector shared, NewCollector(filter_, limits_.memory));
  LUMA_RETURN_IF_ERROR(shared.Book(SeriesFilter::BytesFor(ids_)));
  shared_.emplace(std::move(shared));
  return Collect(filter_, &TableBlocks::shared, *shared_);
}

// No more than the largest run has blocks: with many runs a part would be a sliver of each, and
// every block be decoded for many parts.
size_t SelectedSeries::CountParts(SelectionCut cut) const {
  uint64_t rows = 0;
  size_t blocks = 1;
  for (size_t table = 0; table < kTables; ++table) {
    const uint64_t weight = table == kHistograms ? kFloatsPerHistogram : 1;
    rows += CountWantedRows(blocks_[table].by_part) * weight;
    for (const RunBlocks& run : blocks_[table].by_part)
      blocks = std::max(blocks, run.blocks.size());
  }
  return std::min({rows / cut.part_rows + 1, cut.parts_per_block * blocks, filter_.size()});
}

void SelectedSeries::FindBlocks() {
  for (size_t i = 0; i < kRollups; ++i) {
    blocks_[i].by_part = BlocksWithWantedRows(*tables_.samples[i], filter_, range_);
  }
  blocks_[kRollups].by_part =
      BlocksWithWantedRows(*tables_.rollups, filter_, BucketEndsFor(range_));
  if (!limits_.with_start_times) return;
  blocks_[kStartTimes].by_part = BlocksWithWantedRows(*tables_.start_times, filter_, range_);
}

// Of two samples of a series and time the later row counts, so these come after all others. An
// unsorted run among the sorted ones is small, or its rows came in order.
void SelectedSeries::SetYoungestApart() {
  for (TableBlocks& table : blocks_) {
    std::vector<RunBlocks>& runs = table.by_part;
    const auto last_sorted = std::find_if(runs.rbegin(), runs.rend(), [](const RunBlocks& of_run) {
      return IsSortedRun(*of_run.run);
    });
    table.shared.assign(std::make_move_iterator(last_sorted.base()),
                        std::make_move_iterator(runs.end()));
    runs.erase(last_sorted.base(), runs.end());
  }
}

Result<SeriesCollector> SelectedSeries::NewCollector(const SeriesFilter& series,
                                                     ResultMemory* memory) {
  LUMA_ASSIGN_OR_RETURN(BudgetLease lease, engine_.budget().Book(BudgetUse::kQuery, 0));
  SeriesCollector collector(series, range_, limits_, memory, std::move(lease), counts_);
  LUMA_RETURN_IF_ERROR(collector.MakePlaces());
  return collector;
}

Status SelectedSeries::Collect(const SeriesFilter& series,
                               std::vector<RunBlocks> TableBlocks::* blocks,
                               SeriesCollector& collector) const {
  for (size_t i = 0; i < kRollups; ++i) {
    LUMA_RETURN_IF_ERROR(
        ScanOfSamples(*tables_.samples[i], blocks_[i].*blocks, series, range_, limits_)
            .Run([&](const SampleBlock& block) { return collector.Add(block); }));
  }
  LUMA_RETURN_IF_ERROR(
      ScanOfRollups(*tables_.rollups, blocks_[kRollups].*blocks, series, range_, limits_)
          .Run([&](RowId, const RollupRow& row) {
            return ReachesInto(row.rollup, range_) ? collector.Add(row) : Status::Ok();
          }));
  return ScanOfSamples(*tables_.start_times, blocks_[kStartTimes].*blocks, series, range_, limits_)
      .Run([&](const SampleBlock& block) { return collector.AddStartTimes(block); });
}

SeriesBitmap SelectedSeries::IdsOf(size_t part) const {
  const uint64_t series = filter_.size();
  const auto first = static_cast<uint32_t>(part * series / part_count_);
  const auto end = static_cast<uint32_t>((part + 1) * series / part_count_);
  uint32_t first_id = 0;
  uint32_t last_id = 0;
  LUMA_CHECK(ids_.select(first, &first_id) && ids_.select(end - 1, &last_id));
  SeriesBitmap range;
  range.addRange(first_id, uint64_t{last_id} + 1);
  return ids_ & range;
}

Result<std::vector<SeriesSamples>> SelectedSeries::Read(size_t part, ResultMemory* memory) {
  const SeriesBitmap ids = IdsOf(part);
  const SeriesFilter filter(ids);
  LUMA_ASSIGN_OR_RETURN(SeriesCollector collector,
                        NewCollector(filter, memory == nullptr ? limits_.memory : memory));
  LUMA_RETURN_IF_ERROR(collector.Book(SeriesFilter::BytesFor(ids)));
  LUMA_RETURN_IF_ERROR(Collect(filter, &TableBlocks::by_part, collector));
  if (shared_) LUMA_RETURN_IF_ERROR(AddShared(ids, collector));
  return Take(collector);
}

// Only the part of a series looks at what was collected of it.
Status SelectedSeries::AddShared(const SeriesBitmap& ids, SeriesCollector& collector) {
  for (const uint32_t id : ids) {
    CollectedSeries* const of_series = shared_->Find(id);
    if (of_series != nullptr) LUMA_RETURN_IF_ERROR(collector.Add(std::move(*of_series)));
  }
  return Status::Ok();
}

Result<std::vector<SeriesSamples>> SelectedSeries::Take(SeriesCollector& collector) const {
  LUMA_RETURN_IF_ERROR(collector.Book(collector.collected().size() * kSeriesResultBytes));
  std::vector<SeriesSamples> result;
  result.reserve(collector.collected().size());
  SnapshotLabels reader(series_);
  for (CollectedSeries& collected : collector.collected()) {
    if (!collected.has_samples()) continue;
    LUMA_ASSIGN_OR_RETURN(std::optional<Labels> labels, reader.Of(collected.series()));
    if (!labels) continue;  // removed since its id was found: it has no samples any more
    LUMA_RETURN_IF_ERROR(
        collector.Book(collected.start_times_bytes() + LabelsBytesBeyondBooked(*labels)));
    result.push_back(std::move(collected).Take());
    result.back().labels = *std::move(labels);
  }
  std::ranges::sort(
      result, [](LabelsView a, LabelsView b) { return CompareLabels(a, b) < 0; },
      [](const SeriesSamples& series) { return series.labels.view(); });
  return result;
}

}  // namespace luma::storage
