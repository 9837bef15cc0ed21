#include "storage/metrics/careful_write.h"

#include <algorithm>
#include <bit>
#include <tuple>

#include "storage/metrics/sample_rows.h"
#include "storage/metrics/sample_scan.h"

namespace luma::storage {

void CarefulWrite::Prepare(uint64_t next_series, CardinalityClaim* claim) {
  registry_.Resolve(batch_, ids_);
  NumberSeries(next_series, claim);
  if (lacks_series_) return;
  exemplars_.Collect(ids_);
  CollectRows();
  FindLateRows();
}

void CarefulWrite::NumberSeries(uint64_t next_series, CardinalityClaim* claim) {
  std::map<Hash128, Numbered> numbered;
  // The values of labels that the first ones bring are known ones for the others.
  for (const bool beyond_limits : {true, false}) {
    for (size_t i = 0; i < ids_.size(); ++i) {
      if (ids_[i] != kUnknownSeries) continue;
      const SeriesBatch::Series series = batch_.series(i);
      lacks_series_ |= series.id != kUnknownSeries;
      if (series.id != kUnknownSeries || series.beyond_limits != beyond_limits) continue;
      const auto [entry, is_new] = numbered.try_emplace(series.hash);
      if (is_new) entry->second = NumberNew(series, next_series, claim);
      const auto& [id, refusal] = entry->second;
      ids_[i] = id;
      if (refusal.is_refused()) {
        refused_.push_back({.entry = static_cast<uint32_t>(i), .refusal = refusal});
      }
    }
  }
}

CarefulWrite::Numbered CarefulWrite::NumberNew(const SeriesBatch::Series& series,
                                               uint64_t next_series, CardinalityClaim* claim) {
  if (claim != nullptr && series.beyond_limits) {
    claim->TakeBeyondLimits(series.labels);
  } else if (claim != nullptr) {
    const CardinalityRefusal refusal = claim->Take(series.labels);
    if (refusal.is_refused()) return {.id = kUnknownSeries, .refusal = refusal};
  }
  const SeriesId id{next_series + additions_.size()};
  additions_.push_back({.id = id,
                        .labels = series.labels,
                        .hash = series.hash,
                        .newest = SeriesRegistry::kNoSample});
  return {.id = id, .refusal = {}};
}

void CarefulWrite::CollectRows() {
  rows_.reserve(batch_.sample_count());
  for (size_t i = 0; i < ids_.size(); ++i) {
    if (ids_[i] != kUnknownSeries) CollectRowsOf(ids_[i], batch_.series(i));
  }
  // The last of equal ones first, since unique keeps the first.
  std::sort(rows_.begin(), rows_.end(), [](const Row& a, const Row& b) {
    return std::tie(a.series, a.timestamp, b.order) < std::tie(b.series, b.timestamp, a.order);
  });
  const auto same_key = [](const Row& a, const Row& b) {
    return a.series == b.series && a.timestamp == b.timestamp;
  };
  rows_.erase(std::unique(rows_.begin(), rows_.end(), same_key), rows_.end());
}

void CarefulWrite::CollectRowsOf(SeriesId id, const SeriesBatch::Series& series) {
  const size_t first = rows_.size();
  for (size_t i = 0; i < series.samples.size(); ++i) {
    rows_.push_back({.series = id,
                     .timestamp = series.samples[i].timestamp,
                     .value = series.samples[i].value,
                     .order = static_cast<uint32_t>(rows_.size()),
                     .histogram = std::nullopt});
    if (series.has_histograms()) rows_.back().histogram = series.histogram(i);
  }
  for (const SeriesBatch::StartTime& start : series.start_times) {
    rows_[first + start.sample].start = start.start;
  }
}

void CarefulWrite::FindLateRows() {
  late_.range = {.min = INT64_MAX, .max = INT64_MIN};
  for (const Row& row : rows_) {
    if (!additions_.empty() && row.series >= additions_.front().id) break;  // new ones come last
    const std::optional<UnixMillis> newest = registry_.FindNewest(row.series);
    if (!newest) {
      lacks_series_ = true;
      return;
    }
    if (row.timestamp > *newest) continue;
    late_.series.add(static_cast<uint32_t>(row.series));
    late_.range.min = std::min(late_.range.min, row.timestamp);
    // A newest timestamp that is only a bound becomes exact by looking at all later samples.
    late_.range.max = std::max(late_.range.max, newest == floor_ ? INT64_MAX : row.timestamp);
  }
}

Status CarefulWrite::ReadCold(MultiTierStorage& engine, ColdSamples& cold) const {
  if (late_.series.isEmpty()) return Status::Ok();
  for (const ObjectId id : {kSamplesTableId, kHistogramsTableId, kStartTimesTableId}) {
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine.Read(id));
    LUMA_RETURN_IF_ERROR(cold.Read(*table, late_, [this](SeriesId series, UnixMillis timestamp) {
      return FindRow(series, timestamp).has_value();
    }));
  }
  return Status::Ok();
}

