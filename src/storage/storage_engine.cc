#include "storage/storage_engine.h"

#include <algorithm>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/failpoint.h"
#include "base/log.h"
#include "storage/backup/restore.h"
#include "storage/cold/cold_keys.h"
#include "storage/cold/cold_metrics.h"
#include "storage/deleted_rows.h"
#include "storage/metrics/sample_scan.h"
#include "storage/retention/expiry_clock_file.h"
#include "storage/segment_metrics.h"
#include "storage/store_report.h"
#include "storage/transaction_impl.h"
#include "storage/wal/wal_range.h"

namespace luma::storage {
namespace {

// Of the memory limit: for decoded blocks, for commits on their way to the log.
constexpr uint64_t kCacheShare = 8;
constexpr uint64_t kLogBufferShare = 32;
constexpr uint64_t kLogBufferBytesMin = 1ull << 20;
constexpr uint64_t kLogBufferBytesMax = 64ull << 20;

uint64_t LogBufferBytes(const EngineOptions& options) {
  return std::clamp(options.memory_limit_bytes / kLogBufferShare, kLogBufferBytesMin,
                    kLogBufferBytesMax);
}

WalOptions WalOptionsOf(const EngineOptions& options) {
  return {.sync = options.wal_sync,
          .sync_interval = options.wal_sync_interval,
          .segment_bytes = options.wal_segment_bytes,
          .buffer_bytes_max = LogBufferBytes(options),
          .log_bytes_max = options.wal_bytes_max,
          .background_spares = options.background_flush,
          .hold = options.hold_log};
}

// The manifest without touching it; nothing for a new database.
Result<std::optional<ManifestState>> ReadManifest(io::FileSystem& fs,
                                                  const DataDirectory& directory) {
  Result<ManifestState> state = Manifest::Read(fs, directory.manifest());
  if (state.status().code() == StatusCode::kNotFound) return std::optional<ManifestState>();
  if (!state.ok()) return state.status();
  return std::optional(std::move(state).value());
}

// The manifest is made before anything else, so what is there without one has lost it.
Status CheckNeverUsed(io::FileSystem& fs, const DataDirectory& directory, const WalEnd& wal_end) {
  if (wal_end.file.sequence != 0) {
    return Status::Corruption("there is a log but no manifest: path=", directory.manifest());
  }
  LUMA_ASSIGN_OR_RETURN(const bool has_segments, fs.Exists(directory.segments()));
  if (!has_segments) return Status::Ok();
  LUMA_ASSIGN_OR_RETURN(const auto names, fs.List(directory.segments()));
  for (const std::string& name : names) {
    if (!name.ends_with(".seg")) continue;
    return Status::Corruption("there are segments but no manifest: path=", directory.manifest(),
                              " found=", directory.segment(name));
  }
  return Status::Ok();
}

bool IsSegmentName(std::string_view name) {
  return name.ends_with(".seg") || name.ends_with(".seg.tmp");
}
bool IsColdName(std::string_view name) {
  return name.ends_with(kColdSidecarSuffix) || name.ends_with(".sidecar.tmp") ||
         name.ends_with(".new");
}

// Files that no manifest names: leftovers of a crash in a flush, a merge or a move.
Status RemoveOrphans(io::FileSystem& fs, const DataDirectory& directory,
                     const ManifestState& manifest) {
  std::set<std::string> known;
  for (const auto& [id, table] : manifest.tables) {
    for (const auto& [run, record] : table.runs) known.insert(record.file_name);
  }
  const auto remove_from = [&](const io::Path& path, bool (*is_ours)(std::string_view)) -> Status {
    LUMA_RETURN_IF_ERROR(fs.CreateDirectories(path));
    LUMA_ASSIGN_OR_RETURN(const auto names, fs.List(path));
    for (const std::string& name : names) {
      if (!is_ours(name) || known.contains(name)) continue;
      LUMA_RETURN_IF_ERROR(fs.Remove(io::JoinPath(path, name)));
    }
    return Status::Ok();
  };
  LUMA_RETURN_IF_ERROR(remove_from(directory.segments(), IsSegmentName));
  return remove_from(directory.cold(), IsColdName);
}

// Of all objects that the manifest names, sidecars included.
std::set<std::string> ColdKeys(const ManifestState& manifest) {
  std::set<std::string> keys;
  for (const auto& [id, table] : manifest.tables) {
    for (const auto& [run, record] : table.runs) {
      if (!record.cold) continue;
      keys.insert(record.cold->key);
      keys.insert(ColdSidecarKey(record.cold->key));
    }
  }
  return keys;
}

Status CheckColdOptions(const ColdTierOptions& options, const ManifestState& manifest) {
  if ((options.store == nullptr) != (options.format == nullptr)) {
    return Status::InvalidArgument("a cold tier needs an object store and a file format");
  }
  if (options.store != nullptr || ColdKeys(manifest).empty()) return Status::Ok();
  return Status::InvalidArgument(
      "tables have rows in the cold tier, and no object store is configured: object=",
      *ColdKeys(manifest).begin());
}

void AddRun(const RunVersionPtr& run, TableReport& report) {
  report.deleted_rows += run->deleted_count();
  if (!run->run()->is_hot()) {
    report.segments.emplace_back(run);
    return;
  }
  ++report.hot_runs;
  report.hot_bytes += static_cast<const HotRun&>(*run->run()).memory_bytes();
}

TableReport ReportOf(const DatabaseState& state, const CatalogObjectPtr& table) {
  const TableVersion version = state.Table(table->id);
  TableReport report;
  report.table = table;
  report.schema_name = state.catalog()->Find(table->schema_id)->name;
  report.hot_rows = version.totals().hot_rows;
  report.warm_rows = version.totals().warm_rows;
  report.warm_bytes = version.totals().warm_bytes;
  report.cold_rows = version.totals().cold_rows;
  report.cold_bytes = version.totals().cold_bytes;
  version.ForEachRun([&](const RunVersionPtr& run) { AddRun(run, report); });
  return report;
}

// What only a restore has to do, to a state that nobody knows yet.
Status DeleteMoved(RecoveredDatabase& database) {
  DatabaseState state = *database.state;
  LUMA_RETURN_IF_ERROR(database.moved_deletes->Resolve(state));
  database.state = std::make_shared<const DatabaseState>(std::move(state));
  database.moved_deletes.reset();
  return Status::Ok();
}

// A time that has passed, for the clock by which data expires; nothing for a new database.
Result<std::optional<UnixMillis>> KnownTime(io::FileSystem& fs, const DataDirectory& directory,
                                            const DatabaseState& state) {
  const std::optional<UnixMillis> saved = LoadExpiryClock(fs, directory.expiry_clock());
  if (saved) return saved;
  UnixMillis latest = INT64_MIN;
  // Rollups too: what is old may be rolled up all of it, and their buckets are over.
  for (const ObjectId id : {kSamplesTableId, kHistogramsTableId, kRollupsTableId}) {
    const TableVersionPtr table = state.Find(id);
    if (table == nullptr) continue;
    const TableSnapshot snapshot(state.catalog()->Find(id), table->Views());
    // Rows that are out of reach would only show that more time has passed.
    LUMA_ASSIGN_OR_RETURN(const NewestSample newest, FindNewest(snapshot, latest));
    latest = newest.timestamp;
  }
  return latest == INT64_MIN ? std::nullopt : std::optional(latest);
}

}  // namespace

Result<std::unique_ptr<MultiTierStorage>> MultiTierStorage::Open(EngineOptions options,
                                                                 io::FileSystem& fs,
                                                                 const Clock& clock) {
  LUMA_ASSIGN_OR_RETURN(auto engine, StorageEngine::Open(std::move(options), fs, clock));
  return std::unique_ptr<MultiTierStorage>(std::move(engine));
}

Result<std::unique_ptr<StorageEngine>> StorageEngine::Open(EngineOptions options,
                                                           io::FileSystem& fs, const Clock& clock) {
  const DataDirectory directory{options.data_dir};
  LUMA_RETURN_IF_ERROR(fs.CreateDirectories(directory.root));
  Opened opened;
  LUMA_ASSIGN_OR_RETURN(opened.lock, fs.LockDirectory(directory.root));
  LUMA_RETURN_IF_ERROR(CheckRestoreComplete(fs, directory.root));
  opened.budget = std::make_unique<MemoryBudget>(options.memory_limit_bytes);
  opened.cache =
      std::make_unique<BlockCache>(*opened.budget, options.memory_limit_bytes / kCacheShare);

  // Everything is read before anything is written, so that damage changes nothing.
  LUMA_ASSIGN_OR_RETURN(const std::optional<ManifestState> manifest, ReadManifest(fs, directory));
  LUMA_RETURN_IF_ERROR(CheckColdOptions(options.cold, manifest.value_or(ManifestState())));
  opened.cold = std::make_unique<ColdTier>(fs, directory, options.cold, opened.cache.get());
  LUMA_ASSIGN_OR_RETURN(opened.database, Recover(fs, directory, manifest.value_or(ManifestState()),
                                                 *opened.budget, *opened.cold, opened.cache.get()));
  if (!manifest) LUMA_RETURN_IF_ERROR(CheckNeverUsed(fs, directory, opened.database.wal_end));
  LUMA_FAILPOINT("recovery.after_replay");

  LUMA_ASSIGN_OR_RETURN(Manifest::Opened writer, Manifest::Open(fs, directory.manifest()));
  opened.manifest = std::move(writer.manifest);
  opened.state = std::move(writer.state);
  LUMA_FAILPOINT("recovery.after_manifest");
  LUMA_RETURN_IF_ERROR(opened.cold->Start(
      *opened.budget, clock, ColdDatabasePrefix(options.cold.key_prefix, opened.state.uuid)));
  const bool was_restored = opened.database.moved_deletes.has_value();
  if (was_restored) LUMA_RETURN_IF_ERROR(DeleteMoved(opened.database));
  LUMA_RETURN_IF_ERROR(RemoveOrphans(fs, directory, opened.state));
  LUMA_ASSIGN_OR_RETURN(opened.known_time, KnownTime(fs, directory, *opened.database.state));
  LUMA_ASSIGN_OR_RETURN(opened.wal, WalWriter::Open(fs, directory.wal(), opened.database.wal_end,
                                                    WalOptionsOf(options)));
  std::unique_ptr<StorageEngine> engine(
      new StorageEngine(std::move(options), fs, clock, std::move(opened)));
  // At once and as a whole: the records must not be replayed over a checkpoint that has a part of
  // what they deleted, since rows of equal contents cannot be told apart.
  if (was_restored) LUMA_RETURN_IF_ERROR(engine->Flush());
  engine->StartThreads();
  return engine;
}

StorageEngine::StorageEngine(EngineOptions options, io::FileSystem& fs, const Clock& clock,
                             Opened opened)
    : options_(std::move(options)),
      fs_(fs),
      clock_(clock),
      lock_(std::move(opened.lock)),
      budget_(std::move(opened.budget)),
      cache_(std::move(opened.cache)),
      cold_(std::move(opened.cold)),
      manifest_(std::move(opened.manifest)),
      wal_(std::move(opened.wal)),
      states_(opened.database.state),
      indexes_(*budget_),
      next_object_id_(opened.database.next_object_id),
      pipeline_(*wal_, states_, indexes_, *budget_, clock_, options_.run_rows_max,
                opened.database.state),
      flusher_({fs, DataDirectory{options_.data_dir}, *manifest_, *wal_, pipeline_, states_,
                indexes_, sequences_, next_object_id_, *budget_, cache_.get()},
               opened.database.checkpoint, opened.state.checkpoint.replay_from, opened.state.epoch),
      expiry_clock_(clock_, opened.known_time),
      table_expiry_(flusher_, states_, expiry_clock_,
                    options_.default_policy.retention.value_or(std::chrono::seconds(0))),
      compactor_({fs, DataDirectory{options_.data_dir}, flusher_, states_, indexes_, *budget_,
                  table_expiry_, cache_.get()}),
      maintenance_(fs, DataDirectory{options_.data_dir}.expiry_clock(), expiry_clock_, states_,
                   table_expiry_, flusher_, compactor_),
      log_memory_(budget_->BookAlways(BudgetUse::kLog, LogBufferBytes(options_))),
      request_flush_([this] {
        if (flush_thread_) flush_thread_->Request();
      }),
      memory_relief_(*budget_, *cache_, request_flush_),
      parts_{states_,  pipeline_,       indexes_,       sequences_,
             *budget_, next_object_id_, request_flush_, options_.hold_log} {
  SegmentMetrics::Get();  // so that /metrics has them from the start
  ColdMetrics::Get();
  CommitsWithoutContents();
  for (const auto& [id, record] : opened.database.sequences) sequences_.Restore(id, record);
  cold_->SetTableNames([this](ObjectId table) { return TableName(table); });
  if (cold_->has_store()) mover_.emplace(ColdParts(opened.state));
}

void StorageEngine::StartThreads() {
  if (!options_.background_flush) return;
  flush_thread_.emplace(FlushNeeds(), flusher_, states_, clock_);
  maintenance_.Start();
  if (options_.compaction.enabled) {
    compaction_thread_.emplace(CompactionLimits(), compactor_, flusher_, *budget_);
  }
  if (mover_) cold_thread_.emplace(ColdLimits(), *mover_);
}

StorageEngine::~StorageEngine() {
  const Status closed = Close();
  if (!closed.ok()) LUMA_LOG(kWarn, "storage", "close failed: {}", closed.message());
}

std::unique_ptr<Transaction> StorageEngine::Begin() {
  return std::make_unique<TransactionImpl>(parts_);
}

Result<TableSnapshotPtr> StorageEngine::Read(ObjectId table) {
  const DatabaseStatePtr state = states_.Published();
  CatalogObjectPtr object = state->catalog()->Find(table);
  if (object == nullptr || object->kind != ObjectKind::kTable) {
    return Status::NotFound("no such table: id=", static_cast<uint32_t>(table));
  }
  const TableVersionPtr version = state->Find(table);
  auto runs = version == nullptr ? std::vector<std::shared_ptr<const RunView>>() : version->Views();
  return std::make_shared<const TableSnapshot>(std::move(object), std::move(runs));
}

Status StorageEngine::Flush() { return flusher_.FlushAll(); }

Status StorageEngine::Compact(const MergePolicy& policy) {
  const MergePace at_once = [](uint64_t) { return Status::Ok(); };
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const bool has_merged, compactor_.MergeOnce(policy, at_once));
    if (!has_merged) return Status::Ok();
  }
}

