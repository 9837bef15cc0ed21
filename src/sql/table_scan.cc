#include "sql/table_scan.h"

#include <atomic>
#include <memory>
#include <vector>

#include "sql/block_reader.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_catalog.h"
#include "sql/luma_transaction.h"
#include "sql/series_pruning.h"
#include "sql/zone_statistics.h"

namespace luma::sql {
namespace {

using duckdb::ClientContext;
using duckdb::column_t;
using duckdb::DataChunk;
using duckdb::idx_t;

// A column the scan reads; `schema` is null for the row id.
struct ScanColumn {
  const ColumnSchema* schema = nullptr;
  duckdb::LogicalType type;
};

struct ScanUnit {
  const storage::RunView* run;
  uint32_t block;
};

class ScanGlobalState final : public duckdb::GlobalTableFunctionState {
 public:
  ScanGlobalState(ClientContext& context, const duckdb::TableFunctionInitInput& input)
      : filters_(input.filters), projection_(input.projection_ids) {
    const auto& data = input.bind_data->Cast<TableScanBindData>();
    const auto& table = data.table;
    auto& transaction = LumaTransaction::Get(context, table.catalog);
    snapshot_ = transaction.Read(table.id());
    for (const column_t id : input.column_ids) columns_.push_back(ColumnOf(table, id));
    ChooseSeriesOf(context, data, transaction);
    for (const auto& run : snapshot_->runs()) {
      for (uint32_t block = 0; block < run->block_count(); ++block) {
        units_.push_back({run.get(), block});
      }
    }
    remove_filter_columns_ = input.CanRemoveFilterColumns();
  }

  idx_t MaxThreads() const override { return std::max<idx_t>(units_.size(), 1); }

  // The next block that some row of may pass the filters; false at the end.
  bool Claim(size_t& unit) {
    do {
      unit = next_unit_.fetch_add(1, std::memory_order_relaxed);
      if (unit >= units_.size()) return false;
    } while (IsExcluded(units_[unit]));
    blocks_read_.fetch_add(1, std::memory_order_relaxed);
    return true;
  }

  const ScanUnit& unit(size_t index) const { return units_[index]; }
  const std::vector<ScanColumn>& columns() const { return columns_; }
  const duckdb::TableFilterSet* filters() const { return filters_.get(); }
  const duckdb::vector<idx_t>& projection() const { return projection_; }
  bool remove_filter_columns() const { return remove_filter_columns_; }
  // Null: all series.
  const storage::SeriesFilter* series() const { return series_.get(); }
  size_t series_column() const { return series_column_; }  // among columns(); kNoColumn
  size_t block_count() const { return units_.size(); }
  size_t blocks_read() const { return blocks_read_; }
  static constexpr size_t kNoColumn = SIZE_MAX;
  double Progress() const {
    if (units_.empty()) return 100;
    return 100.0 * static_cast<double>(std::min(next_unit_.load(), units_.size())) /
           static_cast<double>(units_.size());
  }

 private:
  static ScanColumn ColumnOf(const LumaTableEntry& table, column_t id) {
    if (duckdb::IsVirtualColumn(id)) return {nullptr, duckdb::LogicalType::ROW_TYPE};
    const auto& column = table.GetColumn(duckdb::LogicalIndex(id));
    return {&table.LogicalColumn(id), column.Type()};
  }

  void ChooseSeriesOf(ClientContext& context, const TableScanBindData& data,
                      LumaTransaction& transaction) {
    if (data.series_matchers.empty()) return;
    auto& catalog = data.table.catalog.Cast<LumaCatalog>();
    const storage::SeriesDirectory* const index = catalog.metrics_access().series;
    if (index == nullptr) return;
    series_ = ChooseSeries(context, *index, data.series_matchers, catalog.engine(), transaction);
    series_id_ = snapshot_->schema().FindColumn("series_id");
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].schema == series_id_) series_column_ = i;
    }
  }

  bool HasNoWantedSeries(const ScanUnit& unit) const {
    if (!series_) return false;
    const storage::ZoneMap* zone = unit.run->Zone(series_id_->id, unit.block);
    return zone != nullptr && zone->has_min && zone->has_max &&
           !series_->MayIntersect(zone->min.As<uint64_t>(), zone->max.As<uint64_t>());
  }

  // Tested again for every block: joins and top-N tighten their filters while the scan runs.
  bool IsExcluded(const ScanUnit& unit) const {
    if (HasNoWantedSeries(unit)) return true;
    if (!filters_) return false;
    for (const auto& [index, filter] : filters_->filters) {
      const ScanColumn& column = columns_[index];
      if (column.schema == nullptr) continue;
      const storage::ZoneMap* zone = unit.run->Zone(column.schema->id, unit.block);
      if (zone != nullptr && Excludes(*filter, *zone, column)) return true;
    }
    return false;
  }

  static bool Excludes(const duckdb::TableFilter& filter, const storage::ZoneMap& zone,
                       const ScanColumn& column) {
    if (!IsScaledToMicros(*column.schema, column.type)) {
      return ExcludesBlock(filter, zone, column.type);
    }
    return ExcludesBlock(filter, ScaledZone(zone, kMicrosPerMilli), column.type);
  }

  storage::TableSnapshotPtr snapshot_;
  std::vector<ScanColumn> columns_;
  duckdb::optional_ptr<duckdb::TableFilterSet> filters_;
  const duckdb::vector<idx_t> projection_;
  bool remove_filter_columns_ = false;
  std::shared_ptr<const storage::SeriesFilter> series_;
  const ColumnSchema* series_id_ = nullptr;
  size_t series_column_ = kNoColumn;
  std::vector<ScanUnit> units_;
  std::atomic<size_t> next_unit_{0};
  std::atomic<size_t> blocks_read_{0};
};

