#include "sql/parquet/parquet_file.h"

#include <algorithm>
#include <string>
#include <vector>

#include "base/crc32c.h"
#include "sql/duckdb_boundary.h"
#include "sql/parquet/block_builder.h"
#include "sql/parquet/checksum_table.h"
#include "sql/parquet/dictionary_builder.h"
#include "sql/parquet/parquet_footer.h"
#include "sql/parquet/parquet_types.h"
#include "sql/type_mapping.h"
#include "storage/cold/cold_sidecar.h"

namespace luma::sql {
namespace {

using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::ParquetReader;
using MetadataPtr = duckdb::shared_ptr<duckdb::ParquetFileMetadataCache>;
using storage::ColdBytes;
using storage::ColdColumn;
using storage::DecodedBlockPtr;
using storage::kColdGroupRows;

constexpr std::string_view kParquetMagic = "PAR1";

// DuckDB sees memory only: what it throws about a file of ours means that the file is not what it
// was, but for a lack of memory.
Status FileError(const ColdBytes& bytes, const Status& status) {
  if (status.ok() || status.code() == StatusCode::kOutOfMemory) return status;
  return Status::Corruption("damaged cold file: ", status.message(), ": object=", bytes.name());
}

// A file of just the footer: DuckDB finds it from the end.
std::shared_ptr<MemoryFile> FooterFile(ByteSpan footer) {
  auto file = std::make_shared<MemoryFile>();
  ByteWriter writer(file->bytes);
  writer.Raw(AsBytes(kParquetMagic));
  writer.Raw(footer);
  writer.Fixed(static_cast<uint32_t>(footer.size()));
  writer.Raw(AsBytes(kParquetMagic));
  file->size_bytes = file->bytes.size();
  return file;
}

// Has the reader make vectors of `type` of a column. Its parts lie in the schema as in the type.
void ReadAs(duckdb::ParquetColumnSchema& schema, const LogicalType& type) {
  schema.type = type;
  switch (type.id()) {
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP:
      if (schema.children.size() != 1) throw duckdb::IOException("not a list: %s", schema.name);
      return ReadAs(schema.children[0], duckdb::ListType::GetChildType(type));
    case LogicalTypeId::STRUCT: {
      const auto& fields = duckdb::StructType::GetChildTypes(type);
      if (schema.children.size() != fields.size()) {
        throw duckdb::IOException("not the same struct: %s", schema.name);
      }
      for (size_t i = 0; i < fields.size(); ++i) ReadAs(schema.children[i], fields[i].second);
      return;
    }
    default:
      if (!schema.children.empty()) throw duckdb::IOException("not a scalar: %s", schema.name);
  }
}

// Reads one column of one row group, up to 2,048 rows at a time.
class GroupScan {
 public:
  GroupScan(ParquetInstance& instance, std::shared_ptr<MemoryFile> file,
            const MetadataPtr& metadata, size_t column, const LogicalType& read_type,
            uint32_t group)
      : name_(instance.files().Add(std::move(file))),
        connection_(instance.Connect()),
        reader_(duckdb::make_shared_ptr<ParquetReader>(*connection_.context,
                                                       duckdb::OpenFileInfo(name_->path()),
                                                       duckdb::ParquetOptions(), metadata)) {
    ReadAs(reader_->root_schema->children[column], read_type);
    reader_->column_ids.push_back(duckdb::MultiFileLocalColumnId(column));
    reader_->column_indexes.emplace_back(column);
    reader_->InitializeScan(*connection_.context, state_, {group});
    chunk_.Initialize(*connection_.context, {read_type});
  }

  // False at the end.
  bool Next() {
    chunk_.Reset();
    reader_->Scan(*connection_.context, state_, chunk_);
    return chunk_.size() > 0;
  }
  duckdb::Vector& values() { return chunk_.data[0]; }
  duckdb::idx_t count() const { return chunk_.size(); }

