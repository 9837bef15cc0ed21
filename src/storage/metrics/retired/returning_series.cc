#include "storage/metrics/retired/returning_series.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "storage/metrics/series_loader.h"

namespace luma::storage {
namespace {

// Series that are not in the registry.
class Unknown {
 public:
  void Add(const SeriesBatch::Series& series) {
    if (series.id == kUnknownSeries) {
      hashes_.push_back(series.hash);
    } else {
      told_.add(static_cast<uint32_t>(series.id));
    }
  }
  // Those that are retired.
  Result<SeriesBitmap> FindIn(const RetiredView& view) {
    SeriesBitmap found;
    if (hashes_.empty() && told_.isEmpty()) return found;
    std::ranges::sort(hashes_);
    for (const RetiredPartition& partition : view) {
      LUMA_ASSIGN_OR_RETURN(const SeriesBitmap known, partition.file->Find(hashes_));
      found |= (known | told_) & *partition.live;
    }
    return found;
  }

 private:
  std::vector<Hash128> hashes_;
  SeriesBitmap told_;  // by their ids
};

// Adds series to the registry, some at a time: an outage may bring back a million.
class Slice {
 public:
  explicit Slice(SeriesRegistry& registry) : registry_(registry) {}

  Status Add(uint32_t id, LabelsView labels, UnixMillis newest) {
    found_.push_back({.id = SeriesId{id}, .labels = Labels(labels), .newest = newest});
    bytes_ += labels.canonical().size();
    const bool is_full = found_.size() == kSeriesMax || bytes_ >= kBytesMax;
    return is_full ? Finish() : Status::Ok();
  }
  Status Finish() {
    std::vector<SeriesRegistry::Addition> additions;
    for (const Found& one : found_) {
      additions.push_back(
          {.id = one.id, .labels = one.labels, .hash = one.labels.Hash(), .newest = one.newest});
    }
    const Status added = registry_.Add(additions);
    found_.clear();
    bytes_ = 0;
    return added;
  }

 private:
  // Half a megabyte of labels as most are; much longer ones are fewer.
  static constexpr size_t kSeriesMax = 2048;
  static constexpr size_t kBytesMax = 1 << 20;

  struct Found {
    SeriesId id;
    Labels labels;
    UnixMillis newest;
  };

  SeriesRegistry& registry_;
  std::vector<Found> found_;
  size_t bytes_ = 0;
};

void AddLive(const RetiredView& view, const SeriesBitmap& ids, SeriesBitmap& live) {
  if (ids.isEmpty()) return;
  for (const RetiredPartition& partition : view) live |= ids & *partition.live;
}

}  // namespace

std::optional<RetiredLook> ReturningSeries::Look(const SeriesBatch& batch) const {
  RetiredLook look{.additions = retired_.additions(), .ids = {}, .found = {}};
  const RetiredViewPtr view = retired_.view();
  if (view->empty() || registry_.Resolve(batch, look.ids) == 0) return look;
  Unknown unknown;
  for (size_t i = 0; i < look.ids.size(); ++i) {
    if (look.ids[i] == kUnknownSeries) unknown.Add(batch.series(i));
  }
  Result<SeriesBitmap> found = unknown.FindIn(*view);
  if (!found.ok()) return std::nullopt;
  look.found = *std::move(found);
  return look;
}

Result<SeriesBitmap> ReturningSeries::Find(const SeriesBatch& batch,
                                           const std::optional<RetiredLook>& look) const {
  const RetiredViewPtr view = retired_.view();
  std::vector<SeriesId> ids;
  if (view->empty() || registry_.Resolve(batch, ids) == 0) return SeriesBitmap();
  // Since then series may have left their partitions, but none has come into one.
  const bool counts = look && look->additions == retired_.additions();
  // A series that was known then may have been on its way out of the registry.
  const auto is_looked_for = [&](size_t i) { return counts && look->ids[i] == kUnknownSeries; };
  Unknown unknown;
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == kUnknownSeries && !is_looked_for(i)) unknown.Add(batch.series(i));
  }
  LUMA_ASSIGN_OR_RETURN(SeriesBitmap found, unknown.FindIn(*view));
  if (counts) AddLive(*view, look->found, found);
  return found;
}

Status ReturningSeries::Return(const SeriesBitmap& ids) {
  return ids.isEmpty() ? Status::Ok() : Publish(ids, AddToRegistry(ids));
}

Status ReturningSeries::AddToRegistry(const SeriesBitmap& ids) {
  Slice slice(registry_);
  SeriesBitmap left = ids;  // each is added once, whatever the list says
  const RetiredViewPtr view = retired_.view();
  for (const RetiredPartition& partition : *view) {
    const UnixMillis newest = partition.file->times().max;
    LUMA_RETURN_IF_ERROR(partition.file->VisitLabels(
        *partition.live & left,
        [&](uint32_t id, LabelsView labels) { return slice.Add(id, labels, newest); }));
    left -= *partition.live;
  }
  return slice.Finish();
}

Status ReturningSeries::Publish(const SeriesBitmap& ids, const Status& added) {
  const Status status = added.ok() ? retired_.Forget(ids) : added;
  if (!status.ok()) {
    registry_.Remove(ids);  // some may be in: a write of theirs would find them without a Forget
    return status;
  }
  registry_.NoteBounds(ids, TimeRange());
  returned_ += ids.cardinality();
  return Status::Ok();
}

Status ReturningSeries::ReturnDamaged(SeriesBitmap& returned) {
  const RetiredViewPtr view = retired_.view();
  for (const RetiredPartition& partition : *view) {
    if (!partition.file->is_damaged()) continue;
    LUMA_RETURN_IF_ERROR(ReturnOf(partition));
    returned |= *partition.live;
  }
  return Status::Ok();
}

Status ReturningSeries::ReturnOf(const RetiredPartition& damaged) {
  LUMA_LOG(kWarn, "storage", "series of a damaged partition come back to memory: count={}",
           damaged.live->cardinality());
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine_.Read(kSeriesTableId));
  const auto is_wanted = [&damaged](uint32_t id) { return damaged.live->contains(id); };
  const auto loaded = LoadSeries(*table, is_wanted, damaged.file->times().max, registry_);
  return Publish(*damaged.live, loaded.status());
}

}  // namespace luma::storage
