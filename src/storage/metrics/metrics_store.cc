#include "storage/metrics/metrics_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/metrics/largest_series_id.h"
#include "storage/metrics/retired/open_retired_series.h"
#include "storage/metrics/sample_scan.h"
#include "storage/metrics/series_loader.h"

namespace luma::storage {
namespace {

constexpr std::chrono::minutes kRetentionInterval{10};
// Damage of partitions is made good so often.
constexpr std::chrono::minutes kRetirementIntervalMax{10};

// The newest timestamp of all rows. Cold ones of unknown times may be newer than all others: then
// every series is looked up.
Result<UnixMillis> NewestOf(const TableSnapshot& table, UnixMillis floor) {
  LUMA_ASSIGN_OR_RETURN(const NewestSample newest, FindNewest(table, floor));
  return newest.is_exact ? newest.timestamp : INT64_MAX;
}

// Of the rows of luma.samples and luma.histograms.
struct StoredBounds {
  UnixMillis newest = SeriesRegistry::kNoSample;
  uint64_t largest_series = 0;
};
Result<StoredBounds> BoundsOf(MultiTierStorage& engine) {
  LUMA_FAILPOINT("metrics_store.bounds");
  StoredBounds bounds;
  for (const ObjectId id : kSampleTableIds) {
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine.Read(id));
    LUMA_ASSIGN_OR_RETURN(bounds.newest, NewestOf(*table, bounds.newest));
    LUMA_ASSIGN_OR_RETURN(const uint64_t largest, LargestSeriesId(*table));
    bounds.largest_series = std::max(bounds.largest_series, largest);
  }
  return bounds;
}

// All series of the table but the retired ones. Of these the table has the last word: one that was
// removed from it when the list of partitions could not be written is forgotten.
Result<LoadedSeries> LoadActive(const TableSnapshot& table, UnixMillis newest,
                                RetiredSeries& retired, SeriesRegistry& registry) {
  const SeriesBitmap retired_ids = retired.ids();
  const auto is_active = [&](uint32_t id) { return !retired_ids.contains(id); };
  LUMA_ASSIGN_OR_RETURN(LoadedSeries loaded, LoadSeries(table, is_active, newest, registry));
  const SeriesBitmap removed = retired_ids - loaded.skipped;
  retired.ForgetRemoved(removed);
  return loaded;
}

}  // namespace

Result<std::unique_ptr<MetricsStore>> MetricsStore::Open(MultiTierStorage& engine,
                                                         MetricsOptions options) {
  LUMA_ASSIGN_OR_RETURN(std::unique_ptr<RetiredSeries> retired,
                        OpenRetiredSeries(options.retirement, engine));
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr series, engine.Read(kSeriesTableId));
  LUMA_ASSIGN_OR_RETURN(const StoredBounds stored, BoundsOf(engine));
  auto registry = std::make_unique<SeriesRegistry>();
  LUMA_ASSIGN_OR_RETURN(const LoadedSeries loaded,
                        LoadActive(*series, stored.newest, *retired, *registry));
  // Runs that had expired come back with a restore to a point in time, their series do not: the
  // rows must not become those of a new series.
  uint64_t largest = stored.largest_series;
  for (const ObjectId id : {kRollupsTableId, kExemplarsTableId, kStartTimesTableId}) {
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine.Read(id));
    LUMA_ASSIGN_OR_RETURN(const uint64_t in_table, LargestSeriesId(*table));
    largest = std::max(largest, in_table);
  }
  const bool is_id = largest < SeriesRegistry::kSeriesMax;  // and not made up by somebody's SQL
  const uint64_t next_series =
      std::max({loaded.ids_end, retired->ids_end(), is_id ? largest + 1 : 0});
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr exemplars, engine.Read(kExemplarsTableId));
  LUMA_ASSIGN_OR_RETURN(const UnixMillis exemplar_floor, NewestOf(*exemplars, INT64_MIN));
  const MetricsWriter::Start start{
      .next_series = next_series, .floor = stored.newest, .exemplar_floor = exemplar_floor};
  return std::unique_ptr<MetricsStore>(
      new MetricsStore(engine, std::move(registry), std::move(retired), options, start));
}

Result<uint64_t> MetricsStore::DeleteSamples(const std::vector<Matchers>& selectors,
                                             TimeRange range) {
  SeriesBitmap series;
  for (const Matchers& matchers : selectors) {
    LUMA_ASSIGN_OR_RETURN(const SeriesBitmap matching, directory_.Select(matchers));
    series |= matching;
  }
  LUMA_ASSIGN_OR_RETURN(const uint64_t deleted, deleter_.Delete(series, range));
  samples_deleted_ += deleted;
  const Status swept = sweeper_.Sweep(series).status();
  // The samples are gone; the next pass of retention removes their series.
  if (!swept.ok()) LUMA_LOG(kWarn, "storage", "series without samples stay: {}", swept.message());
  return deleted;
}

Status MetricsStore::Expire() {
  LUMA_ASSIGN_OR_RETURN(const uint64_t deleted, retention_.Pass());
  samples_deleted_ += deleted;
  return Status::Ok();
}

void MetricsStore::StartRetention() {
  retention_thread_.Start([this] {
    while (retention_thread_.Sleep(kRetentionInterval)) {
      const Status expired = Expire();
      if (!expired.ok()) LUMA_LOG(kWarn, "storage", "retention failed: {}", expired.message());
    }
  });
}

std::chrono::milliseconds MetricsStore::RetirementInterval(std::chrono::milliseconds after) {
  if (after == std::chrono::milliseconds::zero()) return kRetirementIntervalMax;
  return std::clamp<std::chrono::milliseconds>(after / SeriesRetirer::kPassesPerIdleTime,
                                               std::chrono::seconds(1), kRetirementIntervalMax);
}

void MetricsStore::StartRetirement() {
  retirement_thread_.Start([this] {
    while (retirement_thread_.Sleep(retirement_interval_)) {
      const Status retired = retirer_.PassIfDue();
      if (!retired.ok()) LUMA_LOG(kWarn, "storage", "series stay in memory: {}", retired.message());
    }
  });
}

void MetricsStore::StartDownsampling() {
  downsampling_thread_.Start([this] {
    while (downsampling_thread_.Sleep(downsampling_interval_.load())) {
      const Status done = Downsample();
      if (!done.ok()) LUMA_LOG(kWarn, "storage", "downsampling failed: {}", done.message());
    }
  });
}

MetricsStats MetricsStore::Stats() const {
  return {.writes = writer_.stats(),
          .series = registry_->series_count(),
          .series_bytes = registry_->allocated_bytes()};
}

}  // namespace luma::storage
