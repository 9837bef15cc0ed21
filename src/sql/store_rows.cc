#include "sql/store_rows.h"

#include <algorithm>
#include <string>
#include <utility>

#include "sql/block_reader.h"
#include "sql/duckdb_boundary.h"
#include "sql/type_mapping.h"
#include "sql/zone_statistics.h"
#include "storage/maintenance.h"
#include "storage/segment_metrics.h"
#include "storage/store_report.h"

namespace luma::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;
using storage::BudgetUse;
using storage::MultiTierStorage;
using storage::SegmentReport;
using storage::StoreReport;
using storage::TableReport;
using storage::ZoneMap;

template <typename Number>
Value Count(Number number) {
  return Value::BIGINT(static_cast<int64_t>(number));
}

// ---- tables, tiers, cold, wal, compactions, downsampling, budget

// "retention=30d, warm_age=7d"
Value OptionsText(const TableSchema& table) {
  std::string text;
  for (const auto& [name, value] : table.options) {
    text.append(text.empty() ? "" : ", ").append(name).append("=").append(value);
  }
  return Value(text);
}

std::vector<StoreRow> TableRows(MultiTierStorage& engine) {
  std::vector<StoreRow> rows;
  for (const TableReport& table : engine.Report().tables) {
    rows.push_back({Value(table.schema_name), Value(table.table->name), Count(table.table->id),
                    Count(table.hot_runs), Count(table.hot_rows), Count(table.hot_bytes),
                    Count(table.segments.size()), Count(table.warm_rows), Count(table.warm_bytes),
                    Count(table.deleted_rows), Count(table.cold_rows), Count(table.cold_bytes),
                    OptionsText(*table.table->table)});
  }
  return rows;
}

std::vector<StoreRow> TierRows(MultiTierStorage& engine) {
  const storage::EngineStats stats = engine.Stats();
  const storage::ColdReport cold = engine.Report().cold;
  return {{Value("hot"), Count(stats.hot_rows), Count(stats.hot_bytes)},
          {Value("warm"), Count(stats.warm_rows), Count(stats.warm_bytes)},
          {Value("cold"), Count(cold.rows), Count(cold.bytes)}};
}

std::vector<StoreRow> ColdRows(MultiTierStorage& engine) {
  const storage::ColdReport cold = engine.Report().cold;
  const bool has_failed = !cold.last_error.empty();
  const duckdb::timestamp_tz_t failed_at(cold.last_error_at * kMicrosPerMilli);
  return {{Value::BOOLEAN(cold.is_configured), Count(cold.objects), Count(cold.rows),
           Count(cold.bytes), Count(cold.moved_runs), Count(cold.moved_bytes), Count(cold.failures),
           Count(cold.garbage_objects), has_failed ? Value(cold.last_error) : Value(),
           has_failed ? Value::TIMESTAMPTZ(failed_at) : Value()}};
}

std::vector<StoreRow> WalRows(MultiTierStorage& engine) {
  const storage::WalExtent wal = engine.Report().wal;
  const storage::EngineStats stats = engine.Stats();
  return {{Count(wal.files), Count(wal.bytes), Count(wal.first_lsn), Count(wal.last_lsn),
           Count(wal.acknowledged_lsn), Count(stats.wal_syncs), Value::BOOLEAN(stats.poisoned)}};
}

std::vector<StoreRow> CompactionRows(MultiTierStorage& engine) {
  const auto& metrics = storage::SegmentMetrics::Get();
  return {{Count(engine.Stats().flushes), Count(metrics.flush_written_bytes.Value()),
           Count(metrics.merges.Value()), Count(metrics.merge_failures.Value()),
           Count(metrics.merge_read_bytes.Value()), Count(metrics.merge_written_bytes.Value()),
           Count(metrics.merged_rows.Value()), Count(metrics.merge_dropped_rows.Value()),
           Value::DOUBLE(metrics.merge_seconds.Sum())}};
}

Value TimeOrNull(std::optional<UnixMillis> time) {
  if (!time) return Value(LogicalType::TIMESTAMP_TZ);
  return Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(*time * kMicrosPerMilli));
}

std::vector<StoreRow> DownsamplingRows(MultiTierStorage& engine) {
  std::vector<StoreRow> rows;
  for (const storage::DownsamplingReport& rule : engine.maintenance().downsampling().Get()) {
    rows.push_back({Value(rule.match), Value::DOUBLE(rule.after.count() / 1e3),
                    Value::DOUBLE(rule.resolution.count() / 1e3), Count(rule.passes),
                    Count(rule.samples_in), Count(rule.rollups_in), Count(rule.rollups_out),
                    Count(rule.commits), TimeOrNull(rule.done_until), TimeOrNull(rule.last_pass),
                    rule.last_error.empty() ? Value() : Value(rule.last_error),
                    Count(rule.failed_days)});
  }
  return rows;
}

