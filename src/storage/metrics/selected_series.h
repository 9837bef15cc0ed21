// One selection of series, read as a whole or in parts.
#pragma once

#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "model/metrics_source.h"
#include "storage/engine.h"
#include "storage/metrics/metrics_tables.h"
#include "storage/metrics/rollup_scan.h"
#include "storage/metrics/run_blocks.h"
#include "storage/metrics/series_collector.h"
#include "storage/metrics/series_filter.h"
#include "storage/metrics/snapshot_series.h"

namespace luma::storage {

// How to cut a selection: into parts of about so many rows, histograms counting for many, but at
// most so many parts for each block of the largest run.
struct SelectionCut {
  // A megabyte: samples stay in the cache of a processor until they are used.
  uint64_t part_rows = 65'536;
  size_t parts_per_block = 1;
};

// A part has neighbours by id, which sorted runs keep together, so each block is decoded for one
// part or two. The youngest runs are in the order of arrival, with rows of every part in every
// block: they are read once, before the first part.
// Threads: as of SeriesParts, after Prepare. Lifetime: engine, series and the memory of the
// limits outlive it.
class SelectedSeries final : public SeriesParts {
 public:
  SelectedSeries(MultiTierStorage& engine, const SnapshotSeries& series, SeriesBitmap ids,
                 TimeRange range, const ReadLimits& limits)
      : engine_(engine),
        series_(series),
        range_(range),
        limits_(limits),
        ids_(std::move(ids)),
        filter_(ids_) {}

  SelectedSeries(const SelectedSeries&) = delete;
  SelectedSeries& operator=(const SelectedSeries&) = delete;

  static constexpr SelectionCut kOnePart{.part_rows = std::numeric_limits<uint64_t>::max()};

  // Before anything else. Errors: those of MetricsSource::Select.
  Status Prepare(MetricsTables tables, SelectionCut cut);

  size_t count() const override { return part_count_; }
  Result<std::vector<SeriesSamples>> Read(size_t part, ResultMemory* memory) override;

 private:
  // Of one table: the blocks that may have wanted rows.
  struct TableBlocks {
    std::vector<RunBlocks> shared;  // read for all parts at once
    std::vector<RunBlocks> by_part;
  };
  // By the order of kSampleTableIds, then rollups and start times.
  static constexpr size_t kHistograms = 1;
  static_assert(kSampleTableIds[kHistograms] == kHistogramsTableId);
  static constexpr size_t kRollups = std::size(kSampleTableIds);
  static constexpr size_t kStartTimes = kRollups + 1;
  static constexpr size_t kTables = kStartTimes + 1;

  void FindBlocks();
  size_t CountParts(SelectionCut cut) const;
  void SetYoungestApart();
  SeriesBitmap IdsOf(size_t part) const;
  Result<SeriesCollector> NewCollector(const SeriesFilter& series, ResultMemory* memory);
  Status Collect(const SeriesFilter& series, std::vector<RunBlocks> TableBlocks::* blocks,
                 SeriesCollector& collector) const;
  Status AddShared(const SeriesBitmap& ids, SeriesCollector& collector);
  Result<std::vector<SeriesSamples>> Take(SeriesCollector& collector) const;

  MultiTierStorage& engine_;
  const SnapshotSeries& series_;
  const TimeRange range_;
  const ReadLimits limits_;
  const SeriesBitmap ids_;
  const SeriesFilter filter_;
  MetricsTables tables_;
  std::array<TableBlocks, kTables> blocks_;
  size_t part_count_ = 1;
  CollectedCounts counts_;
  std::optional<SeriesCollector> shared_;  // its series go to their part; none when all is one part
};

}  // namespace luma::storage
