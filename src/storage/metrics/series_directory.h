// All series, those in memory and those in partitions on disk: which match, and their labels.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/metrics_source.h"
#include "model/sample.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/retired/retired_series.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

// A series on its way from memory to disk is in a partition before it leaves the registry, and one
// on its way back is in the registry before it leaves its partition. So what one view of the
// partitions and the registry, asked later, know together is all, unless series were added to
// partitions meanwhile; then both are asked again. Partitions are read afterwards: they are
// immutable, and however long that takes, series that move do not begin it anew.
// Threads: every method from any thread. Lifetime: references outlive it.
// Errors: those of SeriesPartition; kTimeout past the deadline; those of the memory of the limits,
// where nothing is booked for ids. Both are asked first, and before each partition and matcher.
class SeriesDirectory {
 public:
  // `floor` as in MetricsWriter::Start.
  SeriesDirectory(const SeriesRegistry& registry, const RetiredSeries& retired, UnixMillis floor)
      : registry_(registry), retired_(retired), floor_(floor) {}

  // Ids of the series that satisfy all matchers. Those that cannot have samples in `times` may be
  // left out; partitions of other times are not read.
  Result<SeriesBitmap> Select(const Matchers& matchers, TimeRange times = {},
                              const ReadLimits& limits = {}) const;
  // No series that it has, or has had since the start, has this id or a greater one. Ids enter it
  // in their order: one below is there, or was once.
  uint64_t ids_end() const { return std::max(registry_.ids_end(), retired_.ids_end()); }
  // Sorted, unique; of the given series.
  Result<std::vector<std::string>> LabelNames(const SeriesBitmap& ids,
                                              const ReadLimits& limits) const;
  Result<std::vector<std::string>> LabelValues(std::string_view name, const SeriesBitmap& ids,
                                               const ReadLimits& limits) const;
  // Of `ids`, those that are known to have samples in `times` without a look at any: active ones
  // whose newest lies there, unless SQL or the end of its retention has taken it. Others may have
  // some there too.
  SeriesBitmap NewestIn(const SeriesBitmap& ids, TimeRange times) const {
    return registry_.NewestIn(ids, times, floor_);
  }

 private:
  friend class LabelsReader;
  using AddActive = std::function<Status(TextSet&)>;
  using AddRetired = std::function<Status(const SeriesPartition&, const SeriesBitmap&, TextSet&)>;

  // Calls `ask_registry`, again if need be. Gives a view that has what the registry had not.
  RetiredViewPtr AskBoth(const std::function<void()>& ask_registry) const;
  Result<std::vector<std::string>> Texts(const SeriesBitmap& ids, const ReadLimits& limits,
                                         const AddActive& add_active,
                                         const AddRetired& add_retired) const;

  const SeriesRegistry& registry_;
  const RetiredSeries& retired_;
  const UnixMillis floor_;
};

// Gives labels of one series after another, cheaply if ids of one partition come together and
// ascend. Thread-compatible. Lifetime: the directory outlives it.
class LabelsReader {
 public:
  explicit LabelsReader(const SeriesDirectory& directory) : directory_(directory) {}

  // Nullopt for a series that was removed since its id was found: its samples are gone.
  Result<std::optional<Labels>> Of(SeriesId id);

 private:
  Status FindIn(const RetiredView& view, uint32_t id, std::optional<Labels>& labels);

  const SeriesDirectory& directory_;
  // Where the series before was found. One series has the same labels wherever it is.
  std::shared_ptr<const SeriesPartition> last_;
  std::optional<PartitionLabels> labels_;
};

}  // namespace luma::storage
