#include "server/store_metrics.h"

#include <algorithm>
#include <chrono>

#include "storage/maintenance.h"

namespace luma::server {
namespace {

using Kind = MetricsRegistry::Kind;

struct EngineMetric {
  Kind kind;
  std::string_view name;
  std::string_view help;
  uint64_t (*read)(const storage::EngineStats&);
};

#define LUMA_ENGINE_STAT(field) \
  [](const storage::EngineStats& stats) -> uint64_t { return stats.field; }

constexpr EngineMetric kEngineMetrics[] = {
    {Kind::kCounter, "luma_storage_commits_total", "Transactions committed.",
     LUMA_ENGINE_STAT(commits)},
    {Kind::kCounter, "luma_storage_conflicts_total",
     "Transactions refused because another one committed first.", LUMA_ENGINE_STAT(conflicts)},
    {Kind::kCounter, "luma_storage_rows_appended_total", "Rows committed.",
     LUMA_ENGINE_STAT(rows_appended)},
    {Kind::kCounter, "luma_storage_flushes_total", "Writes of hot rows to segment files.",
     LUMA_ENGINE_STAT(flushes)},
    {Kind::kGauge, "luma_storage_hot_rows", "Rows in memory.", LUMA_ENGINE_STAT(hot_rows)},
    {Kind::kGauge, "luma_storage_hot_bytes", "Memory of hot rows.", LUMA_ENGINE_STAT(hot_bytes)},
    {Kind::kGauge, "luma_storage_warm_rows", "Rows in segment files, deleted ones included.",
     LUMA_ENGINE_STAT(warm_rows)},
    {Kind::kGauge, "luma_storage_warm_bytes", "Size of segment files.",
     LUMA_ENGINE_STAT(warm_bytes)},
    {Kind::kGauge, "luma_storage_warm_segments", "Segment files.", LUMA_ENGINE_STAT(warm_segments)},
    {Kind::kGauge, "luma_wal_bytes", "Log that a restart would replay.",
     LUMA_ENGINE_STAT(wal_bytes)},
    {Kind::kCounter, "luma_wal_syncs_total", "Times the log was made durable.",
     LUMA_ENGINE_STAT(wal_syncs)},
    {Kind::kGauge, "luma_wal_poisoned", "1 when the log failed and writes wait for a restart.",
     LUMA_ENGINE_STAT(poisoned)},
};

struct DeletionMetric {
  Kind kind;
  std::string_view name;
  std::string_view help;
  double (*read)(storage::MultiTierStorage&, const storage::MetricsStore&);
};

// What is refused for its time, rolled up, deleted or has expired.
constexpr DeletionMetric kDeletionMetrics[] = {
    {Kind::kCounter, "luma_samples_refused_total",
     "Samples refused because they are too old or too far in the future.",
     [](auto&, const auto& metrics) -> double { return metrics.write_stats().samples_refused; }},
    {Kind::kCounter, "luma_samples_refused_late_total", "Of those, the ones that are too old.",
     [](auto&, const auto& metrics) -> double {
       return metrics.write_stats().samples_refused_late;
     }},
    {Kind::kCounter, "luma_samples_deleted_total",
     "Samples deleted on request or by [[retention.rules]].",
     [](auto&, const auto& metrics) -> double { return metrics.samples_deleted(); }},
    {Kind::kCounter, "luma_downsampling_samples_total", "Samples replaced by rollups.",
     [](auto&, const auto& metrics) -> double { return metrics.rolled_up().samples_in; }},
    {Kind::kCounter, "luma_downsampling_rollups_replaced_total",
     "Rollups replaced by coarser ones, or for late samples.",
     [](auto&, const auto& metrics) -> double { return metrics.rolled_up().rollups_in; }},
    {Kind::kCounter, "luma_downsampling_rollups_total", "Rollups written.",
     [](auto&, const auto& metrics) -> double { return metrics.rolled_up().rollups_out; }},
    {Kind::kCounter, "luma_downsampling_commits_total", "Commits that wrote them.",
     [](auto&, const auto& metrics) -> double { return metrics.rolled_up().commits; }},
    {Kind::kGauge, "luma_downsampling_failing_rules", "Rules whose last pass failed.",
     [](auto& engine, const auto&) -> double {
       return std::ranges::count_if(engine.maintenance().downsampling().Get(),
                                    [](const auto& rule) { return !rule.last_error.empty(); });
     }},
    {Kind::kGauge, "luma_downsampling_failed_days",
     "Days that the last passes could not roll up, over all rules.",
     [](auto& engine, const auto&) -> double {
       uint64_t days = 0;
       for (const auto& rule : engine.maintenance().downsampling().Get()) days += rule.failed_days;
       return days;
     }},
    {Kind::kCounter, "luma_series_sweeps_total", "Looks at all series for those without samples.",
     [](auto&, const auto& metrics) -> double { return metrics.series_sweeps(); }},
    {Kind::kCounter, "luma_series_removed_total", "Series removed because they had no samples.",
     [](auto&, const auto& metrics) -> double { return metrics.series_removed(); }},
    {Kind::kCounter, "luma_retention_dropped_segments_total", "Segments dropped by retention.",
     [](auto& engine, const auto&) -> double { return engine.maintenance().expired().runs; }},
    {Kind::kCounter, "luma_retention_dropped_rows_total", "Rows of those segments.",
     [](auto& engine, const auto&) -> double { return engine.maintenance().expired().rows; }},
    {Kind::kCounter, "luma_retention_dropped_bytes_total", "Size of those segments.",
     [](auto& engine, const auto&) -> double { return engine.maintenance().expired().bytes; }},
    {Kind::kGauge, "luma_retention_clock_lag_seconds",
     "How far a jump of the wall clock is ahead of the time by which data expires.",
     [](auto& engine, const auto&) -> double {
       return std::chrono::duration<double>(engine.maintenance().expiry_clock().Lag()).count();
     }},
};

struct RetirementMetric {
  Kind kind;
  std::string_view name;
  std::string_view help;
  uint64_t (*read)(const storage::MetricsStore&);
};

// Series that are on disk.
constexpr RetirementMetric kRetirementMetrics[] = {
    {Kind::kGauge, "luma_series_retired", "Time series without recent samples: those on disk.",
     [](const auto& metrics) { return metrics.retired_stats().series; }},
    {Kind::kGauge, "luma_series_partitions", "Files that hold them.",
     [](const auto& metrics) { return metrics.retired_stats().partitions; }},
    {Kind::kGauge, "luma_series_partition_bytes", "Size of these files.",
     [](const auto& metrics) { return metrics.retired_stats().file_bytes; }},
    {Kind::kGauge, "luma_series_partition_memory_bytes", "Memory that these files take.",
     [](const auto& metrics) { return metrics.retired_stats().memory_bytes; }},
    {Kind::kCounter, "luma_series_retired_total", "Series that left memory.",
     [](const auto& metrics) { return metrics.series_retired(); }},
    {Kind::kCounter, "luma_series_returned_total",
     "Series that came back to memory because they got samples again.",
     [](const auto& metrics) { return metrics.series_returned(); }},
};

}  // namespace

std::vector<MetricsRegistry::Callback> RegisterStoreMetrics(storage::MultiTierStorage& engine,
                                                            const storage::MetricsStore& metrics,
                                                            MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  for (const EngineMetric& metric : kEngineMetrics) {
    const auto read = [&engine, read = metric.read] {
      return static_cast<double>(read(engine.Stats()));
    };
    callbacks.push_back(registry.AddCallback(metric.kind, metric.name, metric.help, read));
  }
  for (const DeletionMetric& metric : kDeletionMetrics) {
    const auto read = [&engine, &metrics, read = metric.read] { return read(engine, metrics); };
    callbacks.push_back(registry.AddCallback(metric.kind, metric.name, metric.help, read));
  }
  callbacks.push_back(registry.AddCallback(
      Kind::kGauge, "luma_series", "Active time series: those in memory.",
      [&metrics] { return static_cast<double>(metrics.registry().series_count()); }));
  for (const RetirementMetric& metric : kRetirementMetrics) {
    const auto read = [&metrics, read = metric.read] { return static_cast<double>(read(metrics)); };
    callbacks.push_back(registry.AddCallback(metric.kind, metric.name, metric.help, read));
  }
  return callbacks;
}

}  // namespace luma::server
