#include "storage/metrics/retired/returning_series.h"

#include <algorithm>
#include <vector>

#include "base/log.h"
#include "storage/metrics/series_loader.h"

namespace luma::storage {

Result<SeriesBitmap> ReturningSeries::Find(const SeriesBatch& batch) const {
  const RetiredViewPtr view = retired_.view();
  SeriesBitmap found;
  std::vector<SeriesId> ids;
  if (view->empty() || registry_.Resolve(batch, ids) == 0) return found;
  std::vector<Hash128> hashes;
  SeriesBitmap told;  // by their ids
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] != kUnknownSeries) continue;
    const SeriesBatch::Series series = batch.series(i);
    if (series.id == kUnknownSeries) {
      hashes.push_back(series.hash);
    } else {
      told.add(static_cast<uint32_t>(series.id));
    }
  }
  std::ranges::sort(hashes);
  for (const RetiredPartition& partition : *view) {
    LUMA_ASSIGN_OR_RETURN(const SeriesBitmap known, partition.file->Find(hashes));
    found |= (known | told) & *partition.live;
  }
  return found;
}

Status ReturningSeries::Return(const SeriesBitmap& ids) {
  if (ids.isEmpty()) return Status::Ok();
  struct Found {
    SeriesId id;
    Labels labels;
    UnixMillis newest;
  };
  std::vector<Found> all;
  SeriesBitmap left = ids;  // each is added once, whatever the list says
  const RetiredViewPtr view = retired_.view();
  for (const RetiredPartition& partition : *view) {
    LUMA_RETURN_IF_ERROR(
        partition.file->VisitLabels(*partition.live & left, [&](uint32_t id, LabelsView labels) {
          all.push_back({.id = SeriesId{id},
                         .labels = Labels(labels),
                         .newest = partition.file->times().max});
          return Status::Ok();
        }));
    left -= *partition.live;
  }
  std::vector<SeriesRegistry::Addition> additions;
  for (const Found& one : all) {
    additions.push_back(
        {.id = one.id, .labels = one.labels, .hash = one.labels.Hash(), .newest = one.newest});
  }
  return Publish(ids, registry_.Add(additions));
}

Status ReturningSeries::Publish(const SeriesBitmap& ids, const Status& added) {
  const Status status = added.ok() ? retired_.Forget(ids) : added;
  if (!status.ok()) {
    registry_.Remove(ids);  // some may be in: a write of theirs would find them without a Forget
    return status;
  }
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