std::vector<StoreRow> BudgetRows(MultiTierStorage& engine) {
  const storage::MemoryBudget& budget = engine.budget();
  std::vector<StoreRow> rows;
  for (int i = 0; i < storage::kBudgetUseCount; ++i) {
    const auto use = static_cast<BudgetUse>(i);
    rows.push_back({Value(std::string(BudgetUseName(use))), Count(budget.booked_bytes(use)),
                    Count(budget.limit_bytes(use))});
  }
  return rows;
}

// ---- segments

bool IsTime(LogicalTypeId type) {
  switch (type) {
    case LogicalTypeId::DATE:
    case LogicalTypeId::TIMESTAMP:
    case LogicalTypeId::TIMESTAMP_SEC:
    case LogicalTypeId::TIMESTAMP_MS:
    case LogicalTypeId::TIMESTAMP_NS:
    case LogicalTypeId::TIMESTAMP_TZ:
      return true;
    default:
      return false;
  }
}

// The last time among the columns that rows are sorted by; null when there is none.
const ColumnSchema* TimeColumnOf(const TableSchema& table) {
  for (auto id = table.sort_key.rbegin(); id != table.sort_key.rend(); ++id) {
    const ColumnSchema* const column = table.FindColumn(*id);
    if (column != nullptr && IsTime(TypeFromText(column->logical_type).id())) return column;
  }
  return nullptr;
}

// Times without a zone count as UTC.
Value ToTimestampTz(const Value& time) {
  if (time.IsNull()) return Value(LogicalType::TIMESTAMP_TZ);
  if (time.type().id() == LogicalTypeId::TIMESTAMP_TZ) return time;
  const Value micros = time.DefaultCastAs(LogicalType::TIMESTAMP);
  return Value::TIMESTAMPTZ(duckdb::timestamp_tz_t(micros.GetValue<duckdb::timestamp_t>()));
}

const char* TierName(storage::Tier tier) {
  switch (tier) {
    case storage::Tier::kHot:
      return "hot";
    case storage::Tier::kWarm:
      return "warm";
    case storage::Tier::kCold:
      return "cold";
  }
  return "";
}

StoreRow SegmentRow(const TableReport& table, const ColumnSchema* time,
                    const SegmentReport& segment) {
  StoreRow row = {
      Value(table.schema_name),    Value(table.table->name),
      Count(segment.run_id()),     Value(segment.file_name()),
      Count(segment.row_count()),  Count(segment.deleted_count()),
      Count(segment.file_bytes()), Count(size_t{segment.block_count()} * segment.columns().size())};
  const auto zone = time == nullptr ? std::nullopt : segment.Zone(time->id);
  if (!zone) {
    row.resize(row.size() + 3);  // nulls
    row.emplace_back(TierName(segment.tier()));
    return row;
  }
  const LogicalType type = TypeFromText(time->logical_type);
  row.emplace_back(time->name);
  row.push_back(ToTimestampTz(MinValue(*zone, type)));
  row.push_back(ToTimestampTz(MaxValue(*zone, type)));
  row.emplace_back(TierName(segment.tier()));
  return row;
}

std::vector<StoreRow> SegmentRows(MultiTierStorage& engine) {
  std::vector<StoreRow> rows;
  for (const TableReport& table : engine.Report().tables) {
    const ColumnSchema* const time = TimeColumnOf(*table.table->table);
    for (const SegmentReport& segment : table.segments) {
      rows.push_back(SegmentRow(table, time, segment));
    }
  }
  return rows;
}

// ---- blocks

Value TextOf(const Value& value) { return value.IsNull() ? Value() : Value(value.ToString()); }

// File by file, block by block, column by column: memory does not grow with the store.
class BlockRows final : public StoreRows {
 public:
  explicit BlockRows(StoreReport report) : report_(std::move(report)) {
    for (const TableReport& table : report_.tables) {
      for (const SegmentReport& segment : table.segments) {
        if (!segment.columns().empty()) files_.push_back({&table, &segment});
      }
    }
    StartFile();
  }

  std::optional<StoreRow> Next() override {
    if (file_ == files_.size()) return std::nullopt;
    StoreRow row = CurrentRow();
    Advance();
    return row;
  }

 private:
  struct File {
    const TableReport* table;
    const SegmentReport* segment;
  };
  struct Column {
    ColumnId id;
    Value name;        // null for a column that was dropped
    LogicalType type;  // SQLNULL for that
  };

  void StartFile() {
    columns_.clear();
    if (file_ == files_.size()) return;
    const TableSchema& schema = *files_[file_].table->table->table;
    for (const storage::SegmentColumn& stored : files_[file_].segment->columns()) {
      const ColumnSchema* const column = schema.FindColumn(stored.id);
      columns_.push_back(column == nullptr
                             ? Column{stored.id, Value(), LogicalType::SQLNULL}
                             : Column{stored.id, column->name, TypeFromText(column->logical_type)});
    }
  }

  void Advance() {
    if (++column_ < columns_.size()) return;
    column_ = 0;
    if (++block_ < files_[file_].segment->block_count()) return;
    block_ = 0;
    ++file_;
    StartFile();
  }