Status StorageEngine::MoveCold(const MergePolicy& merges) {
  if (!mover_) return Status::InvalidArgument("there is no cold tier");
  return mover_->Pass(merges, [](uint64_t) { return Status::Ok(); });
}

std::string StorageEngine::TableName(ObjectId table) const {
  const CatalogStatePtr catalog = states_.Published()->catalog();
  const CatalogObjectPtr object = catalog->Find(table);
  const CatalogObjectPtr schema = object ? catalog->Find(object->schema_id) : nullptr;
  return schema ? schema->name + "." + object->name : "";
}

ColdMover::Parts StorageEngine::ColdParts(const ManifestState& state) {
  return {.tier = *cold_,
          .flusher = flusher_,
          .compactor = compactor_,
          .states = states_,
          .budget = *budget_,
          .clock = clock_,
          .database_prefix = ColdDatabasePrefix(options_.cold.key_prefix, state.uuid),
          .default_policy = options_.default_policy,
          .warm_bytes_max = options_.cold.warm_bytes_max,
          .keys_at_start = ColdKeys(state)};
}

ColdThread::Limits StorageEngine::ColdLimits() const {
  ColdThread::Limits limits{.merges = CompactionLimits().policy};
  if (!options_.compaction.enabled) limits.merges.output_bytes_max = 0;  // no merge is ever due
  return limits;
}

