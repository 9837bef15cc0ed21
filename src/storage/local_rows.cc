#include "storage/local_rows.h"

#include <utility>

#include "base/check.h"
#include "storage/row_buffer.h"

namespace luma::storage {
namespace {

std::vector<PhysicalType> TypesOf(const RunColumns& columns) {
  std::vector<PhysicalType> types;
  for (const RunColumn& column : columns) types.push_back(column.type);
  return types;
}

std::vector<ColumnSpan> SpansOf(const RowBuffer& rows) {
  std::vector<ColumnSpan> spans;
  for (size_t i = 0; i < rows.column_count(); ++i) spans.push_back(rows.Column(i));
  return spans;
}

// Of LocalKeys: up to twice an optional hash, a node of the map with its heap header, one to two
// buckets, and the copy of the hash in the WriteBatch.
constexpr uint64_t kKeyBytes = 2 * sizeof(std::optional<uint64_t>) + 32 + 16 + 16;

// `rows` rows that all hold what `constant` holds.
RowBuffer Repeat(const ColumnSpan& constant, uint32_t rows) {
  RowBuffer repeated({constant.type});
  const std::vector<uint32_t> selection(rows, 0);
  repeated.Append({&constant, 1}, selection);
  return repeated;
}

}  // namespace

Status LocalRows::Append(const TableSchema& schema, std::span<const ColumnSpan> columns) {
  return AppendTo(run_ == nullptr ? RunColumns::Of(schema) : run_->columns(), columns);
}

Status LocalRows::AppendTo(RunColumnsPtr columns, std::span<const ColumnSpan> rows) {
  if (rows.empty() || rows[0].count == 0) return Status::Ok();
  if (uint64_t{row_count_} + rows[0].count >= INT32_MAX) {
    return Status::TooLarge("too many rows in one transaction: rows=", row_count_);
  }
  if (run_ == nullptr) run_ = HotRun::Empty(kTransactionRunId, std::move(columns));
  const uint64_t string_bytes = LongStringBytes(rows, 0, rows[0].count);
  LUMA_ASSIGN_OR_RETURN(run_,
                        HotRun::WithRoom(run_, row_count_, rows[0].count, string_bytes, account_));
  run_->Append(row_count_, rows);
  row_count_ += rows[0].count;
  string_bytes_ += string_bytes;
  return Status::Ok();
}

uint32_t LocalRows::Delete(std::span<const uint32_t> positions) {
  // A snapshot may hold the old bitmap.
  auto deletes = deletes_ == nullptr ? std::make_shared<DeleteBitmap>()
                                     : std::make_shared<DeleteBitmap>(*deletes_);
  uint32_t count = 0;
  for (const uint32_t position : positions) {
    LUMA_CHECK(position < row_count_);
    if (deletes->Add(position)) ++count;
  }
  if (count > 0) deletes_ = std::move(deletes);
  return count;
}

void LocalRows::Clear() {
  run_ = nullptr;
  row_count_ = 0;
  string_bytes_ = 0;
  deletes_ = nullptr;
}

Status LocalRows::ChangeColumns(const TableSchema& schema) {
  if (run_ == nullptr) return Status::Ok();
  const RunColumnsPtr columns = RunColumns::Of(schema);
  if (*columns == *run_->columns()) return Status::Ok();
  LocalRows changed(*account_.budget);
  for (uint32_t block = 0; block < run_->BlockCount(row_count_); ++block) {
    std::vector<std::shared_ptr<const void>> owners;
    std::vector<ColumnSpan> spans;
    for (const RunColumn& column : *columns) {
      LUMA_ASSIGN_OR_RETURN(const ColumnBlock read,
                            run_->Read(*schema.FindColumn(column.id), block, row_count_));
      owners.push_back(read.owner);
      spans.push_back(read.flat);
      if (read.shape != ColumnBlock::Shape::kConstant) continue;
      const auto repeated = std::make_shared<RowBuffer>(Repeat(read.flat, read.row_count));
      spans.back() = repeated->Column(0);
      owners.push_back(repeated);
    }
    LUMA_RETURN_IF_ERROR(changed.AppendTo(columns, spans));
  }
  run_ = std::move(changed.run_);
  string_bytes_ = changed.string_bytes_;
  return Status::Ok();
}

Status LocalRows::Compact() {
  if (deletes_ == nullptr) return Status::Ok();
  LocalRows live(*account_.budget);
  for (uint32_t block = 0; block < run_->BlockCount(row_count_); ++block) {
    std::vector<std::shared_ptr<const void>> owners;
    const auto columns = run_->BlockColumns(block, row_count_, owners);
    std::vector<uint32_t> selection;
    for (uint32_t row = 0; row < columns[0].count; ++row) {
      if (!deletes_->Contains(run_->BlockStart(block) + row)) selection.push_back(row);
    }
    RowBuffer rows(TypesOf(*run_->columns()));
    rows.Append(columns, selection);
    LUMA_RETURN_IF_ERROR(live.AppendTo(run_->columns(), SpansOf(rows)));
  }
  Clear();
  run_ = std::move(live.run_);
  row_count_ = live.row_count_;
  string_bytes_ = live.string_bytes_;
  return Status::Ok();
}

RunVersionPtr LocalRows::Version() const {
  return std::make_shared<const RunVersion>(run_, row_count_, deletes_);
}

LocalKeys::LocalKeys(const TableSchema& schema, UniqueConstraint constraint, MemoryBudget& budget)
    : constraint_(std::move(constraint)), memory_(budget.BookAlways(BudgetUse::kTransactions, 0)) {
  for (const ColumnId id : constraint_.columns) columns_.push_back(*schema.FindColumn(id));
}

Status LocalKeys::CatchUp(const LocalRows& rows) {
  if (rows.row_count() == hashes_.size()) return Status::Ok();
  LUMA_RETURN_IF_ERROR(memory_.Grow((rows.row_count() - hashes_.size()) * kKeyBytes));
  const RunVersionPtr version = rows.Version();
  for (uint32_t block = FindBlock(*version, static_cast<uint32_t>(hashes_.size()));
       block < version->block_count(); ++block) {
    const KeyBlocks keys = ReadLocalKeys(*version, columns_, block);
    const uint32_t start = version->BlockStart(block);
    for (auto position = static_cast<uint32_t>(hashes_.size());
         position < start + version->BlockRows(block); ++position) {
      hashes_.push_back(HashKey(keys, position - start));
      if (hashes_.back()) positions_.emplace(*hashes_.back(), position);
    }
  }
  return Status::Ok();
}

std::optional<uint32_t> LocalKeys::Find(const LocalRows& rows, uint64_t hash, const KeyBlocks& keys,
                                        uint32_t row, uint32_t end) const {
  const auto [first, last] = positions_.equal_range(hash);
  for (auto at = first; at != last; ++at) {
    const uint32_t position = at->second;
    if (position >= end || IsDeleted(rows.deletes(), position)) continue;
    const RunVersionPtr version = rows.Version();
    const uint32_t block = FindBlock(*version, position);
    const KeyBlocks stored = ReadLocalKeys(*version, columns_, block);
    if (KeysEqual(stored, position - version->BlockStart(block), keys, row)) return position;
  }
  return std::nullopt;
}

KeyBlocks ReadLocalKeys(const RunVersion& rows, std::span<const ColumnSchema> columns,
                        uint32_t block) {
  KeyBlocks blocks;
  for (const ColumnSchema& column : columns) {
    Result<ColumnBlock> read = rows.Read(column, block);
    LUMA_CHECK(read.ok());
    blocks.push_back(std::move(read).value());
  }
  return blocks;
}

}  // namespace luma::storage
