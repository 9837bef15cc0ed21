// Removes series that have no samples, rollups and exemplars left, from luma.series and from memory
// or from their partition.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "storage/engine.h"
#include "storage/metrics/metrics_writer.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/retired/retired_series.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

// Rule 3 of docs/formats/metrics_tables.md, a sample's series exists, is kept in two steps. Looking
// for series without samples takes long and is done beside writes. Then, while no write is on its
// way, only rows that were not there at the first look are looked at, and what is still without
// samples is deleted in one commit. A write that found its series before that finds it again, or
// makes a new one.
// Threads: every method from any thread. Lifetime: references must outlive it.
class SeriesSweeper {
 public:
  // Gives how many rows the store has deleted since its start in commits that left their series
  // others: such deletes make no series empty.
  using ReplacedRows = std::function<uint64_t()>;

  SeriesSweeper(MultiTierStorage& engine, SeriesRegistry& registry, RetiredSeries& retired,
                MetricsWriter& writer, ReplacedRows replaced_rows)
      : engine_(engine),
        registry_(registry),
        retired_(retired),
        writer_(writer),
        replaced_rows_(std::move(replaced_rows)) {}

  // Of `candidates`; gives how many were removed. Errors: kUnavailable when rows of luma.series
  // were being moved, and those of reading and committing; nothing was removed then.
  Result<uint64_t> Sweep(SeriesBitmap candidates);
  // Of all series, at the first call and if some may have become empty since the last one: rows
  // have expired, or were deleted, by whatever way, and not replaced. Otherwise reads nothing.
  Result<uint64_t> SweepIfNeeded();

  // How often all series were looked at.
  uint64_t sweeps() const { return sweeps_.load(std::memory_order_relaxed); }
  uint64_t removed() const { return removed_.load(std::memory_order_relaxed); }

 private:
  // The tables whose rows keep a series, as of one commit, or a series would have rows in neither
  // of two while they move from one to the other.
  using Tables = std::vector<TableSnapshotPtr>;

  struct SeriesRow {
    uint32_t position;  // in its run
    uint32_t id;
  };
  // Of luma.series, as of one commit.
  struct SeriesRows {
    TableSnapshotPtr table;
    std::map<RunId, std::vector<SeriesRow>> of_run = {};
  };

  Result<Tables> ReadTables() const;
  Result<SeriesRows> FindRows(const SeriesBitmap& series) const;
  // In the blocks of `run` from `first_block` on.
  static Status AddRows(const TableSnapshot& table, const RunView& run, uint32_t first_block,
                        const SeriesBitmap& series, std::vector<SeriesRow>& rows);
  Result<uint64_t> RemoveAlone(SeriesBitmap candidates, const Tables& seen,
                               const SeriesRows& seen_rows);
  Status DeleteRows(const SeriesBitmap& series, const SeriesRows& seen);
  // Rises whenever rows are lost. Nothing when it cannot be told, because rows are being replaced.
  std::optional<uint64_t> LossMark() const;

  MultiTierStorage& engine_;
  SeriesRegistry& registry_;
  RetiredSeries& retired_;
  MetricsWriter& writer_;
  const ReplacedRows replaced_rows_;
  std::atomic<uint64_t> last_mark_{0};
  std::atomic<uint64_t> sweeps_{0};
  std::atomic<uint64_t> removed_{0};
};

}  // namespace luma::storage