FlushThread::Needs StorageEngine::FlushNeeds() const {
  return {.hot_bytes_max = options_.hot_bytes_flush,
          .wal_bytes_max = options_.wal_bytes_flush,
          .interval = options_.flush_interval,
          .wal_bytes = [this] { return wal_->log_bytes(); },
          .default_policy = options_.default_policy};
}

CompactionThread::Limits StorageEngine::CompactionLimits() const {
  const CompactionOptions& options = options_.compaction;
  CompactionThread::Limits limits{.policy = {},
                                  .written_bytes_per_second = options.written_bytes_per_second,
                                  .niceness = options.niceness};
  limits.policy.output_bytes_max = options.output_bytes_max;
  limits.policy.memory_bytes_max = options.memory_bytes_max;
  limits.policy.free_bytes_min = options.free_bytes_min;
  return limits;
}

Sequences::Log StorageEngine::SequenceLog() {
  return [this](std::span<const Sequences::Record> records) {
    return pipeline_.LogSequences(records);
  };
}

Status StorageEngine::Close() {
  cold_->CloseStore();  // first, so that no thread is waited for that waits for it
  maintenance_.Stop();
  if (cold_thread_) cold_thread_->Stop();
  if (compaction_thread_) compaction_thread_->Stop();
  if (flush_thread_) flush_thread_->Stop();
  const Status exact = sequences_.LogExact(SequenceLog());
  const Status closed = wal_->Close();
  return exact.ok() || exact.code() == StatusCode::kUnavailable ? closed : exact;
}

