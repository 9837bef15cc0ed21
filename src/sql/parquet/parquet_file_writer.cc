#include "sql/parquet/parquet_file_writer.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/crc32c.h"
#include "sql/duckdb_boundary.h"
#include "sql/parquet/parquet_types.h"
#include "sql/type_mapping.h"

namespace luma::sql {
namespace {

using duckdb::LogicalType;

constexpr int64_t kZstdLevel = 3;
// DuckDB's default: beyond it a string column has no dictionary.
constexpr duckdb::idx_t kStringDictionaryBytesMax = 1 << 20;

duckdb::vector<duckdb::pair<std::string, std::string>> Metadata(const storage::ColdSource& source) {
  duckdb::vector<duckdb::pair<std::string, std::string>> pairs;
  pairs.emplace_back("luma.table", source.table->name);
  pairs.emplace_back("luma.run", std::to_string(static_cast<uint32_t>(source.run->id())));
  for (const storage::ColdColumn& column : source.columns) {
    pairs.emplace_back("luma.column." + std::to_string(static_cast<uint32_t>(column.id)),
                       column.logical_type);
  }
  return pairs;
}

// Finds values that a dictionary of DuckDB takes for one though their bits differ: NaNs, and zeros.
template <typename Bits, Bits kSign, Bits kInfinity>
bool HasEqualFloats(std::vector<ValuePiece>& pieces) {
  std::optional<Bits> nan;
  for (ValuePiece& piece : pieces) {
    const auto* values = reinterpret_cast<const Bits*>(duckdb::FlatVector::GetData(piece.values));
    for (duckdb::idx_t i = 0; i < piece.count; ++i) {
      if (duckdb::FlatVector::IsNull(piece.values, i)) continue;
      if (values[i] == kSign) return true;  // -0.0; that 0.0 occurs as well is taken for granted
      if ((values[i] & ~kSign) <= kInfinity) continue;
      if (nan.value_or(values[i]) != values[i]) return true;
      nan = values[i];
    }
  }
  return false;
}

bool MustHideFloats(const LogicalType& type, std::vector<ValuePiece>& pieces) {
  switch (type.id()) {
    case duckdb::LogicalTypeId::FLOAT:
      return HasEqualFloats<uint32_t, 0x80000000, 0x7f800000>(pieces);
    case duckdb::LogicalTypeId::DOUBLE:
      return HasEqualFloats<uint64_t, 0x8000000000000000, 0x7ff0000000000000>(pieces);
    default:
      return true;  // there may be some inside
  }
}

}  // namespace

ParquetFileWriter::ParquetFileWriter(ParquetInstance& instance, const storage::ColdSource& source,
                                     io::WritableFile& out)
    : source_(source),
      out_(out),
      connection_(instance.Connect()),
      memory_(std::make_shared<MemoryFile>()),
      name_(instance.files().Add(memory_)) {
  AddColumns();
  MakeWriters();
}

void ParquetFileWriter::AddColumns() {
  const bool is_samples = source_.series != nullptr;
  for (const storage::ColdColumn& column : source_.columns) {
    const ColumnSchema* stored = source_.table->table->FindColumn(column.id);
    if (stored == nullptr) ThrowStatus(Status::Internal("no such column: name=", column.name));
    const LogicalType type = TypeFromText(column.logical_type);
    columns_.push_back({column.name, WrittenType(type), stored,
                        is_samples && type.id() == duckdb::LogicalTypeId::TIMESTAMP_MS});
  }
  if (!is_samples) return;
  series_ = std::make_unique<SeriesLabels>(source_.series);
  columns_.push_back({"metric", LogicalType::VARCHAR});
  columns_.push_back({"labels", LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR)});
}

void ParquetFileWriter::MakeWriters() {
  duckdb::ChildFieldIDs field_ids;
  duckdb::vector<LogicalType> types;
  duckdb::vector<std::string> names;
  for (const Column& column : columns_) {
    types.push_back(column.type);
    names.push_back(column.name);
    if (column.stored == nullptr) continue;
    field_ids.ids->emplace(column.name, duckdb::FieldID(static_cast<int32_t>(column.stored->id)));
  }
  elements_.resize(1);  // the root
  for (const Column& column : columns_) {
    schemas_.push_back(duckdb::ColumnWriter::FillParquetSchema(elements_, column.type, column.name,
                                                               false, &field_ids));
  }
  parquet_ = std::make_unique<duckdb::ParquetWriter>(
      *connection_.context, duckdb::FileSystem::GetFileSystem(*connection_.context), name_->path(),
      std::move(types), std::move(names), duckdb_parquet::CompressionCodec::ZSTD,
      std::move(field_ids), Metadata(source_), nullptr, duckdb::optional_idx(),
      kStringDictionaryBytesMax, false, 0.01, kZstdLevel, false, duckdb::ParquetVersion::V2,
      duckdb::GeoParquetVersion::NONE);
  for (const duckdb::ParquetColumnSchema& schema : schemas_) {
    writers_.push_back(duckdb::ColumnWriter::CreateWriterRecursive(*connection_.context, *parquet_,
                                                                   elements_, schema, {}));
  }
  duckdb_parquet::FileMetaData shape;
  shape.schema = elements_;
  top_columns_ = TopColumns(shape);
}