// Filters whose rows are looked at; optional ones only choose blocks.
struct ActiveFilter {
  size_t column;
  const duckdb::TableFilter* filter;
  duckdb::unique_ptr<duckdb::TableFilterState> state;
};

class ScanLocalState final : public duckdb::LocalTableFunctionState {
 public:
  ScanLocalState(ClientContext& context, ScanGlobalState& global) : global_(global) {
    if (global.filters() != nullptr) {
      for (const auto& [index, filter] : global.filters()->filters) {
        filters_.push_back(
            {index, filter.get(), duckdb::TableFilterState::Initialize(context, *filter)});
      }
    }
    if (!global.remove_filter_columns()) return;
    duckdb::vector<duckdb::LogicalType> types;
    for (const ScanColumn& column : global.columns()) types.push_back(column.type);
    all_columns_.Initialize(context, types);
  }

  // Fills `output` with the next rows that pass; leaves it empty at the end.
  void Next(ClientContext& context, DataChunk& output) {
    for (;;) {
      if (context.interrupted) throw duckdb::InterruptException();
      if (!reader_ || offset_ >= reader_->row_count()) {
        if (!StartBlock()) return;
      }
      DataChunk& columns = global_.remove_filter_columns() ? all_columns_ : output;
      columns.Reset();
      const uint32_t count = std::min(BlockReader::kVectorRows, reader_->row_count() - offset_);
      const idx_t passed = ReadVectors(columns, count);
      offset_ += count;
      if (passed == 0) continue;
      columns.SetCardinality(passed);
      if (&columns != &output) {
        output.ReferenceColumns(all_columns_, global_.projection());
      }
      return;
    }
  }

  idx_t batch() const { return unit_; }

 private:
  bool StartBlock() {
    reader_.reset();
    offset_ = 0;
    if (!global_.Claim(unit_)) return false;
    const ScanUnit& unit = global_.unit(unit_);
    reader_.emplace(*unit.run, unit.block);
    return true;
  }

  idx_t ReadVectors(DataChunk& columns, uint32_t count) {
    duckdb::SelectionVector selection;
    idx_t passed = reader_->SelectLive(offset_, count, selection);
    loaded_.assign(global_.columns().size(), false);
    SelectSeries(columns, count, selection, passed);
    for (const ActiveFilter& active : filters_) {
      if (passed == 0) return 0;
      Load(columns, active.column, count);
      duckdb::UnifiedVectorFormat format;
      columns.data[active.column].ToUnifiedFormat(count, format);
      duckdb::ColumnSegment::FilterSelection(selection, columns.data[active.column], format,
                                             *active.filter, *active.state, count, passed);
    }
    if (passed == 0) return 0;
    for (size_t i = 0; i < loaded_.size(); ++i) Load(columns, i, count);
    if (passed < count) columns.Slice(selection, passed);
    return passed;
  }

  // Keeps the rows of wanted series. `selection` has the `passed` rows, unless those are all.
  void SelectSeries(DataChunk& columns, uint32_t count, duckdb::SelectionVector& selection,
                    idx_t& passed) {
    const size_t column = global_.series_column();
    if (global_.series() == nullptr || column == ScanGlobalState::kNoColumn) return;
    Load(columns, column, count);
    duckdb::UnifiedVectorFormat format;
    columns.data[column].ToUnifiedFormat(count, format);
    const auto* const ids = duckdb::UnifiedVectorFormat::GetData<uint64_t>(format);
    duckdb::SelectionVector wanted(count);
    idx_t kept = 0;
    for (idx_t i = 0; i < passed; ++i) {
      const idx_t row = passed == count ? i : selection.get_index(i);
      if (global_.series()->Contains(ids[format.sel->get_index(row)])) {
        wanted.set_index(kept++, row);
      }
    }
    if (kept < passed) selection.Initialize(wanted);
    passed = kept;
  }

