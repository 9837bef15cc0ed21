#include "sql/parquet/column_values.h"

#include <algorithm>
#include <string_view>

#include "sql/column_vectors.h"
#include "sql/duckdb_boundary.h"
#include "sql/label_functions.h"
#include "sql/parquet/parquet_types.h"
#include "sql/type_mapping.h"

namespace luma::sql {
namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::Vector;
using storage::RunView;

constexpr uint32_t kPieceRows = STANDARD_VECTOR_SIZE;

// Calls fn(block, offset, count) for each part of `rows` that lies in one block, up to kPieceRows.
template <typename Fn>
void ForEachPart(const RunView& run, RowRange rows, Fn fn) {
  const uint32_t end = rows.first + rows.count;
  uint32_t block = 0;
  for (uint32_t row = rows.first; row < end;) {
    while (row >= run.BlockStart(block) + run.BlockRows(block)) ++block;
    const uint32_t block_end = run.BlockStart(block) + run.BlockRows(block);
    const uint32_t count = std::min({kPieceRows, block_end - row, end - row});
    fn(block, row - run.BlockStart(block), count);
    row += count;
  }
}

// The block that was read last.
class BlockCursor {
 public:
  BlockCursor(const RunView& run, const ColumnSchema& column) : run_(run), column_(column) {}

  // Makes `out`, of the column's type, flat rows of a block. The block outlives `out`.
  void Read(uint32_t block, uint32_t offset, uint32_t count, Vector& out) {
    if (block != number_) {
      block_ = ValueOrThrow(run_.Read(column_, block));
      number_ = block;
    }
    ReferenceBlock(block_, offset, count, out);
    out.Flatten(count);
  }

 private:
  const RunView& run_;
  const ColumnSchema& column_;
  uint32_t number_ = UINT32_MAX;
  storage::ColumnBlock block_;
};

uint64_t UInt64At(const Vector& flat, idx_t row) {
  return FlatVector::GetData<uint64_t>(flat)[row];
}

bool MayHold(const storage::ZoneMap* zone, uint64_t low, uint64_t high) {
  if (zone == nullptr || !zone->has_min || !zone->has_max) return true;
  return zone->min.As<uint64_t>() <= high && zone->max.As<uint64_t>() >= low;
}

}  // namespace

std::vector<ValuePiece> StoredPieces(const RunView& run, const ColumnSchema& column,
                                     RowRange rows) {
  const LogicalType type = TypeFromText(column.logical_type);
  const LogicalType written = WrittenType(type);
  BlockCursor cursor(run, column);
  std::vector<ValuePiece> pieces;
  ForEachPart(run, rows, [&](uint32_t block, uint32_t offset, uint32_t count) {
    Vector stored(type);
    cursor.Read(block, offset, count, stored);
    pieces.push_back({Vector(written), count});
    ToWritten(stored, count, pieces.back().values);
  });
  return pieces;
}

void SeriesLabels::Load(const RunView& run, const ColumnSchema& id_column, RowRange rows) {
  ids_.clear();
  ids_.reserve(rows.count);
  labels_.clear();
  for (const ValuePiece& piece : StoredPieces(run, id_column, rows)) {
    for (idx_t i = 0; i < piece.count; ++i) {
      ids_.push_back(UInt64At(piece.values, i));
      labels_.try_emplace(ids_.back());
    }
  }
  if (ids_.empty()) return;
  const auto [low, high] = std::ranges::minmax(ids_);
  const ColumnSchema& series_id = *series_->schema().FindColumn("series_id");
  for (const auto& series_run : series_->runs()) {
    for (uint32_t block = 0; block < series_run->block_count(); ++block) {
      if (MayHold(series_run->Zone(series_id.id, block), low, high)) ReadBlock(*series_run, block);
    }
  }
}

void SeriesLabels::ReadBlock(const RunView& run, uint32_t block) {
  const RowRange rows{run.BlockStart(block), run.BlockRows(block)};
  const auto ids = StoredPieces(run, *series_->schema().FindColumn("series_id"), rows);
  const auto labels = StoredPieces(run, *series_->schema().FindColumn("labels"), rows);
  for (size_t piece = 0; piece < ids.size(); ++piece) {
    for (idx_t i = 0; i < ids[piece].count; ++i) {
      const auto wanted = labels_.find(UInt64At(ids[piece].values, i));
      if (wanted == labels_.end()) continue;
      const auto& bytes = FlatVector::GetData<duckdb::string_t>(labels[piece].values)[i];
      wanted->second.assign(bytes.GetData(), bytes.GetSize());
    }
  }
}

std::vector<ValuePiece> SeriesLabels::Pieces(const LogicalType& type, const WriteRow& write) const {
  std::vector<ValuePiece> pieces;
  for (size_t first = 0; first < ids_.size(); first += kPieceRows) {
    const idx_t count = std::min<idx_t>(kPieceRows, ids_.size() - first);
    pieces.push_back({Vector(type), count});
    for (idx_t i = 0; i < count; ++i) {
      write(LabelsView(labels_.at(ids_[first + i])), pieces.back().values, i);
    }
  }
  return pieces;
}

std::vector<ValuePiece> SeriesLabels::Metrics() const {
  return Pieces(LogicalType::VARCHAR, [](LabelsView labels, Vector& names, idx_t row) {
    const std::string_view name = labels.metric_name();
    if (name.empty()) return FlatVector::SetNull(names, row, true);
    FlatVector::GetData<duckdb::string_t>(names)[row] =
        duckdb::StringVector::AddString(names, name.data(), name.size());
  });
}

std::vector<ValuePiece> SeriesLabels::LabelMaps() const {
  return Pieces(LogicalType::MAP(LogicalType::VARCHAR, LogicalType::VARCHAR), WriteLabelMap);
}

}  // namespace luma::sql