Result<bool> CarefulWrite::Commit(MultiTierStorage& engine, const ColdSamples& cold) {
  const std::unique_ptr<Transaction> transaction = engine.Begin();
  LUMA_ASSIGN_OR_RETURN(const bool is_looked_up, LookUp(*transaction, cold));
  if (!is_looked_up) return false;
  LUMA_RETURN_IF_ERROR(exemplars_.LookUp(*transaction));
  LUMA_RETURN_IF_ERROR(transaction->Delete(kSamplesTableId, replaced_floats_).status());
  LUMA_RETURN_IF_ERROR(transaction->Delete(kHistogramsTableId, replaced_histograms_).status());
  LUMA_RETURN_IF_ERROR(transaction->Delete(kStartTimesTableId, replaced_start_times_).status());
  LUMA_RETURN_IF_ERROR(AppendSeries(*transaction));
  LUMA_RETURN_IF_ERROR(AppendSamples(*transaction));
  LUMA_RETURN_IF_ERROR(exemplars_.Append(*transaction));
  LUMA_RETURN_IF_ERROR(transaction->Commit());
  return true;
}

Result<bool> CarefulWrite::LookUp(Transaction& transaction, const ColdSamples& cold) {
  newest_stored_.clear();
  replaced_floats_.clear();
  replaced_histograms_.clear();
  replaced_start_times_.clear();
  duplicates_ = 0;
  for (Row& row : rows_) row.is_duplicate = false;
  if (late_.series.isEmpty()) return true;
  const SeriesFilter late(late_.series);
  for (const ObjectId id : kSampleTableIds) {
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, transaction.Read(id));
    const VisitStored compare = [this](const StoredSample& stored) { CompareWithStored(stored); };
    LUMA_ASSIGN_OR_RETURN(const bool is_looked_up, LookUpIn(*table, late, cold, compare));
    if (!is_looked_up) return false;
  }
  return LookUpStartTimes(transaction, late, cold);
}

Result<bool> CarefulWrite::LookUpStartTimes(Transaction& transaction, const SeriesFilter& late,
                                            const ColdSamples& cold) {
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, transaction.Read(kStartTimesTableId));
  return LookUpIn(*table, late, cold, [this](const StoredSample& stored) {
    const std::optional<size_t> found = FindRow(stored.series, stored.timestamp);
    if (found && !rows_[*found].is_duplicate) replaced_start_times_.push_back(stored.row);
  });
}

Result<bool> CarefulWrite::LookUpIn(const TableSnapshot& table, const SeriesFilter& late,
                                    const ColdSamples& cold, const VisitStored& visit) {
  SampleScan scan;
  scan.table = &table;
  scan.series = &late;
  scan.range = late_.range;
  for (const auto& run : table.runs()) {
    if (!ColdSamples::IsCold(*run) || !scan.MayHaveRows(*run)) continue;
    if (!cold.Has(*run, late_)) return false;
    cold.Visit(*run, [&](const ColdSamples::Sample& stored) {
      visit({.series = stored.series,
             .timestamp = stored.timestamp,
             .row = MakeRowId(run->id(), stored.position),
             .value = stored.value,
             .histogram = stored.histogram});
    });
  }
  scan.takes_run = [](const RunView& run) { return !ColdSamples::IsCold(run); };
  LUMA_RETURN_IF_ERROR(scan.Run([&](const SampleBlock& block) {
    for (const uint32_t row : block.rows) {
      StoredSample stored{.series = SeriesId{block.series[row]},
                          .timestamp = block.timestamps[row],
                          .row = MakeRowId(block.run, block.start + row),
                          .value = block.values == nullptr ? 0 : block.values[row],
                          .histogram = std::nullopt};
      if (block.histograms != nullptr) stored.histogram = block.histograms[row].view();
      visit(stored);
    }
    return Status::Ok();
  }));
  return true;
}

