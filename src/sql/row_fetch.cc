#include "sql/row_fetch.h"

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

uint32_t BlockOf(const storage::RunView& run, uint32_t position) {
  uint32_t low = 0;
  uint32_t high = run.block_count();
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    if (run.BlockStart(middle) <= position) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

}  // namespace

RowFetcher::Location RowFetcher::Locate(int64_t row_id) const {
  const auto id = static_cast<storage::RowId>(row_id);
  const storage::RunView* run = snapshot_->FindRun(RunOf(id));
  const uint32_t position = PositionOf(id);
  if (run == nullptr || position >= run->row_count()) {
    ThrowStatus(Status::NotFound("no such row: row_id=", row_id));
  }
  const uint32_t block = BlockOf(*run, position);
  const uint32_t offset = position - run->BlockStart(block);
  const uint32_t row = offset % BlockReader::kVectorRows;
  return {.window = {.run = RunOf(id), .block = block, .offset = offset - row}, .row = row};
}

void RowFetcher::CopyWindow(const Window& window, std::span<const uint32_t> rows,
                            std::span<const duckdb::idx_t> columns_wanted,
                            std::span<duckdb::Vector* const> columns, duckdb::idx_t target_offset) {
  if (!reader_ || reader_run_ != window.run || reader_block_ != window.block) {
    reader_.emplace(*snapshot_->FindRun(window.run), window.block);
    reader_run_ = window.run;
    reader_block_ = window.block;
  }
  const uint32_t count = std::min(BlockReader::kVectorRows, reader_->row_count() - window.offset);
  duckdb::SelectionVector selection(rows.size());
  for (size_t i = 0; i < rows.size(); ++i) selection.set_index(i, rows[i]);
  for (size_t i = 0; i < columns.size(); ++i) {
    duckdb::Vector source(columns[i]->GetType());
    reader_->ReadColumn(table_.StoredColumn(columns_wanted[i]), columns_wanted[i], window.offset,
                        count, source);
    duckdb::VectorOperations::Copy(source, *columns[i], selection, rows.size(), 0, target_offset);
  }
}

void RowFetcher::Fetch(std::span<const int64_t> row_ids,
                       std::span<const duckdb::idx_t> columns_wanted,
                       std::span<duckdb::Vector* const> columns) {
  std::vector<uint32_t> rows;
  size_t done = 0;
  while (done < row_ids.size()) {
    const Location first = Locate(row_ids[done]);
    rows.assign(1, first.row);
    while (done + rows.size() < row_ids.size()) {
      const Location next = Locate(row_ids[done + rows.size()]);
      if (!(next.window == first.window)) break;
      rows.push_back(next.row);
    }
    CopyWindow(first.window, rows, columns_wanted, columns, done);
    done += rows.size();
  }
}

}  // namespace luma::sql
