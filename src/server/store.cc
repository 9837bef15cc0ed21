#include "server/store.h"

#include <chrono>
#include <utility>

#include "base/log.h"
#include "promql/parser.h"
#include "server/archive_metrics.h"
#include "server/backup_destination.h"
#include "server/cardinality_metrics.h"
#include "server/cold_store.h"
#include "server/memory_shares.h"
#include "server/store_metrics.h"
#include "sql/parquet_format.h"
#include "storage/maintenance.h"

namespace luma::server {
namespace {

storage::WalSync WalSyncOf(const Config& config) {
  if (config.wal.sync == "interval") return storage::WalSync::kInterval;
  if (config.wal.sync == "off") return storage::WalSync::kOff;
  return storage::WalSync::kAlways;
}

// A share of what SQL may take: the format reads and writes a few row groups at a time.
constexpr uint64_t kColdMemoryShare = 4;

storage::TablePolicy DefaultPolicyOf(const Config& config) {
  storage::TablePolicy policy;
  if (config.cold.warm_age > Duration::zero()) {
    policy.warm_age = std::chrono::ceil<std::chrono::seconds>(config.cold.warm_age);
  }
  return policy;
}

storage::CompactionOptions CompactionOptionsOf(const Config& config) {
  const auto& compaction = config.compaction;
  return {.enabled = compaction.enabled,
          .written_bytes_per_second = compaction.rate_limit.bytes,
          .niceness = static_cast<int>(compaction.niceness),
          .output_bytes_max = compaction.output_max.bytes,
          .memory_bytes_max = compaction.memory_limit.bytes,
          .free_bytes_min = compaction.free_space_min.bytes};
}

storage::EngineOptions LocalOptionsOf(const Config& config) {
  return {.data_dir = config.general.data_dir,
          .wal_sync = WalSyncOf(config),
          .wal_sync_interval = config.wal.sync_interval,
          .wal_segment_bytes = config.wal.segment_bytes.bytes,
          .run_rows_max = static_cast<uint32_t>(config.storage.run_rows_max),
          .hot_bytes_flush = config.storage.flush_hot_bytes.bytes,
          .wal_bytes_flush = config.storage.flush_wal_bytes.bytes,
          .wal_bytes_max = config.wal.bytes_max.bytes,
          .flush_interval = std::chrono::ceil<std::chrono::seconds>(config.storage.flush_interval),
          .memory_limit_bytes = config.storage.memory_limit.bytes,
          .compaction = CompactionOptionsOf(config),
          .hold_log = !config.wal.archive.empty(),
          .default_policy = DefaultPolicyOf(config)};
}

storage::LogArchiveOptions ArchiveOptionsOf(const Config& config) {
  return {.interval = config.wal.archive_interval,
          .backlog_bytes_max = config.wal.archive_backlog_max.bytes};
}

// The engine shares ownership of both parts, and so drops them after its last read.
Result<storage::ColdTierOptions> ColdOptionsOf(const Config& config) {
  io::FileSystem& files = io::FileSystem::Posix();
  LUMA_ASSIGN_OR_RETURN(storage::ColdTierOptions cold,
                        OpenColdStore(config, files, Clock::System()));
  if (cold.store == nullptr) return cold;
  LUMA_ASSIGN_OR_RETURN(cold.format, sql::MakeParquetFormat(files, config.query.memory_limit.bytes /
                                                                       kColdMemoryShare));
  return cold;
}

storage::CardinalityLimits LimitsOf(const Config& config) {
  return {.series = static_cast<uint64_t>(config.limits.series),
          .series_per_metric = static_cast<uint64_t>(config.limits.series_per_metric),
          .values_per_label = static_cast<uint64_t>(config.limits.values_per_label)};
}

storage::MetricsOptions MetricsOptionsOf(const Config& config) {
  storage::MetricsOptions options;
  options.future_max = config.ingest.future_max;
  options.late_max = config.ingest.late_max;
  options.exemplars = config.ingest.exemplars;
  options.retirement = {.fs = &io::FileSystem::Posix(),
                        .directory = SeriesDirectoryOf(config),
                        .after = config.ingest.retire_series_after};
  options.limits = LimitsOf(config);
  return options;
}

sql::DatabaseOptions DatabaseOptionsOf(const Config& config) {
  return {.memory_limit_bytes = config.query.memory_limit.bytes,
          .threads = static_cast<int>(config.query.threads),
          .temp_dir = io::JoinPath(config.general.data_dir, "tmp"),
          .temp_bytes_max = config.query.spill_limit.bytes};
}

}  // namespace

Result<storage::EngineOptions> EngineOptionsOf(const Config& given) {
  const Config config = WithMemoryShares(given);
  storage::EngineOptions options = LocalOptionsOf(config);
  LUMA_ASSIGN_OR_RETURN(options.cold, ColdOptionsOf(config));
  return options;
}

io::Path SeriesDirectoryOf(const Config& config) {
  return io::JoinPath(config.general.data_dir, "series");
}

Result<std::unique_ptr<Store>> Store::Open(const Config& given) {
  const Config config = WithMemoryShares(given);
  const auto start = std::chrono::steady_clock::now();
  std::unique_ptr<Store> store(new Store);
  LUMA_ASSIGN_OR_RETURN(storage::EngineOptions options, EngineOptionsOf(config));
  LUMA_ASSIGN_OR_RETURN(store->engine_,
                        storage::MultiTierStorage::Open(std::move(options), io::FileSystem::Posix(),
                                                        Clock::System()));
  // First of all, or a start that fails elsewhere would lose its series partitions.
  LUMA_ASSIGN_OR_RETURN(store->metrics_,
                        storage::MetricsStore::Open(*store->engine_, MetricsOptionsOf(config)));
  LUMA_RETURN_IF_ERROR(store->StartArchive(config).WithContext("wal.archive"));
  LUMA_RETURN_IF_ERROR(store->ConfigureRetention(config));
  LUMA_RETURN_IF_ERROR(store->ConfigureDownsampling(config));
  store->metrics_->StartRetention();
  store->metrics_->StartRetirement();
  store->metrics_->StartDownsampling();
  LUMA_RETURN_IF_ERROR(store->OpenDatabase(config));
  store->store_metrics_ =
      RegisterStoreMetrics(*store->engine_, *store->metrics_, MetricsRegistry::Default());
  store->cardinality_metrics_ =
      RegisterCardinalityMetrics(*store->metrics_, MetricsRegistry::Default());
  const auto took = std::chrono::steady_clock::now() - start;
  LUMA_LOG(kInfo, "server", "store open: data_dir={} milliseconds={}", config.general.data_dir,
           std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  return store;
}

Status Store::OpenDatabase(const Config& config) {
  promql_ = std::make_unique<PromqlForSql>(
      promql::EvaluatorOptions{.use_start_timestamps = config.query.use_start_timestamps});
  sql::DatabaseOptions options = DatabaseOptionsOf(config);
  options.series = &metrics_->directory();
  options.promql = promql_.get();
  LUMA_ASSIGN_OR_RETURN(database_, sql::Database::Open(std::move(options), *engine_));
  return Status::Ok();
}

Status Store::StartArchive(const Config& config) {
  if (config.wal.archive.empty()) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(
      archive_store_,
      OpenBackupDestination(config, config.wal.archive, io::FileSystem::Posix(), Clock::System()));
  archive_ = std::make_unique<storage::LogArchive>(engine_->backup_source(), *archive_store_,
                                                   ArchiveOptionsOf(config));
  archive_metrics_ = RegisterArchiveMetrics(*archive_, MetricsRegistry::Default());
  return Status::Ok();
}

void Store::ConfigureLimits(const Config& config) { metrics_->SetLimits(LimitsOf(config)); }

Status Store::ConfigureRetention(const Config& config) {
  std::vector<storage::RetentionRule> rules;
  for (const RetentionRule& rule : config.retention.rules) {
    LUMA_ASSIGN_OR_RETURN(Matchers match, promql::ParseSelector(rule.match));
    rules.push_back({.match = std::move(match), .keep = rule.keep});
  }
  metrics_->SetRetentionRules(std::move(rules));
  engine_->maintenance().SetDefaultRetention(
      std::chrono::ceil<std::chrono::seconds>(config.retention.default_keep));
  return Status::Ok();
}

Status Store::ConfigureDownsampling(const Config& config) {
  std::vector<storage::DownsamplingRule> rules;
  for (const DownsamplingRule& rule : config.downsampling.rules) {
    Matchers match;
    if (!rule.match.empty()) {
      LUMA_ASSIGN_OR_RETURN(match, promql::ParseSelector(rule.match));
    }
    rules.push_back({.match_text = rule.match,
                     .match = std::move(match),
                     .after = rule.after,
                     .resolution = rule.resolution});
  }
  metrics_->SetDownsampling(std::move(rules), config.downsampling.interval);
  return Status::Ok();
}

Store::~Store() {
  const Status status = Close();
  if (!status.ok()) LUMA_LOG(kError, "server", "closing the store failed: {}", status.message());
}

Status Store::Close() {
  store_metrics_.clear();
  cardinality_metrics_.clear();
  archive_metrics_.clear();
  archive_.reset();
  database_.reset();
  metrics_.reset();
  if (!engine_) return Status::Ok();
  const Status status = engine_->Close();
  engine_.reset();
  return status;
}

}  // namespace luma::server
