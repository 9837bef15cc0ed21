#include "storage/metrics/metrics_store.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "storage/metrics/flat_column.h"
#include "storage/metrics/largest_series_id.h"
#include "storage/metrics/sample_scan.h"

namespace luma::storage {
namespace {

constexpr std::chrono::minutes kRetentionInterval{10};

// Reads luma.series into a registry.
class SeriesLoader {
 public:
  SeriesLoader(const TableSnapshot& table, UnixMillis newest)
      : table_(table),
        newest_(newest),
        id_column_(*table.schema().FindColumn(kSeriesIdColumn)),
        labels_column_(*table.schema().FindColumn(kLabelsColumn)) {}

  Status Load(SeriesRegistry& registry) {
    for (const auto& run : table_.runs()) {
      for (uint32_t block = 0; block < run->block_count(); ++block) {
        LUMA_RETURN_IF_ERROR(LoadBlock(*run, block, registry));
      }
    }
    return Status::Ok();
  }
  uint64_t next_series() const { return next_series_; }

 private:
  Status LoadBlock(const RunView& run, uint32_t block, SeriesRegistry& registry) {
    LUMA_RETURN_IF_ERROR(ids_.Read(run, id_column_, block));
    LUMA_RETURN_IF_ERROR(labels_.Read(run, labels_column_, block));
    std::vector<SeriesRegistry::Addition> additions;
    for (uint32_t row = 0; row < ids_.size(); ++row) {
      if (run.IsDeleted(run.BlockStart(block) + row)) continue;
      const std::string_view canonical = labels_.values()[row].view();
      LUMA_RETURN_IF_ERROR(CheckCanonical(canonical).WithContext("luma.series"));
      const LabelsView labels(canonical);
      additions.push_back({.id = SeriesId{ids_.values()[row]},
                           .labels = labels,
                           .hash = labels.Hash(),
                           .newest = newest_});
      next_series_ = std::max(next_series_, ids_.values()[row] + 1);
    }
    return registry.Add(additions).WithContext("luma.series");
  }

  const TableSnapshot& table_;
  const UnixMillis newest_;
  const ColumnSchema& id_column_;
  const ColumnSchema& labels_column_;
  FlatColumn<uint64_t> ids_;
  FlatColumn<StringRef> labels_;
  uint64_t next_series_ = 1;
};

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
  StoredBounds bounds;
  for (const ObjectId id : kSampleTableIds) {
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine.Read(id));
    LUMA_ASSIGN_OR_RETURN(bounds.newest, NewestOf(*table, bounds.newest));
    LUMA_ASSIGN_OR_RETURN(const uint64_t largest, LargestSeriesId(*table));
    bounds.largest_series = std::max(bounds.largest_series, largest);
  }
  return bounds;
}

}  // namespace

Result<std::unique_ptr<MetricsStore>> MetricsStore::Open(MultiTierStorage& engine,
                                                         MetricsOptions options) {
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr series, engine.Read(kSeriesTableId));
  LUMA_ASSIGN_OR_RETURN(const StoredBounds stored, BoundsOf(engine));
  auto registry = std::make_unique<SeriesRegistry>();
  SeriesLoader loader(*series, stored.newest);
  LUMA_RETURN_IF_ERROR(loader.Load(*registry));
  // Runs that had expired come back with a restore to a point in time, their series do not: the
  // rows must not become those of a new series.
  uint64_t largest = stored.largest_series;
  for (const ObjectId id : {kRollupsTableId, kExemplarsTableId, kStartTimesTableId}) {
    LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, engine.Read(id));
    LUMA_ASSIGN_OR_RETURN(const uint64_t in_table, LargestSeriesId(*table));
    largest = std::max(largest, in_table);
  }
  const bool is_id = largest < SeriesRegistry::kSeriesMax;  // and not made up by somebody's SQL
  const uint64_t next_series = std::max(loader.next_series(), is_id ? largest + 1 : 0);
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr exemplars, engine.Read(kExemplarsTableId));
  LUMA_ASSIGN_OR_RETURN(const UnixMillis exemplar_floor, NewestOf(*exemplars, INT64_MIN));
  const MetricsWriter::Start start{
      .next_series = next_series, .floor = stored.newest, .exemplar_floor = exemplar_floor};
  return std::unique_ptr<MetricsStore>(
      new MetricsStore(engine, std::move(registry), options, start));
}

Result<uint64_t> MetricsStore::DeleteSamples(const std::vector<Matchers>& selectors,
                                             TimeRange range) {
  SeriesBitmap series;
  for (const Matchers& matchers : selectors) series |= registry_->Select(matchers);
  LUMA_ASSIGN_OR_RETURN(const uint64_t deleted, deleter_.Delete(series, range));
  samples_deleted_ += deleted;
  const Status swept = sweeper_.Sweep(series).status();
  // The samples are gone; the next pass of retention removes their series.
  if (!swept.ok()) LUMA_LOG(kWarn, "storage", "series stay for now: {}", swept.message());
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