void ParquetFileWriter::WriteAll() {
  checksums_.column_count = static_cast<uint32_t>(columns_.size());
  const uint32_t row_count = source_.run->row_count();
  for (uint32_t first = 0; first < row_count; first += storage::kColdGroupRows) {
    WriteGroup({first, std::min(storage::kColdGroupRows, row_count - first)});
  }
  WriteTail();
}

void ParquetFileWriter::WriteGroup(RowRange rows) {
  if (series_ != nullptr) series_->Load(*source_.run, *columns_[0].stored, rows);
  duckdb::PreparedRowGroup group;
  group.row_group.num_rows = rows.count;
  group.row_group.__isset.file_offset = true;
  for (size_t i = 0; i < columns_.size(); ++i) {
    group.states.push_back(EncodeColumn(i, rows, group.row_group));
  }
  parquet_->FlushRowGroup(group);
  parquet_->GetWriter().Flush();
  RecordChecksums(group.row_group);
  FlushMemory();
}

std::vector<ValuePiece> ParquetFileWriter::PiecesOf(const Column& column, RowRange rows) const {
  if (column.stored != nullptr) return StoredPieces(*source_.run, *column.stored, rows);
  return column.type.id() == duckdb::LogicalTypeId::MAP ? series_->LabelMaps() : series_->Metrics();
}

// The steps are those of DuckDB's ParquetWriter::PrepareRowGroup.
duckdb::unique_ptr<duckdb::ColumnWriterState> ParquetFileWriter::EncodeColumn(
    size_t index, RowRange rows, duckdb_parquet::RowGroup& group) {
  duckdb::ColumnWriter& writer = *writers_[index];
  std::vector<ValuePiece> pieces = PiecesOf(columns_[index], rows);
  auto state = writer.InitializeWriteState(group);
  if (writer.HasAnalyze()) {
    const bool hide = MustHideFloats(columns_[index].type, pieces);
    for (ValuePiece& piece : pieces) {
      duckdb::Vector shown(columns_[index].type);
      if (hide) HideFloats(piece.values, piece.count, shown);
      writer.Analyze(*state, nullptr, hide ? shown : piece.values, piece.count);
    }
    writer.FinalizeAnalyze(*state);
  }
  state->definition_levels.reserve(rows.count);
  for (ValuePiece& piece : pieces) {
    writer.Prepare(*state, nullptr, piece.values, piece.count, true);
  }
  writer.BeginWrite(*state);
  for (ValuePiece& piece : pieces) writer.Write(*state, piece.values, piece.count);
  return state;
}

void ParquetFileWriter::RecordChecksums(const duckdb_parquet::RowGroup& group) {
  for (const TopColumn& column : top_columns_) {
    const ByteRange range = ChunksOf(group, column);
    const ByteSpan bytes =
        ByteSpan(memory_->bytes).subspan(range.offset - memory_->first, range.bytes);
    checksums_.extents.push_back({range.offset, range.bytes, Crc32c(bytes)});
  }
}

void ParquetFileWriter::WriteTail() {
  parquet_->GetWriter().Flush();
  FlushMemory();
  parquet_->Finalize();
  const ByteSpan tail(memory_->bytes);
  duckdb_parquet::FileMetaData footer = DecodeFooter(tail.first(tail.size() - kParquetFrameBytes));
  for (size_t i = 0; i < columns_.size(); ++i) {
    if (!columns_[i].is_utc) continue;
    // DuckDB has no type of its own for this one.
    footer.schema[top_columns_[i].schema_index].logicalType.TIMESTAMP.isAdjustedToUTC = true;
  }
  ThrowIfError(out_.Append(EncodeFileTail(checksums_, EncodeFooter(footer))));
}

void ParquetFileWriter::FlushMemory() {
  ThrowIfError(out_.Append(memory_->bytes));
  memory_->first += memory_->bytes.size();
  memory_->bytes.clear();
}

}  // namespace luma::sql
