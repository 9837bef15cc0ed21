#include "storage/metrics/run_blocks.h"

#include <algorithm>
#include <utility>

#include "storage/metrics/wanted_rows.h"

namespace luma::storage {
namespace {

// The share of the times between those of the first and the last row that lies in `range`.
double TimeShare(const ZoneMap* zone, TimeRange range) {
  if (zone == nullptr || !zone->has_min || !zone->has_max) return 1;
  const auto first = static_cast<double>(zone->min.As<UnixMillis>());
  const auto last = static_cast<double>(zone->max.As<UnixMillis>());
  if (last <= first) return 1;
  const double from = std::max(first, static_cast<double>(range.min));
  const double until = std::min(last, static_cast<double>(range.max));
  return std::max(until - from, 0.0) / (last - first);
}

// The same of the series.
double SeriesShare(const ZoneMap* zone, const SeriesFilter& series) {
  if (zone == nullptr || !zone->has_min || !zone->has_max) return 1;
  const auto first = zone->min.As<uint64_t>();
  const auto last = zone->max.As<uint64_t>();
  return static_cast<double>(series.CountIn(first, last)) / static_cast<double>(last - first + 1);
}

// If rows were spread evenly.
uint64_t EstimateWantedRows(const RunView& run, uint32_t block, const SeriesFilter& series,
                            TimeRange range) {
  const double share = TimeShare(run.Zone(kTimestampColumn, block), range) *
                       SeriesShare(run.Zone(kSeriesIdColumn, block), series);
  return static_cast<uint64_t>(share * run.BlockRows(block));
}

}  // namespace

std::vector<RunBlocks> BlocksWithWantedRows(const TableSnapshot& table, const SeriesFilter& series,
                                            TimeRange range) {
  std::vector<RunBlocks> found;
  for (const auto& run : table.runs()) {
    RunBlocks of_run{.run = run.get(), .blocks = {}};
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      if (!MayHaveWantedRows(*run, block, series, range)) continue;
      of_run.blocks.push_back(block);
      of_run.wanted_rows += EstimateWantedRows(*run, block, series, range);
    }
    if (!of_run.blocks.empty()) found.push_back(std::move(of_run));
  }
  return found;
}

uint64_t CountWantedRows(const std::vector<RunBlocks>& runs) {
  uint64_t rows = 0;
  for (const RunBlocks& of_run : runs) rows += of_run.wanted_rows;
  return rows;
}

}  // namespace luma::storage