  void Load(DataChunk& columns, size_t index, uint32_t count) {
    if (loaded_[index]) return;
    loaded_[index] = true;
    const ScanColumn& column = global_.columns()[index];
    if (column.schema == nullptr) {
      reader_->ReadRowIds(offset_, count, columns.data[index]);
    } else {
      reader_->ReadColumn(*column.schema, index, offset_, count, columns.data[index]);
    }
  }

  ScanGlobalState& global_;
  std::vector<ActiveFilter> filters_;
  DataChunk all_columns_;  // used when filter columns do not leave the scan
  std::optional<BlockReader> reader_;
  uint32_t offset_ = 0;
  size_t unit_ = 0;
  std::vector<bool> loaded_;
};

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitGlobal(
    ClientContext& context, duckdb::TableFunctionInitInput& input) {
  return duckdb::make_uniq<ScanGlobalState>(context, input);
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitLocal(
    duckdb::ExecutionContext& context, duckdb::TableFunctionInitInput&,
    duckdb::GlobalTableFunctionState* global) {
  return duckdb::make_uniq<ScanLocalState>(context.client, global->Cast<ScanGlobalState>());
}

void Scan(ClientContext& context, duckdb::TableFunctionInput& input, DataChunk& output) {
  input.local_state->Cast<ScanLocalState>().Next(context, output);
}

duckdb::unique_ptr<duckdb::NodeStatistics> Cardinality(ClientContext& context,
                                                       const duckdb::FunctionData* bind_data) {
  const auto& table = bind_data->Cast<TableScanBindData>().table;
  const auto rows =
      LumaTransaction::Get(context, table.catalog).Read(table.id())->VisibleRowCount();
  return duckdb::make_uniq<duckdb::NodeStatistics>(rows, rows);
}

duckdb::BindInfo GetBindInfo(const duckdb::optional_ptr<duckdb::FunctionData> bind_data) {
  return duckdb::BindInfo(bind_data->Cast<TableScanBindData>().table);
}

duckdb::OperatorPartitionData GetPartition(ClientContext&,
                                           duckdb::TableFunctionGetPartitionInput& input) {
  if (input.partition_info.RequiresPartitionColumns()) {
    throw duckdb::NotImplementedException("the scan has no partition columns");
  }
  return duckdb::OperatorPartitionData(input.local_state->Cast<ScanLocalState>().batch());
}

double Progress(ClientContext&, const duckdb::FunctionData*,
                const duckdb::GlobalTableFunctionState* global) {
  return global->Cast<ScanGlobalState>().Progress();
}

// Every filter is evaluated here, also on nested columns and row ids: the fallback that DuckDB has
// for columns whose filters a scan refuses (supports_pushdown_type) breaks on row ids.
bool PushdownExpression(ClientContext&, const duckdb::LogicalGet&, duckdb::Expression&) {
  return true;
}

duckdb::InsertionOrderPreservingMap<duckdb::string> ToText(
    duckdb::TableFunctionToStringInput& input) {
  const auto& data = input.bind_data->Cast<TableScanBindData>();
  duckdb::InsertionOrderPreservingMap<duckdb::string> text;
  text["Table"] = data.table.name;
  if (!data.series_matchers.empty()) text["Series"] = data.SeriesText();
  return text;
}

// Of EXPLAIN ANALYZE.
duckdb::InsertionOrderPreservingMap<duckdb::string> CountsToText(
    duckdb::TableFunctionDynamicToStringInput& input) {
  duckdb::InsertionOrderPreservingMap<duckdb::string> text;
  if (!input.global_state) return text;
  const auto& state = input.global_state->Cast<ScanGlobalState>();
  text["Blocks"] =
      std::to_string(state.blocks_read()) + " of " + std::to_string(state.block_count());
  return text;
}

}  // namespace

std::string TableScanBindData::SeriesText() const {
  std::string text;
  for (const Matcher& matcher : series_matchers) {
    text += (text.empty() ? "" : ",") + matcher.ToString();
  }
  return text;
}

duckdb::TableFunction TableScanFunction() {
  duckdb::TableFunction function(kTableScanName, {}, Scan);
  function.init_global = InitGlobal;
  function.init_local = InitLocal;
  function.cardinality = Cardinality;
  function.get_bind_info = GetBindInfo;
  function.get_partition_data = GetPartition;
  function.table_scan_progress = Progress;
  function.pushdown_expression = PushdownExpression;
  function.pushdown_complex_filter = CollectSeriesMatchers;
  function.to_string = ToText;
  function.dynamic_to_string = CountsToText;
  function.projection_pushdown = true;
  function.filter_pushdown = true;
  function.filter_prune = true;
  return function;
}

}  // namespace luma::sql
