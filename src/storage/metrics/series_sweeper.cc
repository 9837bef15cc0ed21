#include "storage/metrics/series_sweeper.h"

#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/log.h"
#include "storage/maintenance.h"
#include "storage/metrics/cold_samples.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/sample_scan.h"
#include "storage/run_version.h"

namespace luma::storage {
namespace {

constexpr ObjectId kTables[] = {kSamplesTableId, kHistogramsTableId, kRollupsTableId,
                                kExemplarsTableId};

// Whether the zone map of the block leaves room for rows of these series.
bool MayHaveRows(const RunView& run, uint32_t block, const SeriesBitmap& series) {
  const ZoneMap* const zone = run.Zone(kSeriesIdColumn, block);
  if (zone == nullptr || !zone->has_min || !zone->has_max) return !series.isEmpty();
  const auto first = static_cast<uint32_t>(zone->min.As<uint64_t>());
  const auto last = static_cast<uint32_t>(zone->max.As<uint64_t>());
  return series.rank(last) > (first == 0 ? 0 : series.rank(first - 1));
}

// Takes the series that have rows from `series`.
class RowFinder {
 public:
  RowFinder(const TableSnapshot& table, SeriesBitmap& series)
      : column_(*table.schema().FindColumn(kSeriesIdColumn)), series_(series) {}

  // In the blocks of `run` from `first_block` on.
  Status Look(const RunView& run, uint32_t first_block) {
    for (uint32_t block = first_block; block < run.block_count(); ++block) {
      if (MayHaveRows(run, block, series_)) LUMA_RETURN_IF_ERROR(LookAt(run, block));
    }
    return Status::Ok();
  }

 private:
  Status LookAt(const RunView& run, uint32_t block) {
    LUMA_RETURN_IF_ERROR(ids_.Read(run, column_, block));
    deleted_.resize(ValidityWords(run.BlockRows(block)));
    run.DeletedRows(block, deleted_);
    uint64_t last = 0;  // no series has this id
    for (uint32_t row = 0; row < ids_.size(); ++row) {
      const uint64_t id = ids_.values()[row];
      const bool is_deleted = ((deleted_[row / 64] >> (row % 64)) & 1) != 0;
      if (is_deleted || id == last) continue;
      series_.remove(static_cast<uint32_t>(id));
      last = id;
    }
    return Status::Ok();
  }

