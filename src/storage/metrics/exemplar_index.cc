#include "storage/metrics/exemplar_index.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"

namespace luma::storage {
namespace {

constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;

}  // namespace

ExemplarKey ExemplarKey::Of(UnixMillis timestamp, double value, LabelsView labels) {
  const uint64_t content =
      Hash64(AsBytes(labels.canonical())) ^ (std::bit_cast<uint64_t>(value) * kOdd);
  return {.timestamp = timestamp, .content = content};
}

size_t ExemplarIndex::Hash::operator()(const SeriesExemplarKey& exemplar) const {
  uint64_t hash = exemplar.key.content;
  for (const uint64_t part :
       {static_cast<uint64_t>(exemplar.series), static_cast<uint64_t>(exemplar.key.timestamp)}) {
    hash = (hash ^ (hash >> 29)) * kOdd + part;
  }
  return static_cast<size_t>((hash ^ (hash >> 32)) * kOdd);
}

ExemplarIndex::ExemplarIndex(UnixMillis floor) {
  for (Shard& shard : shards_) {
    shard.floor = floor;
    shard.newest_of_all = floor;
  }
}

bool ExemplarIndex::AreNewer(const SeriesBatch& batch, std::span<const SeriesId> ids) const {
  MutexLock lock(mutex_);
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    if (series.exemplars.empty()) continue;
    UnixMillis newest = NewestOf(ids[i]);
    for (const SeriesBatch::Exemplar& one : series.exemplars) {
      if (one.timestamp > newest) {
        newest = one.timestamp;
        continue;
      }
      const ExemplarKey key = ExemplarKey::Of(one.timestamp, one.value, series.labels_of(one));
      if (Compare({ids[i], key}) != Place::kStored) return false;
    }
  }
  return true;
}

bool ExemplarIndex::TakeNewer(const SeriesBatch& batch, std::span<const SeriesId> ids,
                              NewExemplars& taken) {
  MutexLock lock(mutex_);
  taken.rows_lost = rows_lost_;
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    for (const SeriesBatch::Exemplar& one : series.exemplars) {
      const LabelsView labels = series.labels_of(one);
      const SeriesExemplarKey exemplar{ids[i], ExemplarKey::Of(one.timestamp, one.value, labels)};
      const Place place = Compare(exemplar);
      if (place == Place::kLate) return false;
      if (place == Place::kStored) continue;
      SetNewestOf(ids[i], one.timestamp);
      taken.rows.Add(ids[i], one.timestamp, one.value, labels);
      taken.keys.push_back(exemplar);
    }
  }
  return true;
}

ExemplarIndex::Place ExemplarIndex::PlaceOf(SeriesId series, const ExemplarKey& exemplar) const {
  MutexLock lock(mutex_);
  return Compare({series, exemplar});
}

bool ExemplarIndex::Knows(SeriesId series) const {
  MutexLock lock(mutex_);
  return shards_[ShardOf(series)].newest.contains(static_cast<uint64_t>(series));
}

void ExemplarIndex::Add(std::span<const SeriesExemplarKey> stored, uint64_t rows_lost) {
  MutexLock lock(mutex_);
  for (const SeriesExemplarKey& one : stored) {
    if (one.key.timestamp > NewestOf(one.series)) SetNewestOf(one.series, one.key.timestamp);
    if (rows_lost == rows_lost_) AddOne(one);
  }
}

void ExemplarIndex::AddOne(const SeriesExemplarKey& exemplar) {
  if (stored_later_.size() >= kStoredMax / 2) {
    stored_earlier_.swap(stored_later_);
    stored_later_.clear();
  }
  stored_later_.insert(exemplar);
}

void ExemplarIndex::SetNewest(SeriesId series, UnixMillis newest) {
  MutexLock lock(mutex_);
  SetNewestOf(series, newest);
}

void ExemplarIndex::NoteRowsLost(uint64_t rows) {
  MutexLock lock(mutex_);
  if (rows <= rows_lost_) return;
  rows_lost_ = rows;
  stored_later_.clear();
  stored_earlier_.clear();
}

uint64_t ExemplarIndex::rows_lost() const {
  MutexLock lock(mutex_);
  return rows_lost_;
}

size_t ExemplarIndex::ShardOf(SeriesId series) {
  return static_cast<uint64_t>(series) % kShards;  // numbered in a row
}

UnixMillis ExemplarIndex::NewestOf(SeriesId series) const {
  const Shard& shard = shards_[ShardOf(series)];
  const auto found = shard.newest.find(static_cast<uint64_t>(series));
  return found == shard.newest.end() ? shard.floor : found->second;
}

ExemplarIndex::Place ExemplarIndex::Compare(const SeriesExemplarKey& exemplar) const {
  if (exemplar.key.timestamp > NewestOf(exemplar.series)) return Place::kNewer;
  const bool is_stored = stored_later_.contains(exemplar) || stored_earlier_.contains(exemplar);
  return is_stored ? Place::kStored : Place::kLate;
}

void ExemplarIndex::SetNewestOf(SeriesId series, UnixMillis newest) {
  Shard& shard = shards_[ShardOf(series)];
  const auto id = static_cast<uint64_t>(series);
  if (shard.newest.size() >= kSeriesMax / kShards && !shard.newest.contains(id)) {
    shard.newest.clear();
    shard.floor = shard.newest_of_all;
  }
  shard.newest_of_all = std::max(shard.newest_of_all, newest);
  shard.newest[id] = newest;
}

}  // namespace luma::storage
