// All series, those in memory and those in partitions on disk: which match, and their labels.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/sample.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/retired/retired_series.h"
#include "storage/metrics/series_registry.h"

namespace luma::storage {

// A series on its way from memory to disk is in a partition before it leaves the registry, and one
// on its way back is in the registry before it leaves its partition. So what the registry and one
// view of the partitions know together is all, if the view is the same before and after the
// registry was asked; else they are asked again.
// Threads: every method from any thread. Lifetime: references outlive it.
// Errors: those of SeriesPartition.
class SeriesDirectory {
 public:
  SeriesDirectory(const SeriesRegistry& registry, const RetiredSeries& retired)
      : registry_(registry), retired_(retired) {}

  // Ids of the series that satisfy all matchers. Those that cannot have samples in `times` may be
  // left out; partitions of other times are not read.
  Result<SeriesBitmap> Select(const Matchers& matchers, TimeRange times = {}) const;
  // Sorted, unique; of the given series.
  Result<std::vector<std::string>> LabelNames(const SeriesBitmap& ids) const;
  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               const SeriesBitmap& ids) const;

 private:
  friend class LabelsReader;

  // Calls `read` with a view, until that was the view before and after.
  Status ReadAll(const std::function<Status(const RetiredView&)>& read) const;

  const SeriesRegistry& registry_;
  const RetiredSeries& retired_;
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
