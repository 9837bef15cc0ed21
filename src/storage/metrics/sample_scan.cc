#include "storage/metrics/sample_scan.h"

#include <algorithm>

#include "storage/metrics/flat_column.h"
#include "storage/run_version.h"

namespace luma::storage {
namespace {

// Reads block after block of one scan, reusing its buffers.
class BlockScanner {
 public:
  BlockScanner(const SampleScan& scan, const std::function<Status(const SampleBlock&)>& visit)
      : scan_(scan),
        visit_(visit),
        wanted_(scan.table->schema(), *scan.series, scan.range),
        value_column_(*scan.table->schema().FindColumn(kValueColumn)) {}

  Status ScanRun(const RunView& run) {
    for (uint32_t block = 0; block < run.block_count(); ++block) {
      LUMA_RETURN_IF_ERROR(ScanBlock(run, block));
    }
    return Status::Ok();
  }
  Status ScanBlocks(const RunBlocks& of_run) {
    for (const uint32_t block : of_run.blocks) {
      LUMA_RETURN_IF_ERROR(ScanBlock(*of_run.run, block));
    }
    return Status::Ok();
  }

 private:
  Status ScanBlock(const RunView& run, uint32_t block) {
    return scan_.MayHaveRows(run, block) ? ReadBlock(run, block) : Status::Ok();
  }
  Status ReadBlock(const RunView& run, uint32_t block) {
    LUMA_RETURN_IF_ERROR(CheckStillWanted(scan_.deadline, scan_.cancelled));
    LUMA_RETURN_IF_ERROR(wanted_.Find(run, block));
    if (wanted_.rows().empty()) return Status::Ok();
    SampleBlock found{.run = run.id(),
                      .start = run.BlockStart(block),
                      .rows = wanted_.rows(),
                      .series = wanted_.series(),
                      .timestamps = wanted_.timestamps()};
    if (scan_.with_values) LUMA_RETURN_IF_ERROR(ReadValues(run, block, found));
    return visit_(found);
  }

  Status ReadValues(const RunView& run, uint32_t block, SampleBlock& found) {
    if (value_column_.physical_type == PhysicalType::kBytes) {
      LUMA_RETURN_IF_ERROR(histograms_.Read(run, value_column_, block));
      found.histograms = histograms_.values();
    } else if (value_column_.physical_type == PhysicalType::kInt64) {
      LUMA_RETURN_IF_ERROR(starts_.Read(run, value_column_, block));
      found.starts = starts_.values();
    } else {
      LUMA_RETURN_IF_ERROR(values_.Read(run, value_column_, block));
      found.values = values_.values();
    }
    return Status::Ok();
  }

  const SampleScan& scan_;
  const std::function<Status(const SampleBlock&)>& visit_;
  WantedRows wanted_;
  const ColumnSchema& value_column_;
  FlatColumn<double> values_;
  FlatColumn<StringRef> histograms_;
  FlatColumn<UnixMillis> starts_;
};

Result<UnixMillis> NewestInBlock(const RunView& run, const ColumnSchema& column, uint32_t block) {
  const ZoneMap* const zone = run.Zone(kTimestampColumn, block);
  if (zone != nullptr && zone->has_max) return zone->max.As<UnixMillis>();
  FlatColumn<UnixMillis> timestamps;
  LUMA_RETURN_IF_ERROR(timestamps.Read(run, column, block));
  return *std::max_element(timestamps.values(), timestamps.values() + timestamps.size());
}

}  // namespace

Status SampleScan::Run(const std::function<Status(const SampleBlock&)>& visit) const {
  BlockScanner scanner(*this, visit);
  if (blocks != nullptr) {
    for (const RunBlocks& of_run : *blocks) LUMA_RETURN_IF_ERROR(scanner.ScanBlocks(of_run));
    return Status::Ok();
  }
  for (const auto& run : table->runs()) {
    if (takes_run && !takes_run(*run)) continue;
    LUMA_RETURN_IF_ERROR(scanner.ScanRun(*run));
  }
  return Status::Ok();
}

bool SampleScan::MayHaveRows(const RunView& run) const {
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    if (MayHaveRows(run, block)) return true;
  }
  return false;
}

bool SampleScan::MayHaveRows(const RunView& run, uint32_t block) const {
  return MayHaveWantedRows(run, block, *series, range);
}

Result<NewestSample> FindNewest(const TableSnapshot& table, UnixMillis floor) {
  const ColumnSchema& column = *table.schema().FindColumn(kTimestampColumn);
  NewestSample newest{.timestamp = floor};
  for (const auto& run : table.runs()) {
    const bool is_cold = static_cast<const RunVersion&>(*run).run()->tier() == Tier::kCold;
    if (is_cold && run->Zone(kTimestampColumn, 0) == nullptr) {
      newest.is_exact = false;
      continue;
    }
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      LUMA_ASSIGN_OR_RETURN(const UnixMillis of_block, NewestInBlock(*run, column, block));
      newest.timestamp = std::max(newest.timestamp, of_block);
    }
  }
  return newest;
}

}  // namespace luma::storage