 private:
  const std::unique_ptr<MemoryFiles::Name> name_;
  duckdb::Connection connection_;
  const duckdb::shared_ptr<ParquetReader> reader_;
  duckdb::ParquetReaderScanState state_;
  duckdb::DataChunk chunk_;
};

// Strings whose bytes are the stored ones.
bool IsReadAsIs(const LogicalType& type) {
  return type.InternalType() == duckdb::PhysicalType::VARCHAR;
}

// Both begin with the rows that `scan` is at.
DecodedBlockPtr TakeDictionary(GroupScan& scan, const LogicalType& type, uint32_t row_count) {
  DictionaryBuilder block(type, row_count);
  do {
    block.Append(scan.values(), scan.count());
  } while (scan.Next());
  return block.Finish();
}

DecodedBlockPtr TakeValues(GroupScan& scan, const LogicalType& type, uint32_t row_count) {
  BlockBuilder block(type, row_count);
  do {
    duckdb::Vector values(type);
    FromRead(scan.values(), scan.count(), values);
    block.Append(values, scan.count());
  } while (scan.Next());
  return block.Finish();
}

class ParquetFile final : public storage::ColdFile {
 public:
  ParquetFile(std::shared_ptr<ParquetInstance> instance, std::shared_ptr<const ColdBytes> bytes,
              FileTail tail)
      : instance_(std::move(instance)),
        bytes_(std::move(bytes)),
        checksums_(std::move(tail.table)),
        metadata_(ReadMetadata(tail.footer)),
        columns_(TopColumns(*metadata_->metadata)) {}

  // Errors are thrown.
  void Check(uint32_t row_count) const;

  Result<DecodedBlockPtr> ReadGroup(const ColdColumn& column, uint32_t group) const override;
  Result<std::vector<ColdColumn>> Columns() const override;

 private:
  // The SQL type of a column with a field id; null when the file does not tell.
  const std::string* FindType(int32_t field_id) const;
  MetadataPtr ReadMetadata(ByteSpan footer) const;
  Result<size_t> FindColumn(const ColdColumn& column) const;
  Result<std::shared_ptr<MemoryFile>> ReadChunks(size_t column, uint32_t group) const;
  DecodedBlockPtr Decode(std::shared_ptr<MemoryFile> file, size_t column, const LogicalType& type,
                         uint32_t group) const;
  const duckdb_parquet::FileMetaData& footer() const { return *metadata_->metadata; }

