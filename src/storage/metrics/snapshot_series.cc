#include "storage/metrics/snapshot_series.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "storage/metrics/largest_series_id.h"
#include "storage/metrics/metrics_writer.h"
#include "storage/metrics/series_loader.h"

namespace luma::storage {
namespace {

// Whether every series that `seen` has is still in `now`. Merged runs count as changed.
bool HasLostNone(const TableSnapshot& seen, const TableSnapshot& now) {
  return std::ranges::all_of(seen.runs(), [&](const auto& run) {
    const RunView* const later = now.FindRun(run->id());
    return later != nullptr && later->deleted_count() == run->deleted_count();
  });
}

Result<SeriesBitmap> AllSeriesOf(const TableSnapshot& table) {
  const auto is_wanted = [](uint32_t) { return false; };
  SeriesRegistry none;
  LUMA_ASSIGN_OR_RETURN(LoadedSeries loaded, LoadSeries(table, is_wanted, kNoSample, none));
  return std::move(loaded.skipped);
}

// Of two that are each sorted and unique.
std::vector<std::string> Together(std::vector<std::string> a, std::vector<std::string> b) {
  if (b.empty()) return a;
  std::vector<std::string> both;
  std::ranges::set_union(a, b, std::back_inserter(both));
  return both;
}

}  // namespace

SnapshotSeries::SnapshotSeries(MultiTierStorage& engine, const SeriesDirectory& directory,
                               TableReader tables)
    : engine_(engine),
      directory_(directory),
      tables_(std::move(tables)),
      memory_(engine.budget().BookAlways(BudgetUse::kQuery, 0)) {}

Result<SeriesBitmap> SnapshotSeries::Select(const Matchers& matchers, TimeRange times,
                                            const ReadLimits& limits) const {
  const uint64_t ids_end = directory_.ids_end();
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap ids, directory_.Select(matchers, times, limits));
  LUMA_RETURN_IF_ERROR(AddMissing(ids_end));
  ids |= missing_.SelectActive(matchers);
  return ids;
}

Result<std::vector<std::string>> SnapshotSeries::LabelNames(const SeriesBitmap& ids,
                                                            const ReadLimits& limits) const {
  const uint64_t ids_end = directory_.ids_end();
  LUMA_ASSIGN_OR_RETURN(std::vector<std::string> names, directory_.LabelNames(ids, limits));
  LUMA_RETURN_IF_ERROR(AddMissing(ids_end));
  return Together(std::move(names), missing_.LabelNames(ids));
}

Result<std::vector<std::string>> SnapshotSeries::LabelValues(std::string_view name,
                                                             const SeriesBitmap& ids,
                                                             const ReadLimits& limits) const {
  const uint64_t ids_end = directory_.ids_end();
  LUMA_ASSIGN_OR_RETURN(std::vector<std::string> values, directory_.LabelValues(name, ids, limits));
  LUMA_RETURN_IF_ERROR(AddMissing(ids_end));
  TextSet of_missing(limits.memory);
  LUMA_RETURN_IF_ERROR(missing_.AddLabelValues(name, ids, of_missing));
  return Together(std::move(values), std::move(of_missing).Take());
}

// A series is removed from luma.series before the directory loses it, and ids enter the registry in
// their order. So the directory had all unless luma.series has lost some by now, or has ids that
// were above all of the directory's before it was asked.
Status SnapshotSeries::AddMissing(uint64_t ids_end) const {
  if (!tables_) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr seen, tables_(kSeriesTableId));
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr now, engine_.Read(kSeriesTableId));
  LUMA_ASSIGN_OR_RETURN(const uint64_t largest, LargestSeriesId(*seen));
  if (largest < ids_end && HasLostNone(*seen, *now)) return Status::Ok();
  MutexLock lock(mutex_);
  return ReadMissing(*seen, ids_end);
}

// What the directory has now, below `ids_end`, it had when it was asked: what was removed never
// comes back.
Status SnapshotSeries::ReadMissing(const TableSnapshot& table, uint64_t ids_end) const {
  LUMA_ASSIGN_OR_RETURN(const SeriesBitmap known, directory_.Select({}));
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap missing, AllSeriesOf(table));
  if (missing.isEmpty()) return Status::Ok();
  SeriesBitmap later;
  later.addRange(ids_end, uint64_t{missing.maximum()} + 1);
  missing -= known - later;
  missing -= missing_.SelectActive({});
  if (missing.isEmpty()) return Status::Ok();
  LUMA_RETURN_IF_ERROR(memory_.Grow(missing.cardinality() * kSeriesBytes));
  const auto is_missing = [&](uint32_t id) { return missing.contains(id); };
  return LoadSeries(table, is_missing, kNoSample, missing_).status();
}

Result<std::optional<Labels>> SnapshotLabels::Of(SeriesId id) {
  LUMA_ASSIGN_OR_RETURN(std::optional<Labels> labels, directory_.Of(id));
  if (!labels) labels = OfMissing(id);
  if (labels || !series_.tables_) return labels;
  // It was there when its id was found.
  LUMA_RETURN_IF_ERROR(series_.AddMissing(series_.directory_.ids_end()));
  return OfMissing(id);
}

std::optional<Labels> SnapshotLabels::OfMissing(SeriesId id) const {
  std::string canonical;
  if (!series_.missing_.AppendLabels(id, canonical)) return std::nullopt;
  return Labels(LabelsView(canonical));
}

}  // namespace luma::storage
