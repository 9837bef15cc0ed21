#include "prom/scrape/known_series.h"

#include <utility>

namespace luma::prom {
namespace {

// An entry of a flat map with the byte that tells whether there is one.
constexpr uint64_t kMapEntryBytes = sizeof(std::pair<uint64_t, uint32_t>) + 1;
// A node with a string in it, its bucket, and what the allocator adds to either.
constexpr uint64_t kUnresolvedBytes = 104;

// Entries that were erased leave their room behind.
void ShrinkIfSparse(boost::unordered_flat_map<uint64_t, uint32_t>& map) {
  if (map.size() < map.bucket_count() / 8) map.rehash(0);
}

}  // namespace

std::optional<uint32_t> KnownSeries::FindText(uint64_t hash) const {
  const auto found = by_text_.find(hash);
  if (found == by_text_.end()) return std::nullopt;
  return found->second;
}

Result<uint32_t> KnownSeries::Add(const LabelBuilder& labels) {
  std::vector<LabelRef> refs;
  for (const auto& [name, value] : labels.labels()) refs.push_back({name, value});
  std::string canonical;
  const LabelsOutcome outcome = AppendCanonical(refs, canonical);
  if (outcome != LabelsOutcome::kOk) {
    return Status::InvalidArgument("bad exposition: ", LabelsOutcomeText(outcome));
  }
  const Hash128 hash = LabelsView(canonical).Hash();
  const auto place = static_cast<uint32_t>(series_.size());
  const auto [found, is_new] = by_labels_.try_emplace(hash.low, place);
  if (!is_new) return found->second;
  series_.push_back({.hash = hash});
  label_bytes_ += canonical.size();
  unresolved_.emplace(place, std::move(canonical));
  return place;
}

void KnownSeries::Start(uint32_t place, SeriesBatch& batch) const {
  const Series& series = series_[place];
  if (series.id != kUnknownSeries) {
    batch.StartSeries(series.id);
  } else {
    batch.StartSeries(LabelsView(unresolved_.at(place)));
  }
}

void KnownSeries::ResolveIds(const MetricsSink& sink) {
  if (unresolved_.empty()) return;
  std::vector<uint32_t> places;
  std::vector<Hash128> hashes;
  for (const auto& [place, labels] : unresolved_) {
    places.push_back(place);
    hashes.push_back(series_[place].hash);
  }
  std::vector<SeriesId> ids(places.size(), kUnknownSeries);
  sink.FindSeries(hashes, ids);
  for (size_t i = 0; i < places.size(); ++i) {
    if (ids[i] == kUnknownSeries) continue;
    gives_ids_ = true;
    series_[places[i]].id = ids[i];
    const auto labels = unresolved_.find(places[i]);
    label_bytes_ -= labels->second.size();
    unresolved_.erase(labels);
  }
}

KnownSeries::Moves KnownSeries::Keep(const std::function<bool(uint32_t place)>& is_kept) {
  Moves moved_to(series_.size(), kNoPlace);
  std::vector<Series> kept;
  std::unordered_map<uint32_t, std::string> unresolved;
  label_bytes_ = 0;
  for (uint32_t place = 0; place < series_.size(); ++place) {
    if (!is_kept(place)) {
      by_labels_.erase(series_[place].hash.low);
      continue;
    }
    const auto to = static_cast<uint32_t>(kept.size());
    moved_to[place] = to;
    by_labels_[series_[place].hash.low] = to;
    kept.push_back(series_[place]);
    const auto labels = unresolved_.find(place);
    if (labels == unresolved_.end()) continue;
    label_bytes_ += labels->second.size();
    unresolved.emplace(to, std::move(labels->second));
  }
  boost::unordered::erase_if(by_text_, [&moved_to](const auto& entry) {
    return entry.second == kNoPlace || moved_to[entry.second] == kNoPlace;
  });
  for (auto& [hash, place] : by_text_) place = moved_to[place];
  ShrinkIfSparse(by_text_);
  ShrinkIfSparse(by_labels_);
  series_ = std::move(kept);
  unresolved_ = std::move(unresolved);
  return moved_to;
}

KnownSeries::Moves KnownSeries::RecheckIds(const MetricsSink& sink) {
  std::vector<Hash128> hashes;
  for (const Series& series : series_) hashes.push_back(series.hash);
  std::vector<SeriesId> ids(hashes.size(), kUnknownSeries);
  sink.FindSeries(hashes, ids);
  // Labels that are still there serve, whatever storage knows.
  for (uint32_t place = 0; place < series_.size(); ++place) {
    if (!unresolved_.contains(place)) series_[place].id = ids[place];
  }
  return Keep([this](uint32_t place) {
    return series_[place].id != kUnknownSeries || unresolved_.contains(place);
  });
}

uint64_t KnownSeries::bytes() const {
  return series_.capacity() * sizeof(Series) +
         (by_text_.bucket_count() + by_labels_.bucket_count()) * kMapEntryBytes +
         unresolved_.size() * kUnresolvedBytes + label_bytes_;
}

}  // namespace luma::prom