  const std::shared_ptr<ParquetInstance> instance_;
  const std::shared_ptr<const ColdBytes> bytes_;
  const ChecksumTable checksums_;
  const MetadataPtr metadata_;
  const std::vector<TopColumn> columns_;
};

MetadataPtr ParquetFile::ReadMetadata(ByteSpan footer) const {
  const auto name = instance_->files().Add(FooterFile(footer));
  duckdb::Connection connection = instance_->Connect();
  return ParquetReader(*connection.context, duckdb::OpenFileInfo(name->path()),
                       duckdb::ParquetOptions())
      .metadata;
}

void ParquetFile::Check(uint32_t row_count) const {
  const auto& groups = footer().row_groups;
  const uint32_t group_count = storage::BlocksOf(row_count, kColdGroupRows);
  if (groups.size() != group_count || checksums_.group_count() != group_count ||
      checksums_.column_count != columns_.size()) {
    throw duckdb::IOException("another number of row groups: %llu", groups.size());
  }
  for (uint32_t group = 0; group < group_count; ++group) {
    const uint32_t rows = std::min(kColdGroupRows, row_count - group * kColdGroupRows);
    if (groups[group].num_rows != rows) throw duckdb::IOException("another number of rows");
    for (uint32_t i = 0; i < columns_.size(); ++i) {
      const ByteRange chunks = ChunksOf(groups[group], columns_[i]);
      const ChunkExtent& extent = checksums_.At(group, i);
      if (chunks.offset != extent.offset || chunks.bytes != extent.bytes ||
          extent.bytes > bytes_->size_bytes()) {
        throw duckdb::IOException("chunks that lie elsewhere: column=%s", columns_[i].name);
      }
    }
  }
}

const std::string* ParquetFile::FindType(int32_t field_id) const {
  const std::string key = "luma.column." + std::to_string(field_id);
  const auto& pairs = footer().key_value_metadata;
  const auto found = std::ranges::find(
      pairs, key, [](const auto& pair) -> const std::string& { return pair.key; });
  return found == pairs.end() ? nullptr : &found->value;
}

Result<size_t> ParquetFile::FindColumn(const ColdColumn& column) const {
  const auto id = static_cast<int32_t>(column.id);
  const auto found = std::ranges::find(columns_, std::optional(id), &TopColumn::field_id);
  const std::string* const type = FindType(id);
  if (found == columns_.end() || type == nullptr || *type != column.logical_type) {
    return Status::Corruption("cold file without the column: object=", bytes_->name(),
                              " column=", column.name, " type=", column.logical_type);
  }
  return static_cast<size_t>(found - columns_.begin());
}

Result<std::shared_ptr<MemoryFile>> ParquetFile::ReadChunks(size_t column, uint32_t group) const {
  const ChunkExtent& extent = checksums_.At(group, static_cast<uint32_t>(column));
  auto file = std::make_shared<MemoryFile>();
  file->first = extent.offset;
  file->size_bytes = bytes_->size_bytes();
  file->bytes.resize(extent.bytes);
  LUMA_RETURN_IF_ERROR(bytes_->Read(extent.offset, file->bytes));
  if (Crc32c(file->bytes) != extent.crc32c) {
    return Status::Corruption("damaged cold file: bad checksum: object=", bytes_->name(),
                              " offset=", extent.offset, " bytes=", extent.bytes);
  }
  return file;
}

DecodedBlockPtr ParquetFile::Decode(std::shared_ptr<MemoryFile> file, size_t column,
                                    const LogicalType& type, uint32_t group) const {
  GroupScan scan(*instance_, std::move(file), metadata_, column, ReadType(type), group);
  const auto row_count = static_cast<uint32_t>(footer().row_groups[group].num_rows);
  if (!scan.Next()) throw duckdb::IOException("a row group without rows");
  return IsReadAsIs(type) && DictionaryBuilder::CanTake(scan.values())
             ? TakeDictionary(scan, type, row_count)
             : TakeValues(scan, type, row_count);
}

Result<DecodedBlockPtr> ParquetFile::ReadGroup(const ColdColumn& column, uint32_t group) const {
  LUMA_CHECK(group < checksums_.group_count());
  LUMA_ASSIGN_OR_RETURN(const size_t index, FindColumn(column));
  LUMA_ASSIGN_OR_RETURN(auto file, ReadChunks(index, group));
  Result<DecodedBlockPtr> block = CallDuckDb(
      [&] { return Decode(std::move(file), index, TypeFromText(column.logical_type), group); });
  if (!block.ok()) return FileError(*bytes_, block.status());
  return block;
}

Result<std::vector<ColdColumn>> ParquetFile::Columns() const {
  std::vector<ColdColumn> columns;
  for (const TopColumn& column : columns_) {
    if (!column.field_id) continue;  // for other readers only
    const std::string* const text = FindType(*column.field_id);
    if (text == nullptr) {
      return Status::Corruption("cold file without the type of a column: object=", bytes_->name(),
                                " column=", column.name);
    }
    const Result<LogicalType> type = CallDuckDb([&] { return TypeFromText(*text); });
    if (!type.ok()) return FileError(*bytes_, type.status());
    LUMA_ASSIGN_OR_RETURN(const PhysicalType stored, StoredTypeOf(*type));
    columns.push_back({static_cast<ColumnId>(*column.field_id), column.name, stored, *text});
  }
  return columns;
}

}  // namespace

Result<std::shared_ptr<const storage::ColdFile>> OpenParquetFile(
    std::shared_ptr<ParquetInstance> instance, std::shared_ptr<const ColdBytes> bytes,
    uint32_t row_count) {
  LUMA_ASSIGN_OR_RETURN(FileTail tail, ReadFileTail(*bytes));
  std::shared_ptr<const storage::ColdFile> file;
  const Status opened = CallDuckDb([&] {
    auto parquet = std::make_shared<ParquetFile>(std::move(instance), bytes, std::move(tail));
    parquet->Check(row_count);
    file = std::move(parquet);
  });
  if (!opened.ok()) return FileError(*bytes, opened);
  return file;
}

}  // namespace luma::sql
