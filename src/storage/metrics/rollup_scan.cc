#include "storage/metrics/rollup_scan.h"

#include <limits>

namespace luma::storage {
namespace {

// The columns of one block, as far as a scan needs them.
class RollupColumns {
 public:
  RollupColumns(const TableSchema& schema, bool with_values)
      : schema_(schema), with_values_(with_values) {}

  Status Read(const RunView& run, uint32_t block) {
    run_ = &run;
    block_ = block;
    next_ = kResolutionColumn;
    LUMA_RETURN_IF_ERROR(ReadNext(resolution_));
    LUMA_RETURN_IF_ERROR(ReadNext(count_));
    for (FlatColumn<double>* const column : {&sum_, &min_, &max_, &first_, &last_}) {
      LUMA_RETURN_IF_ERROR(ReadNextValues(*column));
    }
    LUMA_RETURN_IF_ERROR(ReadNext(first_ts_));
    LUMA_RETURN_IF_ERROR(ReadNext(last_ts_));
    LUMA_RETURN_IF_ERROR(ReadNext(stale_ts_));
    LUMA_RETURN_IF_ERROR(ReadNextValues(reset_sum_));
    LUMA_RETURN_IF_ERROR(ReadNextValues(changes_));
    return ReadNextValues(resets_);
  }

  int64_t resolution_ms(uint32_t row) const { return resolution_.values()[row]; }
  Rollup At(uint32_t row) const {
    Rollup rollup;
    rollup.count = static_cast<uint64_t>(count_.values()[row]);
    rollup.first_ts = first_ts_.values()[row];
    rollup.last_ts = last_ts_.values()[row];
    rollup.stale_ts = stale_ts_.values()[row];
    if (!with_values_) return rollup;
    rollup.sum = sum_.values()[row];
    rollup.min = min_.values()[row];
    rollup.max = max_.values()[row];
    rollup.first = first_.values()[row];
    rollup.last = last_.values()[row];
    rollup.reset_sum = reset_sum_.values()[row];
    rollup.changes = static_cast<uint64_t>(changes_.values()[row]);
    rollup.resets = static_cast<uint64_t>(resets_.values()[row]);
    return rollup;
  }

 private:
  template <typename T>
  Status ReadNext(FlatColumn<T>& column) {
    const ColumnId id = next_;
    next_ = ColumnId{static_cast<uint32_t>(next_) + 1};
    return column.Read(*run_, *schema_.FindColumn(id), block_);
  }
  template <typename T>
  Status ReadNextValues(FlatColumn<T>& column) {
    if (with_values_) return ReadNext(column);
    next_ = ColumnId{static_cast<uint32_t>(next_) + 1};
    return Status::Ok();
  }

  const TableSchema& schema_;
  const bool with_values_;
  const RunView* run_ = nullptr;
  uint32_t block_ = 0;
  ColumnId next_{};
  FlatColumn<int64_t> resolution_, count_, first_ts_, last_ts_, stale_ts_, changes_, resets_;
  FlatColumn<double> sum_, min_, max_, first_, last_, reset_sum_;
};

class BlockScanner {
 public:
  BlockScanner(const RollupScan& scan, const std::function<Status(RowId, const RollupRow&)>& visit)
      : scan_(scan),
        visit_(visit),
        wanted_(scan.table->schema(), *scan.series, scan.ends),
        columns_(scan.table->schema(), scan.with_values) {}

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
  bool MayHaveRows(const RunView& run, uint32_t block) const {
    if (!MayHaveWantedRows(run, block, *scan_.series, scan_.ends)) return false;
    const ZoneMap* const zone = run.Zone(kResolutionColumn, block);
    return zone == nullptr || !zone->has_min || zone->min.As<int64_t>() <= scan_.resolution_ms_max;
  }

  Status ScanBlock(const RunView& run, uint32_t block) {
    return MayHaveRows(run, block) ? ReadBlock(run, block) : Status::Ok();
  }
  Status ReadBlock(const RunView& run, uint32_t block) {
    LUMA_RETURN_IF_ERROR(CheckStillWanted(scan_.deadline, scan_.cancelled));
    LUMA_RETURN_IF_ERROR(wanted_.Find(run, block));
    if (wanted_.rows().empty()) return Status::Ok();
    LUMA_RETURN_IF_ERROR(columns_.Read(run, block));
    for (const uint32_t row : wanted_.rows()) {
      const int64_t resolution_ms = columns_.resolution_ms(row);
      if (resolution_ms > scan_.resolution_ms_max) continue;
      LUMA_RETURN_IF_ERROR(
          visit_(MakeRowId(run.id(), run.BlockStart(block) + row), {.series = wanted_.series()[row],
                                                                    .ts = wanted_.timestamps()[row],
                                                                    .resolution_ms = resolution_ms,
                                                                    .rollup = columns_.At(row)}));
    }
    return Status::Ok();
  }

  const RollupScan& scan_;
  const std::function<Status(RowId, const RollupRow&)>& visit_;
  WantedRows wanted_;
  RollupColumns columns_;
};

}  // namespace

TimeRange BucketEndsFor(TimeRange range) {
  constexpr UnixMillis kEndOfTime = std::numeric_limits<UnixMillis>::max();
  const bool is_open = range.max > kEndOfTime - kDayMillis;
  return {.min = range.min, .max = is_open ? kEndOfTime : range.max + kDayMillis};
}

Status RollupScan::Run(const std::function<Status(RowId, const RollupRow&)>& visit) const {
  BlockScanner scanner(*this, visit);
  if (blocks != nullptr) {
    for (const RunBlocks& of_run : *blocks) LUMA_RETURN_IF_ERROR(scanner.ScanBlocks(of_run));
    return Status::Ok();
  }
  for (const auto& run : table->runs()) LUMA_RETURN_IF_ERROR(scanner.ScanRun(*run));
  return Status::Ok();
}

}  // namespace luma::storage
