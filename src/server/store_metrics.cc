#include "server/store_metrics.h"

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

}  // namespace

std::vector<MetricsRegistry::Callback> RegisterStoreMetrics(const storage::MultiTierStorage& engine,
                                                            const storage::MetricsStore& metrics,
                                                            MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  for (const EngineMetric& metric : kEngineMetrics) {
    const auto read = [&engine, read = metric.read] {
      return static_cast<double>(read(engine.Stats()));
    };
    callbacks.push_back(registry.AddCallback(metric.kind, metric.name, metric.help, read));
  }
  callbacks.push_back(registry.AddCallback(
      Kind::kGauge, "luma_series", "Time series known.",
      [&metrics] { return static_cast<double>(metrics.registry().series_count()); }));
  return callbacks;
}

}  // namespace luma::server