  StoreRow CurrentRow() const {
    const auto& [table, segment] = files_[file_];
    const Column& column = columns_[column_];
    const storage::BlockReport block = ValueOrThrow(segment->Block(column.id, block_));
    const ZoneMap& zone = block.zone;
    const double bits = 8.0 * static_cast<double>(block.encoded_bytes) / zone.row_count;
    return {Value(table->schema_name),
            Value(table->table->name),
            Value(segment->file_name()),
            Count(block_),
            column.name,
            Count(zone.row_count),
            Value(block.codec),
            Count(block.encoded_bytes),
            Value::DOUBLE(bits),
            Count(zone.null_count),
            TextOf(MinValue(zone, column.type)),
            TextOf(MaxValue(zone, column.type))};
  }

  const StoreReport report_;
  std::vector<File> files_;      // in report_
  std::vector<Column> columns_;  // of the current file
  size_t file_ = 0;
  uint32_t block_ = 0;
  size_t column_ = 0;
};

std::unique_ptr<StoreRows> ReadBlocks(MultiTierStorage& engine) {
  return std::make_unique<BlockRows>(engine.Report());
}

// ---- the list

class ListedRows final : public StoreRows {
 public:
  explicit ListedRows(std::vector<StoreRow> rows) : rows_(std::move(rows)) {}
  std::optional<StoreRow> Next() override {
    if (next_ == rows_.size()) return std::nullopt;
    return std::move(rows_[next_++]);
  }

 private:
  std::vector<StoreRow> rows_;
  size_t next_ = 0;
};

template <std::vector<StoreRow> (*kRows)(MultiTierStorage&)>
std::unique_ptr<StoreRows> ReadListed(MultiTierStorage& engine) {
  return std::make_unique<ListedRows>(kRows(engine));
}

constexpr StoreRelation kRelations[] = {
    {"tables",
     "schema_name VARCHAR, table_name VARCHAR, object_id BIGINT, hot_runs BIGINT, hot_rows BIGINT, "
     "hot_bytes BIGINT, segments BIGINT, warm_rows BIGINT, warm_bytes BIGINT, deleted_rows BIGINT, "
     "cold_rows BIGINT, cold_bytes BIGINT, options VARCHAR",
     ReadListed<TableRows>},
    {"segments",
     "schema_name VARCHAR, table_name VARCHAR, run_id BIGINT, file_name VARCHAR, rows BIGINT, "
     "deleted_rows BIGINT, bytes BIGINT, blocks BIGINT, time_column VARCHAR, "
     "min_time TIMESTAMP WITH TIME ZONE, max_time TIMESTAMP WITH TIME ZONE, tier VARCHAR",
     ReadListed<SegmentRows>},
    {"blocks",
     "schema_name VARCHAR, table_name VARCHAR, file_name VARCHAR, block BIGINT, "
     "column_name VARCHAR, rows BIGINT, codec VARCHAR, encoded_bytes BIGINT, "
     "bits_per_value DOUBLE, nulls BIGINT, min_value VARCHAR, max_value VARCHAR",
     ReadBlocks},
    {"tiers", "tier VARCHAR, rows BIGINT, bytes BIGINT", ReadListed<TierRows>},
    {"wal",
     "files BIGINT, bytes BIGINT, first_lsn BIGINT, last_lsn BIGINT, acknowledged_lsn BIGINT, "
     "syncs BIGINT, poisoned BOOLEAN",
     ReadListed<WalRows>},
    {"compactions",
     "flushes BIGINT, flush_written_bytes BIGINT, merges BIGINT, merge_failures BIGINT, "
     "merge_read_bytes BIGINT, merge_written_bytes BIGINT, merged_rows BIGINT, "
     "dropped_rows BIGINT, merge_seconds DOUBLE",
     ReadListed<CompactionRows>},
    {"budget", "use VARCHAR, booked_bytes BIGINT, limit_bytes BIGINT", ReadListed<BudgetRows>},
    {"cold",
     "configured BOOLEAN, objects BIGINT, rows BIGINT, bytes BIGINT, moved_runs BIGINT, "
     "moved_bytes BIGINT, failures BIGINT, garbage_objects BIGINT, last_error VARCHAR, "
     "last_error_at TIMESTAMP WITH TIME ZONE",
     ReadListed<ColdRows>},
    {"downsampling",
     "match VARCHAR, after_seconds DOUBLE, resolution_seconds DOUBLE, passes BIGINT, "
     "samples_in BIGINT, rollups_in BIGINT, rollups_out BIGINT, commits BIGINT, "
     "done_until TIMESTAMP WITH TIME ZONE, last_pass TIMESTAMP WITH TIME ZONE, last_error VARCHAR, "
     "failed_days BIGINT",
     ReadListed<DownsamplingRows>},
};

}  // namespace

std::span<const StoreRelation> AllStoreRelations() { return kRelations; }

}  // namespace luma::sql
