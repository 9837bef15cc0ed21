// Writes one cold file.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/file_system.h"
#include "sql/parquet/checksum_table.h"
#include "sql/parquet/column_values.h"
#include "sql/parquet/duckdb_parquet_headers.h"
#include "sql/parquet/parquet_footer.h"
#include "sql/parquet/parquet_instance.h"
#include "storage/cold/cold_format.h"

namespace luma::sql {

// Drives DuckDB's column writers row group by row group, column by column: in memory are the
// encoded pages of one row group and the values of one column. DuckDB's COPY would choose row
// groups, order and dictionaries by itself.
// Thread-compatible. Lifetime: all arguments outlive it. Errors are thrown.
class ParquetFileWriter {
 public:
  ParquetFileWriter(ParquetInstance& instance, const storage::ColdSource& source,
                    io::WritableFile& out);

  void WriteAll();

 private:
  struct Column {
    std::string name;
    duckdb::LogicalType type;              // as written
    const ColumnSchema* stored = nullptr;  // null: made of the series
    bool is_utc = false;                   // milliseconds since 1970 UTC
  };

  void AddColumns();
  std::vector<ValuePiece> PiecesOf(const Column& column, RowRange rows) const;
  void MakeWriters();
  void WriteGroup(RowRange rows);
  duckdb::unique_ptr<duckdb::ColumnWriterState> EncodeColumn(size_t index, RowRange rows,
                                                             duckdb_parquet::RowGroup& group);
  void RecordChecksums(const duckdb_parquet::RowGroup& group);
  void WriteTail();
  void FlushMemory();

  const storage::ColdSource& source_;
  io::WritableFile& out_;
  duckdb::Connection connection_;
  const std::shared_ptr<MemoryFile> memory_;
  const std::unique_ptr<MemoryFiles::Name> name_;
  std::vector<Column> columns_;
  std::unique_ptr<SeriesLabels> series_;  // null but for tables of samples
  std::unique_ptr<duckdb::ParquetWriter> parquet_;
  // Of our own column writers, which are like those of parquet_, except that we call them.
  decltype(duckdb_parquet::FileMetaData::schema) elements_;
  std::vector<TopColumn> top_columns_;
  std::vector<duckdb::ParquetColumnSchema> schemas_;
  std::vector<duckdb::unique_ptr<duckdb::ColumnWriter>> writers_;
  ChecksumTable checksums_;
};

}  // namespace luma::sql
