#include "storage/retention/table_expiry.h"

#include <map>
#include <memory>
#include <utility>

#include "base/log.h"
#include "storage/column_block.h"
#include "storage/table_policy_options.h"
#include "storage/time_column.h"

namespace luma::storage {
namespace {

bool MayHaveOlder(const RunVersion& run, const TimeColumn& column, uint32_t block, int64_t cutoff) {
  const ZoneMap* const zone = run.Zone(column.id, block);
  return zone == nullptr || !zone->has_min || zone->min.As<int64_t>() < cutoff;
}

// Rows without a time never expire, whatever the others of their run do.
bool HasRowsWithoutTime(const RunVersion& run, const TimeColumn& column) {
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    const ZoneMap* const zone = run.Zone(column.id, block);
    if (zone == nullptr || zone->null_count > 0) return true;
  }
  return false;
}

bool HasLiveRows(const std::vector<RunVersionPtr>& runs) {
  for (const RunVersionPtr& run : runs) {
    if (run->deleted_count() < run->row_count()) return true;
  }
  return false;
}

}  // namespace

Result<DeleteBitmapPtr> OlderRows(const RunVersion& run, const TableSchema& schema,
                                  const TimeColumn& column, int64_t cutoff) {
  const ColumnSchema& time = *schema.FindColumn(column.id);
  auto older = std::make_shared<DeleteBitmap>();
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    if (!MayHaveOlder(run, column, block, cutoff)) continue;
    LUMA_ASSIGN_OR_RETURN(const ColumnBlock times, run.Read(time, block));
    for (uint32_t row = 0; row < times.row_count; ++row) {
      const std::byte* const value = ValueAt(times, row);
      const bool is_older = value != nullptr && LoadLe<int64_t>(value) < cutoff;
      if (is_older) older->Add(run.BlockStart(block) + row);
    }
  }
  return older->empty() ? DeleteBitmapPtr() : DeleteBitmapPtr(std::move(older));
}

Result<ExpiryCounts> TableExpiry::DropExpired() {
  // The bounds first: what they allow stays allowed in every later state.
  const std::map<ObjectId, RunId> mergeable_before = flusher_.MergeableBefore();
  const DatabaseStatePtr state = states_.Published();
  ExpiryCounts counts;
  Status failed;
  for (const auto& [id, before] : mergeable_before) {
    const CatalogObjectPtr table = state->catalog()->Find(id);
    const std::optional<Cutoff> cutoff = table ? CutoffOf(*table->table) : std::nullopt;
    if (!cutoff) continue;
    const auto runs = ExpiredRuns(state->Table(id), *cutoff, before);
    if (runs.empty()) continue;
    const Status dropped = Drop(id, runs, counts);
    if (!dropped.ok()) failed = dropped;  // that of one table keeps nothing on disk of the others
  }
  if (!failed.ok()) return failed;
  return counts;
}

std::optional<TableExpiry::Cutoff> TableExpiry::CutoffOf(const TableSchema& table) {
  const auto retention =
      TablePolicyOf(table).retention.value_or(std::chrono::seconds(default_retention_.load()));
  const std::optional<TimeColumn> column = FindTimeColumn(table);
  if (retention.count() == 0 || !column) return std::nullopt;
  const UnixMillis before = clock_.Now() - std::chrono::milliseconds(retention).count();
  return Cutoff{.column = *column, .ticks = column->TicksOf(before)};
}

std::vector<RunVersionPtr> TableExpiry::ExpiredRuns(const TableVersion& version,
                                                    const Cutoff& cutoff, RunId before) {
  std::vector<RunVersionPtr> expired;
  version.ForEachRun([&](const RunVersionPtr& run) {
    if (run->run()->is_hot() || run->id() >= before) return;
    const std::optional<int64_t> newest = NewestTicks(*run, cutoff.column);
    if (!newest || *newest >= cutoff.ticks || HasRowsWithoutTime(*run, cutoff.column)) return;
    expired.push_back(run);
  });
  return expired;
}

Status TableExpiry::Drop(ObjectId table, const std::vector<RunVersionPtr>& runs,
                         ExpiryCounts& counts) {
  const Status dropped = flusher_.DropRuns(table, runs);
  if (dropped.code() == StatusCode::kConflict) return Status::Ok();  // merged or truncated: later
  LUMA_RETURN_IF_ERROR(dropped);
  ExpiryCounts now;
  for (const RunVersionPtr& run : runs) {
    ++now.runs;
    now.rows += run->row_count();
    now.bytes += run->run()->file_bytes();
  }
  LUMA_LOG(kInfo, "storage", "dropped expired runs: table={} runs={} rows={} bytes={}",
           static_cast<uint32_t>(table), now.runs, now.rows, now.bytes);
  dropped_runs_ += now.runs;
  dropped_rows_ += now.rows;
  CountExpired(table, now.rows);
  dropped_bytes_ += now.bytes;
  counts.runs += now.runs;
  counts.rows += now.rows;
  counts.bytes += now.bytes;
  return Status::Ok();
}

ExpiryCounts TableExpiry::dropped() const {
  return {.runs = dropped_runs_, .rows = dropped_rows_, .bytes = dropped_bytes_};
}

Result<std::vector<RunVersionPtr>> TableExpiry::WithoutExpired(const CatalogObject& table,
                                                               std::vector<RunVersionPtr> inputs) {
  const std::optional<Cutoff> cutoff = CutoffOf(*table.table);
  if (!cutoff) return inputs;
  std::vector<RunVersionPtr> without;
  for (const RunVersionPtr& run : inputs) {
    LUMA_ASSIGN_OR_RETURN(const DeleteBitmapPtr older,
                          OlderRows(*run, *table.table, cutoff->column, cutoff->ticks));
    without.push_back(std::make_shared<const RunVersion>(run->run(), run->row_count(),
                                                         Union(run->deletes(), older)));
  }
  return HasLiveRows(without) ? without : inputs;
}

uint64_t TableExpiry::rows_expired(ObjectId table) const {
  MutexLock lock(mutex_);
  const auto found = rows_expired_.find(table);
  return found == rows_expired_.end() ? 0 : found->second;
}

void TableExpiry::CountExpired(ObjectId table, uint64_t rows) {
  if (rows == 0) return;
  MutexLock lock(mutex_);
  rows_expired_[table] += rows;
}

}  // namespace luma::storage
