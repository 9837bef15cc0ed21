#include "storage/metrics/careful_exemplars.h"

#include <algorithm>
#include <tuple>

namespace luma::storage {

void CarefulExemplars::Collect(std::span<const SeriesId> ids) {
  for (size_t i = 0; i < ids.size(); ++i) {
    if (ids[i] == kUnknownSeries) continue;
    const SeriesBatch::Series series = batch_.series(i);
    for (const SeriesBatch::Exemplar& one : series.exemplars) {
      const LabelsView labels = series.labels_of(one);
      rows_.push_back({.series = ids[i],
                       .key = ExemplarKey::Of(one.timestamp, one.value, labels),
                       .value = one.value,
                       .labels = labels});
    }
  }
  const auto place = [](const Row& row) { return std::tuple(row.series, row.key); };
  std::ranges::sort(rows_, {}, place);
  const auto repeated = std::ranges::unique(rows_, {}, place);
  rows_.erase(repeated.begin(), repeated.end());
}

Status CarefulExemplars::LookUp(Transaction& transaction) {
  SeriesBitmap late;
  const TimeRange range = FindLate(late);
  if (late.isEmpty()) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, transaction.Read(kExemplarsTableId));
  const SeriesFilter filter(late);
  const ExemplarScan scan{
      .table = table.get(), .series = &filter, .range = range, .with_cold_runs = false};
  return scan.Run([this](const ExemplarRow& stored) {
    CompareWithStored(stored);
    return Status::Ok();
  });
}

TimeRange CarefulExemplars::FindLate(SeriesBitmap& late) {
  newest_stored_.clear();
  rows_lost_ = index_.rows_lost();
  TimeRange range{.min = INT64_MAX, .max = INT64_MIN};
  for (Row& row : rows_) {
    const ExemplarIndex::Place place = index_.PlaceOf(row.series, row.key);
    row.is_stored = place == ExemplarIndex::Place::kStored;
    if (place != ExemplarIndex::Place::kLate) continue;
    late.add(static_cast<uint32_t>(row.series));
    const bool is_known = index_.Knows(row.series);
    if (!is_known) newest_stored_.try_emplace(static_cast<uint64_t>(row.series), INT64_MIN);
    range.min = std::min(range.min, row.key.timestamp);
    // The newest of a series that is not known is found among all later exemplars.
    range.max = std::max(range.max, is_known ? row.key.timestamp : INT64_MAX);
  }
  return range;
}

void CarefulExemplars::CompareWithStored(const ExemplarRow& stored) {
  const auto newest = newest_stored_.find(static_cast<uint64_t>(stored.series));
  if (newest != newest_stored_.end()) {
    newest->second = std::max(newest->second, stored.timestamp);
  }
  const auto wanted =
      std::tuple(stored.series, ExemplarKey::Of(stored.timestamp, stored.value, stored.labels));
  const auto found = std::ranges::lower_bound(
      rows_, wanted, {}, [](const Row& row) { return std::tuple(row.series, row.key); });
  if (found != rows_.end() && std::tuple(found->series, found->key) == wanted) {
    found->is_stored = true;
  }
}

Status CarefulExemplars::Append(Transaction& transaction) const {
  ExemplarRows rows;
  for (const Row& row : rows_) {
    if (!row.is_stored) rows.Add(row.series, row.key.timestamp, row.value, row.labels);
  }
  return rows.empty() ? Status::Ok() : transaction.Append(kExemplarsTableId, rows.Finish());
}

void CarefulExemplars::Publish() {
  for (const auto& [series, newest] : newest_stored_) index_.SetNewest(SeriesId{series}, newest);
  std::vector<SeriesExemplarKey> stored;
  stored.reserve(rows_.size());
  for (const Row& row : rows_) stored.push_back({row.series, row.key});
  index_.Add(stored, rows_lost_);
}

}  // namespace luma::storage