EngineStats StorageEngine::Stats() const {
  const DatabaseStatePtr state = states_.Published();
  const CommitPipeline::Counters& counters = pipeline_.counters();
  const RunTotals& totals = state->totals();
  EngineStats stats;
  stats.commits = counters.commits;
  stats.conflicts = counters.conflicts;
  stats.rows_appended = counters.rows_appended;
  stats.hot_bytes = budget_->booked_bytes(BudgetUse::kHotRows);
  stats.hot_rows = totals.hot_rows;
  stats.warm_bytes = totals.warm_bytes;
  stats.warm_rows = totals.warm_rows;
  stats.warm_segments = totals.warm_segments;
  stats.wal_bytes = wal_->log_bytes();
  stats.wal_syncs = wal_->stats().syncs;
  stats.flushes = flusher_.count();
  stats.last_commit = state->commit();
  stats.poisoned = pipeline_.poisoned();
  return stats;
}

Result<Lsn> StorageEngine::SyncLog() {
  const Lsn last = wal_->last_lsn();
  LUMA_RETURN_IF_ERROR(wal_->Sync());
  return last;
}

Status StorageEngine::ReadLog(Lsn from, Lsn through, const WalRecordCallback& callback) {
  // Never refused: a log that is not archived grows, or gets a gap.
  const BudgetLease memory = budget_->BookAlways(BudgetUse::kMerge, options_.wal_segment_bytes);
  return ReadWalRange(fs_, directory().wal(), from, through, callback);
}

StoreReport StorageEngine::Report() const {
  const DatabaseStatePtr state = states_.Published();
  StoreReport report{.tables = {}, .wal = wal_->extent()};
  if (mover_) report.cold = mover_->Report();
  report.cold.objects = state->totals().cold_objects;
  report.cold.bytes = state->totals().cold_bytes;
  report.cold.rows = state->totals().cold_rows;
  state->catalog()->ForEach([&](const CatalogObjectPtr& object) {
    if (object->kind == ObjectKind::kTable) report.tables.push_back(ReportOf(*state, object));
  });
  return report;
}

}  // namespace luma::storage
