// Series as one reader of the tables sees them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "storage/budget.h"
#include "storage/engine.h"
#include "storage/metrics/series_directory.h"
#include "storage/metrics/series_registry.h"
#include "storage/table_reader.h"

namespace luma::storage {

// The directory knows the series of now. A snapshot has more: those that were removed since, and
// for the moment between a commit and its entry in the registry those that the commit brought. They
// are read from luma.series as soon as the directory may lack one, and kept.
// Threads: every method from any thread. Lifetime: engine and directory outlive it, and what
// `tables` reads from.
// Errors: those of SeriesDirectory and of `tables`, and kOutOfMemory.
class SnapshotSeries {
 public:
  // Without `tables` there is no snapshot, and the directory has all.
  SnapshotSeries(MultiTierStorage& engine, const SeriesDirectory& directory,
                 TableReader tables = {});

  // As in SeriesDirectory, and none is missing that luma.series has.
  Result<SeriesBitmap> Select(const Matchers& matchers, TimeRange times = {},
                              const ReadLimits& limits = {}) const LUMA_EXCLUDES(mutex_);
  Result<std::vector<std::string>> LabelNames(const SeriesBitmap& ids,
                                              const ReadLimits& limits) const LUMA_EXCLUDES(mutex_);
  Result<std::vector<std::string>> LabelValues(std::string_view name, const SeriesBitmap& ids,
                                               const ReadLimits& limits) const
      LUMA_EXCLUDES(mutex_);
  // As in SeriesDirectory; none of a snapshot, of which the newest samples are not known.
  SeriesBitmap NewestIn(const SeriesBitmap& ids, TimeRange times) const {
    return tables_ ? SeriesBitmap() : directory_.NewestIn(ids, times);
  }

 private:
  friend class SnapshotLabels;

  // What the directory had not when it was asked, which was after it had `ids_end`, is in missing_
  // from now on.
  Status AddMissing(uint64_t ids_end) const LUMA_EXCLUDES(mutex_);
  Status ReadMissing(const TableSnapshot& table, uint64_t ids_end) const LUMA_REQUIRES(mutex_);

  MultiTierStorage& engine_;
  const SeriesDirectory& directory_;
  const TableReader tables_;  // may be empty
  mutable Mutex mutex_;
  mutable BudgetLease memory_ LUMA_GUARDED_BY(mutex_);  // of missing_
  mutable SeriesRegistry missing_;
};

// Labels of one series after another, as a LabelsReader gives them. Thread-compatible. Lifetime:
// the series outlive it.
class SnapshotLabels {
 public:
  explicit SnapshotLabels(const SnapshotSeries& series)
      : series_(series), directory_(series.directory_) {}

  // Nullopt for a series that is in neither, snapshot or directory.
  Result<std::optional<Labels>> Of(SeriesId id);

 private:
  std::optional<Labels> OfMissing(SeriesId id) const;

  const SnapshotSeries& series_;
  LabelsReader directory_;
};

}  // namespace luma::storage