  const ColumnSchema& column_;
  SeriesBitmap& series_;
  FlatColumn<uint64_t> ids_;
  std::vector<uint64_t> deleted_;
};

// The first block of `run` with rows that `seen` did not have.
uint32_t FirstNewBlock(const RunView& run, const TableSnapshot& seen) {
  const auto* const before = static_cast<const RunVersion*>(seen.FindRun(run.id()));
  const auto& now = static_cast<const RunVersion&>(run);
  if (before == nullptr || before->run()->layout() != now.run()->layout()) return 0;
  uint32_t block = 0;
  while (block < run.block_count() &&
         run.BlockStart(block) + run.BlockRows(block) <= before->row_count()) {
    ++block;
  }
  return block;
}

}  // namespace

Result<uint64_t> SeriesSweeper::SweepIfNeeded() {
  const std::optional<uint64_t> mark = LossMark();
  if (mark == last_mark_.load()) return uint64_t{0};
  ++sweeps_;
  // In this order, which misses none that retires meanwhile.
  SeriesBitmap all = registry_.SelectActive({});
  all |= retired_.ids();
  LUMA_ASSIGN_OR_RETURN(const uint64_t removed, Sweep(std::move(all)));
  if (mark) last_mark_ = *mark;
  return removed;
}

Result<SeriesSweeper::Tables> SeriesSweeper::ReadTables() const {
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  Tables tables;
  for (const ObjectId table : kTables) {
    LUMA_ASSIGN_OR_RETURN(tables.emplace_back(), transaction->Read(table));
  }
  return tables;
}

std::optional<uint64_t> SeriesSweeper::LossMark() const {
  const uint64_t replaced = replaced_rows_();
  uint64_t lost = 1;  // not that of a sweeper that has not swept
  for (const ObjectId table : kTables) lost += engine_.maintenance().rows_lost(table);
  // What is replaced meanwhile looks lost; such a mark would hide as many rows that are lost later.
  if (replaced_rows_() != replaced) return std::nullopt;
  return lost - replaced;
}

Result<uint64_t> SeriesSweeper::Sweep(SeriesBitmap candidates) {
  LUMA_ASSIGN_OR_RETURN(const Tables tables, ReadTables());
  for (const TableSnapshotPtr& table : tables) {
    RowFinder rows(*table, candidates);
    // Newest first: they have most of the series, and fewer blocks are read of the others then.
    for (size_t i = table->runs().size(); i-- > 0 && !candidates.isEmpty();) {
      LUMA_RETURN_IF_ERROR(rows.Look(*table->runs()[i], 0));
    }
  }
  if (candidates.isEmpty()) return uint64_t{0};
  LUMA_ASSIGN_OR_RETURN(const SeriesRows rows, FindRows(candidates));
  Result<uint64_t> removed = uint64_t{0};
  writer_.WhileNoneWrites([&] { removed = RemoveAlone(std::move(candidates), tables, rows); });
  return removed;
}

// Downsampling goes on meanwhile, but makes rollups only for series that have samples.
Result<uint64_t> SeriesSweeper::RemoveAlone(SeriesBitmap candidates, const Tables& seen,
                                            const SeriesRows& seen_rows) {
  LUMA_ASSIGN_OR_RETURN(const Tables tables, ReadTables());
  for (size_t i = 0; i < tables.size(); ++i) {
    RowFinder rows(*tables[i], candidates);
    for (const auto& run : tables[i]->runs()) {
      const uint32_t first_block = FirstNewBlock(*run, *seen[i]);
      if (first_block == run->block_count()) continue;
      // No write may wait for an object store; the next pass finds the run where it is.
      if (ColdSamples::IsCold(*run)) return Status::Unavailable("a run became cold meanwhile");
      LUMA_RETURN_IF_ERROR(rows.Look(*run, first_block));
    }
  }
  if (candidates.isEmpty()) return uint64_t{0};
  const Status deleted = DeleteRows(candidates, seen_rows);
  if (deleted.code() == StatusCode::kConflict) {
    return Status::Unavailable("series cannot be removed now: ", deleted.message());
  }
  LUMA_RETURN_IF_ERROR(deleted);
  writer_.RemoveSeries(candidates);
  retired_.ForgetRemoved(candidates);
  const uint64_t count = candidates.cardinality();
  removed_ += count;
  LUMA_LOG(kInfo, "storage", "removed series without samples: count={}", count);
  return count;
}

Result<SeriesSweeper::SeriesRows> SeriesSweeper::FindRows(const SeriesBitmap& series) const {
  SeriesRows found;
  LUMA_ASSIGN_OR_RETURN(found.table, engine_.Read(kSeriesTableId));
  for (const auto& run : found.table->runs()) {
    LUMA_RETURN_IF_ERROR(AddRows(*found.table, *run, 0, series, found.of_run[run->id()]));
  }
  return found;
}

Status SeriesSweeper::AddRows(const TableSnapshot& table, const RunView& run, uint32_t first_block,
                              const SeriesBitmap& series, std::vector<SeriesRow>& rows) {
  FlatColumn<uint64_t> ids;
  const ColumnSchema& column = *table.schema().FindColumn(kSeriesIdColumn);
  for (uint32_t block = first_block; block < run.block_count(); ++block) {
    if (!MayHaveRows(run, block, series)) continue;
    LUMA_RETURN_IF_ERROR(ids.Read(run, column, block));
    for (uint32_t row = 0; row < ids.size(); ++row) {
      const auto id = static_cast<uint32_t>(ids.values()[row]);
      if (series.contains(id)) rows.push_back({.position = run.BlockStart(block) + row, .id = id});
    }
  }
  return Status::Ok();
}

// Reads blocks that were not there when `seen` were found.
Status SeriesSweeper::DeleteRows(const SeriesBitmap& series, const SeriesRows& seen) {
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, transaction->Read(kSeriesTableId));
  std::vector<RowId> deleted;
  for (const auto& run : table->runs()) {
    const uint32_t first_new = FirstNewBlock(*run, *seen.table);
    const bool has_new = first_new < run->block_count();
    const uint32_t seen_end = has_new ? run->BlockStart(first_new) : run->row_count();
    std::vector<SeriesRow> rows;
    if (first_new > 0) rows = seen.of_run.at(run->id());
    std::erase_if(rows, [&](const SeriesRow& row) { return row.position >= seen_end; });
    LUMA_RETURN_IF_ERROR(AddRows(*table, *run, first_new, series, rows));
    for (const SeriesRow& row : rows) {
      const bool is_wanted = series.contains(row.id) && !run->IsDeleted(row.position);
      if (is_wanted) deleted.push_back(MakeRowId(run->id(), row.position));
    }
  }
  LUMA_RETURN_IF_ERROR(transaction->Delete(kSeriesTableId, deleted).status());
  return transaction->Commit();
}

}  // namespace luma::storage