std::optional<size_t> CarefulWrite::FindRow(SeriesId series, UnixMillis timestamp) const {
  const auto key = std::tuple(series, timestamp);
  const auto found =
      std::lower_bound(rows_.begin(), rows_.end(), key, [](const Row& row, const auto& wanted) {
        return std::tuple(row.series, row.timestamp) < wanted;
      });
  if (found == rows_.end() || std::tuple(found->series, found->timestamp) != key) {
    return std::nullopt;
  }
  return static_cast<size_t>(found - rows_.begin());
}

void CarefulWrite::CompareWithStored(const StoredSample& stored) {
  const auto entry =
      newest_stored_.try_emplace(static_cast<uint64_t>(stored.series), stored.timestamp).first;
  entry->second = std::max(entry->second, stored.timestamp);
  const std::optional<size_t> found = FindRow(stored.series, stored.timestamp);
  if (!found) return;
  Row& row = rows_[*found];
  // As bits: NaNs that mean different things are different values.
  const bool is_same = stored.histogram
                           ? row.histogram == stored.histogram
                           : !row.histogram && std::bit_cast<uint64_t>(row.value) ==
                                                   std::bit_cast<uint64_t>(stored.value);
  if (is_same) {
    row.is_duplicate = true;
    ++duplicates_;
  } else if (stored.histogram) {
    replaced_histograms_.push_back(stored.row);
  } else {
    replaced_floats_.push_back(stored.row);
  }
}

Status CarefulWrite::AppendSeries(Transaction& transaction) const {
  if (additions_.empty()) return Status::Ok();
  std::vector<SeriesId> ids;
  std::vector<StringRef> metrics;
  std::vector<StringRef> labels;
  for (const SeriesRegistry::Addition& addition : additions_) {
    ids.push_back(addition.id);
    metrics.emplace_back(addition.labels.metric_name());
    labels.emplace_back(addition.labels.canonical());
  }
  const auto span = [&](PhysicalType type, const auto& values) {
    return ColumnSpan{.type = type,
                      .count = static_cast<uint32_t>(values.size()),
                      .values = reinterpret_cast<const std::byte*>(values.data())};
  };
  const std::array columns = {span(PhysicalType::kUInt64, ids), span(PhysicalType::kBytes, metrics),
                              span(PhysicalType::kBytes, labels)};
  return transaction.Append(kSeriesTableId, columns);
}

Status CarefulWrite::AppendSamples(Transaction& transaction) const {
  const auto is_new_float = [](const Row& row) { return !row.is_duplicate && !row.histogram; };
  const auto count = static_cast<uint32_t>(std::ranges::count_if(rows_, is_new_float));
  SampleRows floats(count);
  HistogramRows histograms;
  StartTimeRows starts;
  for (const Row& row : rows_) {
    if (is_new_float(row)) floats.Add(row.series, row.timestamp, row.value);
    if (is_new_float(row) && row.start != 0) starts.Add(row.series, row.timestamp, row.start);
    if (!row.is_duplicate && row.histogram) {
      histograms.Add(row.series, row.timestamp, *row.histogram);
    }
  }
  if (count > 0) {
    LUMA_RETURN_IF_ERROR(transaction.Append(kSamplesTableId, std::move(floats).Finish()));
  }
  if (!starts.empty()) {
    LUMA_RETURN_IF_ERROR(transaction.Append(kStartTimesTableId, starts.Finish()));
  }
  if (histograms.empty()) return Status::Ok();
  return transaction.Append(kHistogramsTableId, histograms.Finish());
}

Status CarefulWrite::Publish() {
  exemplars_.Publish();
  for (size_t i = 0; i < rows_.size(); ++i) {
    const Row& row = rows_[i];
    if (i + 1 < rows_.size() && rows_[i + 1].series == row.series) continue;
    if (!additions_.empty() && row.series >= additions_.front().id) {
      const auto index =
          static_cast<uint64_t>(row.series) - static_cast<uint64_t>(additions_.front().id);
      additions_[index].newest = row.timestamp;
    } else {
      registry_.SetNewest(row.series, NewestAfter(row.series, row.timestamp));
    }
  }
  return registry_.Add(additions_);
}

UnixMillis CarefulWrite::NewestAfter(SeriesId series, UnixMillis newest_row) const {
  const UnixMillis bound = registry_.Newest(series);
  if (bound != floor_ || !late_.series.contains(static_cast<uint32_t>(series))) {
    return std::max(bound, newest_row);
  }
  const auto stored = newest_stored_.find(static_cast<uint64_t>(series));
  return stored == newest_stored_.end() ? newest_row : std::max(stored->second, newest_row);
}

}  // namespace luma::storage
