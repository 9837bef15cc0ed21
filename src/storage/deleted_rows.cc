#include "storage/deleted_rows.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "encoding/aligned_buffer.h"
#include "storage/column_block.h"
#include "storage/commit_record.h"
#include "storage/constraint_check.h"
#include "storage/hot/string_arena.h"
#include "storage/warm/segment_format.h"

namespace luma::storage {
namespace {

constexpr uint64_t kCopies = 3;  // the contents, the record, the log's buffer

// Of tables whose keys no constraint declares: docs/formats/metrics_tables.md, (1), (4), (5).
std::vector<ColumnId> BuiltinKey(ObjectId table) {
  switch (table) {
    case kSeriesTableId:
      return {ColumnId{1}};
    case kSamplesTableId:
    case kHistogramsTableId:
      return {ColumnId{1}, ColumnId{2}};
    case kRollupsTableId:
      return {ColumnId{1}, ColumnId{2}, ColumnId{3}};
    default:
      return {};
  }
}

bool IsIdentity(const TableSchema& schema, const UniqueConstraint& unique) {
  return std::ranges::all_of(unique.columns, [&](ColumnId id) {
    const ColumnSchema* const column = schema.FindColumn(id);
    return column != nullptr && !column->is_generated() && MustNotBeNull(schema, *column);
  });
}

// Empty when there is none.
std::vector<ColumnId> KeyOf(const CatalogObject& table) {
  for (const UniqueConstraint& unique : table.table->uniques) {
    if (IsIdentity(*table.table, unique)) return unique.columns;
  }
  return BuiltinKey(table.id);
}

// Of a block, those at the positions.
std::vector<uint32_t> RowsIn(const RunVersion& run, uint32_t block, const DeleteBitmap& positions) {
  const uint32_t count = run.BlockRows(block);
  std::vector<uint64_t> words(ValidityWords(count));
  std::vector<uint32_t> rows;
  rows.reserve(positions.CopyRange(run.BlockStart(block), count, words));
  for (uint32_t word = 0; word < words.size(); ++word) {
    for (uint64_t bits = words[word]; bits != 0; bits &= bits - 1) {
      rows.push_back(word * 64 + static_cast<uint32_t>(std::countr_zero(bits)));
    }
  }
  return rows;
}

// Some rows of a block as plain arrays.
class GatheredColumn {
 public:
  GatheredColumn(ColumnBlock block, std::span<const uint32_t> rows)
      : block_(std::move(block)),
        count_(static_cast<uint32_t>(rows.size())),
        values_(rows.size() * ValueBytes(block_.flat.type)),
        validity_(ValidityWords(rows.size()), ~uint64_t{0}) {
    for (uint32_t i = 0; i < count_; ++i) Set(i, ValueAt(block_, rows[i]));
  }
  ColumnSpan span() const {
    return {.type = block_.flat.type,
            .count = count_,
            .values = values_.data(),
            .validity = has_nulls_ ? validity_.data() : nullptr};
  }

 private:
  void Set(uint32_t index, const std::byte* value) {
    const size_t width = ValueBytes(block_.flat.type);
    std::byte* const to = values_.data() + index * width;
    if (value != nullptr) {
      std::memcpy(to, value, width);
      return;
    }
    std::memset(to, 0, width);  // of any type a valid value
    validity_[index / 64] &= ~(uint64_t{1} << (index % 64));
    has_nulls_ = true;
  }

  ColumnBlock block_;  // long strings lie there
  uint32_t count_;
  encoding::AlignedBuffer values_;
  std::vector<uint64_t> validity_;
  bool has_nulls_ = false;
};

Status AddRows(const RunVersion& run, uint32_t block, std::span<const uint32_t> rows,
               std::span<const ColumnSchema* const> columns, BudgetLease& memory,
               ContentsWriter& to) {
  std::vector<GatheredColumn> gathered;
  std::vector<ColumnSpan> spans;
  gathered.reserve(columns.size());
  for (const ColumnSchema* const column : columns) {
    LUMA_ASSIGN_OR_RETURN(ColumnBlock read, run.Read(*column, block));
    spans.push_back(gathered.emplace_back(std::move(read), rows).span());
  }
  // Encoding never makes strings longer.
  LUMA_RETURN_IF_ERROR(memory.Grow(LongStringBytes(spans, 0, static_cast<uint32_t>(rows.size()))));
  to.AddPiece(spans);
  return Status::Ok();
}

uint64_t PieceBytesMax(std::span<const ColumnSchema* const> columns, uint32_t rows) {
  uint64_t row_bytes = 0;
  for (const ColumnSchema* const column : columns) row_bytes += ValueBytes(column->physical_type);
  return row_bytes * std::min(rows, kBlockRows);
}

}  // namespace

std::vector<const ColumnSchema*> IdentityColumns(const CatalogObject& table) {
  std::vector<const ColumnSchema*> columns;
  for (const ColumnId id : KeyOf(table)) columns.push_back(table.table->FindColumn(id));
  if (!columns.empty()) return columns;
  for (const ColumnSchema& column : table.table->columns) {
    if (!column.is_generated()) columns.push_back(&column);
  }
  return columns;
}

Result<Bytes> DeletedContents::Encode(const CatalogObject& table, const RunVersion& run,
                                      const DeleteBitmap& positions) {
  if (goes_without_) return Bytes();
  const uint64_t booked = memory_.bytes();
  Result<Bytes> contents = EncodeRows(table, run, positions);
  if (contents.ok()) {
    bytes_left_ -= contents->size();
    return contents;
  }
  const StatusCode code = contents.status().code();
  if (code != StatusCode::kOutOfMemory && code != StatusCode::kTooLarge) return contents;
  GoWithout(table, contents.status());
  memory_.Release();
  memory_ = budget_.BookAlways(BudgetUse::kTransactions, booked);
  return Bytes();
}

Result<Bytes> DeletedContents::EncodeRows(const CatalogObject& table, const RunVersion& run,
                                          const DeleteBitmap& positions) {
  const auto columns = IdentityColumns(table);
  LUMA_RETURN_IF_ERROR(memory_.Grow(PieceBytesMax(columns, positions.count())));
  std::vector<RunColumn> written;
  for (const ColumnSchema* const column : columns) {
    written.push_back({column->id, column->physical_type});
  }
  ContentsWriter contents{RunColumns(std::move(written))};
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    const std::vector<uint32_t> rows = RowsIn(run, block, positions);
    if (rows.empty()) continue;
    const uint64_t before = contents.size_bytes();
    LUMA_RETURN_IF_ERROR(AddRows(run, block, rows, columns, memory_, contents));
    LUMA_RETURN_IF_ERROR(memory_.Grow(kCopies * (contents.size_bytes() - before)));
    if (contents.size_bytes() > bytes_left_) return Status::TooLarge("they take too many bytes");
  }
  Bytes bytes = contents.Finish();
  if (bytes.size() > bytes_left_) return Status::TooLarge("they take too many bytes");
  return bytes;
}

void DeletedContents::GoWithout(const CatalogObject& table, const Status& why) {
  goes_without_ = true;
  CommitsWithoutContents().Add(1);
  LUMA_LOG(kWarn, "storage",
           "the log does not say what deleted rows held; a restore from an older backup will stop "
           "before this commit, so make a backup: table={} reason={}",
           table.name, why.message());
}

Counter& CommitsWithoutContents() {
  static Counter& counter = MetricsRegistry::Default().AddCounter(
      "luma_wal_commits_without_contents_total",
      "Commits before which a restore to a point in time stops unless a later backup is there.");
  return counter;
}

}  // namespace luma::storage
