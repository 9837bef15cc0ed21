// The values of a cold file's columns, as DuckDB's Parquet writer takes them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/labels.h"
#include "model/schema.h"
#include "sql/duckdb_headers.h"
#include "storage/cold/cold_format.h"

namespace luma::sql {

// Up to 2,048 rows of a column, flat.
struct ValuePiece {
  duckdb::Vector values;
  duckdb::idx_t count;
};

// Rows of a run that become one row group.
struct RowRange {
  uint32_t first = 0;
  uint32_t count = 0;
};

// Rows of a stored column in its written type (parquet_types.h). `rows.first` is a multiple of 64.
// The pieces may point into the run's blocks, which they keep. Errors are thrown.
std::vector<ValuePiece> StoredPieces(const storage::RunView& run, const ColumnSchema& column,
                                     RowRange rows);

// The series of samples, as much of luma.series as one row group needs. Errors are thrown.
class SeriesLabels {
 public:
  explicit SeriesLabels(storage::TableSnapshotPtr series) : series_(std::move(series)) {}

  // Takes the ids of the samples in `rows` of `run` and reads their labels.
  void Load(const storage::RunView& run, const ColumnSchema& id_column, RowRange rows);
  // The name of each sample's metric, VARCHAR, null when it has none; and its other labels,
  // MAP(VARCHAR, VARCHAR). A series that is gone has neither.
  std::vector<ValuePiece> Metrics() const;
  std::vector<ValuePiece> LabelMaps() const;

 private:
  using WriteRow = std::function<void(LabelsView, duckdb::Vector&, duckdb::idx_t)>;
  std::vector<ValuePiece> Pieces(const duckdb::LogicalType& type, const WriteRow& write) const;
  void ReadBlock(const storage::RunView& run, uint32_t block);

  const storage::TableSnapshotPtr series_;
  std::vector<uint64_t> ids_;                         // of the samples, row by row
  std::unordered_map<uint64_t, std::string> labels_;  // canonical
};

}  // namespace luma::sql
