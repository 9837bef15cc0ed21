#include "storage/metrics/exemplar_index.h"

#include <algorithm>
#include <bit>

#include "base/hash.h"

namespace luma::storage {

ExemplarKey ExemplarKey::Of(UnixMillis timestamp, double value, LabelsView labels) {
  const uint64_t content =
      Hash64(AsBytes(labels.canonical())) ^ (std::bit_cast<uint64_t>(value) * 0x9e3779b97f4a7c15);
  return {.timestamp = timestamp, .content = content};
}

bool ExemplarIndex::TakeNewer(const SeriesBatch& batch, std::span<const SeriesId> ids,
                              ExemplarRows& rows) {
  MutexLock lock(mutex_);
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    const auto id = static_cast<uint64_t>(ids[i]);
    for (const SeriesBatch::Exemplar& one : series.exemplars) {
      const LabelsView labels = series.labels_of(one);
      const ExemplarKey key = ExemplarKey::Of(one.timestamp, one.value, labels);
      switch (Compare(id, key)) {
        case Place::kNewer:
          Set(id, key);
          rows.Add(ids[i], one.timestamp, one.value, labels);
          break;
        case Place::kNewest:
          break;
        case Place::kLate:
          for (size_t taken = 0; taken <= i; ++taken) DoubtOne(static_cast<uint64_t>(ids[taken]));
          return false;
      }
    }
  }
  return true;
}

void ExemplarIndex::Doubt(std::span<const SeriesId> ids) {
  MutexLock lock(mutex_);
  for (const SeriesId id : ids) DoubtOne(static_cast<uint64_t>(id));
}

void ExemplarIndex::DoubtOne(uint64_t series) {
  const auto found = newest_.find(series);
  if (found != newest_.end()) found->second.content = kDoubtful;
}

ExemplarIndex::Place ExemplarIndex::PlaceOf(SeriesId series, const ExemplarKey& exemplar) const {
  MutexLock lock(mutex_);
  return Compare(static_cast<uint64_t>(series), exemplar);
}

ExemplarIndex::Place ExemplarIndex::Compare(uint64_t series, const ExemplarKey& exemplar) const {
  const auto found = newest_.find(series);
  const ExemplarKey newest = found == newest_.end()
                                 ? ExemplarKey{.timestamp = floor_, .content = kDoubtful}
                                 : found->second;
  if (exemplar.timestamp > newest.timestamp) return Place::kNewer;
  return exemplar == newest && newest.content != kDoubtful ? Place::kNewest : Place::kLate;
}

void ExemplarIndex::Add(SeriesId series, const ExemplarKey& exemplar) {
  MutexLock lock(mutex_);
  const auto found = newest_.find(static_cast<uint64_t>(series));
  if (found != newest_.end() && found->second.timestamp > exemplar.timestamp) return;
  Set(static_cast<uint64_t>(series), exemplar);
}

void ExemplarIndex::Set(uint64_t series, const ExemplarKey& exemplar) {
  if (newest_.size() >= kSeriesMax && !newest_.contains(series)) {
    newest_.clear();
    floor_ = newest_of_all_;
  }
  newest_of_all_ = std::max(newest_of_all_, exemplar.timestamp);
  newest_[series] = exemplar;
}

}  // namespace luma::storage
