#include "storage/metrics/retired/sample_times.h"

#include <algorithm>

#include "storage/engine.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/rollup_rows.h"
#include "storage/metrics/rollup_scan.h"
#include "storage/metrics/sample_scan.h"
#include "storage/metrics/series_records.h"
#include "storage/metrics/wanted_rows.h"
#include "storage/run_version.h"

namespace luma::storage {
namespace {

constexpr TimeRange kNoTimes{.min = INT64_MAX, .max = INT64_MIN};

constexpr auto kNoDeadline = std::chrono::steady_clock::time_point::max();

bool IsRollups(const TableSnapshot& table) { return table.object().id == kRollupsTableId; }

class BoundsOfTable {
 public:
  BoundsOfTable(const TableSnapshot& table, const SeriesFilter& series,
                std::vector<TimeRange>& bounds)
      : table_(table),
        series_(series),
        bounds_(bounds),
        // A rollup has the time at which its bucket ends.
        reach_back_(IsRollups(table) ? kDayMillis : 0) {}

  Status AddAll(const std::atomic<bool>& cancelled) {
    for (const auto& run : table_.runs()) {
      for (uint32_t block = 0; block < run->block_count(); ++block) {
        LUMA_RETURN_IF_ERROR(CheckStillWanted(kNoDeadline, &cancelled));
        LUMA_RETURN_IF_ERROR(AddBlock(*run, block));
      }
    }
    return Status::Ok();
  }

 private:
  // Zone maps of rows in memory say little, since these are not sorted.
  Status AddBlock(const RunView& run, uint32_t block) {
    const bool is_hot = static_cast<const RunVersion&>(run).run()->tier() == Tier::kHot;
    if (is_hot) return AddRows(run, block);
    const ZoneMap* const ids = run.Zone(kSeriesIdColumn, block);
    const ZoneMap* const times = run.Zone(kTimestampColumn, block);
    const bool has_ids = ids != nullptr && ids->has_min && ids->has_max;
    const bool has_times = times != nullptr && times->has_min && times->has_max;
    AddZone(has_ids ? ids->min.As<uint64_t>() : 0, has_ids ? ids->max.As<uint64_t>() : UINT64_MAX,
            has_times
                ? TimeRange{.min = times->min.As<UnixMillis>(), .max = times->max.As<UnixMillis>()}
                : TimeRange{.min = INT64_MIN, .max = INT64_MAX});
    return Status::Ok();
  }

  void AddZone(uint64_t first, uint64_t last, TimeRange times) {
    for (uint64_t id = series_.FirstFrom(first); id != SeriesFilter::kNone && id <= last;
         id = series_.FirstFrom(id + 1)) {
      Add(id, times);
    }
  }

  Status AddRows(const RunView& run, uint32_t block) {
    LUMA_RETURN_IF_ERROR(ids_.Read(run, *table_.schema().FindColumn(kSeriesIdColumn), block));
    LUMA_RETURN_IF_ERROR(times_.Read(run, *table_.schema().FindColumn(kTimestampColumn), block));
    for (uint32_t row = 0; row < ids_.size(); ++row) {
      const uint64_t id = ids_.values()[row];
      const UnixMillis time = times_.values()[row];
      if (series_.Contains(id)) Add(id, {.min = time, .max = time});
    }
    return Status::Ok();
  }

  void Add(uint64_t id, TimeRange times) {
    TimeRange& bound = bounds_[series_.Rank(id)];
    const UnixMillis min =
        times.min < INT64_MIN + reach_back_ ? INT64_MIN : times.min - reach_back_;
    bound.min = std::min(bound.min, min);
    bound.max = std::max(bound.max, times.max);
  }

  const TableSnapshot& table_;
  const SeriesFilter& series_;
  std::vector<TimeRange>& bounds_;
  const UnixMillis reach_back_;
  FlatColumn<uint64_t> ids_;
  FlatColumn<UnixMillis> times_;
};

Status AddNewestRollups(const TableSnapshot& table, UnixMillis since, const SeriesFilter& series,
                        const std::atomic<bool>& cancelled, std::vector<UnixMillis>& newest) {
  RollupScan scan;
  scan.table = &table;
  scan.series = &series;
  scan.ends = {.min = since, .max = INT64_MAX};
  scan.with_values = false;
  scan.cancelled = &cancelled;
  return scan.Run([&](RowId, const RollupRow& row) {
    UnixMillis& of_series = newest[series.Rank(row.series)];
    of_series = std::max(of_series, row.ts);
    return Status::Ok();
  });
}

Status AddNewestSamples(const TableSnapshot& table, UnixMillis since, const SeriesFilter& series,
                        const std::atomic<bool>& cancelled, std::vector<UnixMillis>& newest) {
  SampleScan scan;
  scan.table = &table;
  scan.series = &series;
  scan.range = {.min = since, .max = INT64_MAX};
  scan.with_values = false;
  scan.cancelled = &cancelled;
  return scan.Run([&](const SampleBlock& block) {
    for (const uint32_t row : block.rows) {
      UnixMillis& of_series = newest[series.Rank(block.series[row])];
      of_series = std::max(of_series, block.timestamps[row]);
    }
    return Status::Ok();
  });
}

}  // namespace

Result<std::vector<TimeRange>> BoundSampleTimes(std::span<const TableSnapshotPtr> tables,
                                                const SeriesFilter& series,
                                                const std::atomic<bool>& cancelled) {
  std::vector<TimeRange> bounds(series.size(), kNoTimes);
  for (const TableSnapshotPtr& table : tables) {
    LUMA_RETURN_IF_ERROR(BoundsOfTable(*table, series, bounds).AddAll(cancelled));
  }
  return bounds;
}

Result<std::vector<UnixMillis>> NewestSince(UnixMillis since, const SampleTables& tables,
                                            const SeriesFilter& series,
                                            const std::atomic<bool>& cancelled) {
  std::vector<UnixMillis> newest(series.size(), kNoSample);
  for (const TableSnapshotPtr& table : tables) {
    LUMA_RETURN_IF_ERROR(IsRollups(*table)
                             ? AddNewestRollups(*table, since, series, cancelled, newest)
                             : AddNewestSamples(*table, since, series, cancelled, newest));
  }
  return newest;
}

}  // namespace luma::storage
