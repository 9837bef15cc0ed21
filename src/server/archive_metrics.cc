#include "server/archive_metrics.h"

namespace luma::server {
namespace {

using Kind = MetricsRegistry::Kind;

struct ArchiveMetric {
  Kind kind;
  std::string_view name;
  std::string_view help;
  uint64_t (*read)(const storage::LogArchiveStats&);
};

constexpr ArchiveMetric kMetrics[] = {
    {Kind::kGauge, "luma_wal_archive_last_record",
     "Number of the last log record that was archived.",
     [](const storage::LogArchiveStats& stats) { return storage::ToNumber(stats.archived); }},
    {Kind::kCounter, "luma_wal_archive_bytes_total", "Log that was archived.",
     [](const storage::LogArchiveStats& stats) { return stats.bytes; }},
    {Kind::kCounter, "luma_wal_archive_failures_total", "Attempts to archive that failed.",
     [](const storage::LogArchiveStats& stats) { return stats.failures; }},
    {Kind::kCounter, "luma_wal_archive_lost_records_total",
     "Log records that were given up before they were archived.",
     [](const storage::LogArchiveStats& stats) { return stats.lost_records; }},
};

}  // namespace

std::vector<MetricsRegistry::Callback> RegisterArchiveMetrics(const storage::LogArchive& archive,
                                                              MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  for (const ArchiveMetric& metric : kMetrics) {
    const auto read = [&archive, read = metric.read] {
      return static_cast<double>(read(archive.stats()));
    };
    callbacks.push_back(registry.AddCallback(metric.kind, metric.name, metric.help, read));
  }
  return callbacks;
}

}  // namespace luma::server
