#include "storage/moved_deletes.h"

#include <algorithm>
#include <memory>
#include <ranges>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "storage/column_block.h"
#include "storage/decoded_column.h"
#include "storage/zone_overlap.h"

namespace luma::storage {
namespace {

// Of a row that is looked for, beside its bytes: a node of a hash table, a vector of one entry.
constexpr uint64_t kWantedBytes = 128;
constexpr uint64_t kBookedAtOnce = 64 << 10;
constexpr uint64_t kBatchBytesMin = 32 << 20;

void AppendBytes(const void* from, size_t bytes, std::string& to) {
  to.append(static_cast<const char*>(from), bytes);
}

// The values of one row, so that rows are the same bit for bit if their bytes are.
void RowBytes(std::span<const ColumnBlock> columns, uint32_t row, std::string& bytes) {
  bytes.clear();
  for (const ColumnBlock& column : columns) {
    const std::byte* const value = ValueAt(column, row);
    bytes.push_back(value == nullptr ? '\0' : '\1');
    if (value == nullptr) continue;
    if (column.flat.type != PhysicalType::kBytes) {
      AppendBytes(value, ValueBytes(column.flat.type), bytes);
      continue;
    }
    const auto text = LoadLe<StringRef>(value);
    const uint32_t size = text.size();
    AppendBytes(&size, sizeof(size), bytes);
    bytes.append(text.view());
  }
}

// Visits the visible rows of a block that may be wanted.
template <typename Visit>
Status VisitRows(const RunView& run, uint32_t block, std::span<const ColumnSchema* const> columns,
                 const Visit& visit) {
  std::vector<ColumnBlock> blocks;
  for (const ColumnSchema* const column : columns) {
    LUMA_ASSIGN_OR_RETURN(ColumnBlock read, run.Read(*column, block));
    blocks.push_back(std::move(read));
  }
  std::vector<uint64_t> deleted(ValidityWords(run.BlockRows(block)));
  run.DeletedRows(block, deleted);
  std::string bytes;
  for (uint32_t row = 0; row < run.BlockRows(block); ++row) {
    if ((deleted[row / 64] >> (row % 64) & 1) != 0) continue;
    RowBytes(blocks, row, bytes);
    visit(bytes, run.BlockStart(block) + row);
  }
  return Status::Ok();
}

}  // namespace

// Rows of one delete, decoded.
struct MovedDeletes::WantedPiece {
  const Pending* by = nullptr;
  RunColumnsPtr columns;
  std::vector<const ColumnSchema*> schemas = {};
  std::vector<ColumnBlock> blocks = {};
  std::vector<ZoneMap> zones = {};
  uint32_t row_count = 0;

  static Result<WantedPiece> Of(const Pending& by, const LoggedContents& contents,
                                const LoggedRows::Piece& encoded) {
    LUMA_ASSIGN_OR_RETURN(auto decoded, DecodePiece(*contents.columns, encoded));
    WantedPiece piece{.by = &by, .columns = contents.columns, .row_count = encoded.row_count};
    for (size_t i = 0; i < decoded.size(); ++i) {
      encoding::AlignedBuffer scratch;
      piece.zones.push_back(ComputeZoneMap(decoded[i].Flatten(scratch)));
      piece.schemas.push_back(by.table->table->FindColumn((*piece.columns)[i].id));
      auto shared = std::make_shared<const encoding::DecodedBlock>(std::move(decoded[i]));
      LUMA_ASSIGN_OR_RETURN(ColumnBlock block, ColumnBlockOf(*piece.schemas[i], std::move(shared)));
      piece.blocks.push_back(std::move(block));
    }
    return piece;
  }
};

// Rows that one scan looks for. They have the same columns.
class MovedDeletes::WantedRows {
 public:
  WantedRows(MemoryBudget& budget, uint64_t bytes_max) : budget_(&budget), bytes_max_(bytes_max) {}

  bool empty() const { return count_ == 0; }
  uint64_t count() const { return count_; }
  const std::vector<const ColumnSchema*>& columns() const { return schemas_; }

  bool Takes(const WantedPiece& piece) const {
    return empty() || (bytes_ < bytes_max_ && *columns_ == *piece.columns);
  }
  // Those of the piece from `row` on, until it is full: at least one. Returns the next. It must
  // take the piece.
  uint32_t Add(const WantedPiece& piece, uint32_t row) {
    UseColumns(piece);
    last_run_ = std::max(last_run_, piece.by->run);
    std::string row_bytes;
    do {
      RowBytes(piece.blocks, row, row_bytes);
      AddRow(*piece.by, row_bytes);
    } while (++row < piece.row_count && bytes_ < bytes_max_);
    return row;
  }

  bool MayBeIn(const RunView& run, uint32_t block) const {
    for (size_t i = 0; i < schemas_.size(); ++i) {
      const ZoneMap* const zone = run.Zone(schemas_[i]->id, block);
      if (zone != nullptr && !MayShareValues(zones_[i], *zone)) return false;
    }
    return true;
  }
  // Whether a row of `run` with these bytes is one of them, which then is found.
  bool Take(const std::string& row, RunId run) {
    const auto found = rows_.find(row);
    if (found == rows_.end()) return false;
    std::vector<Wanted>& deletes = found->second;
    const auto may_mean_it = [run](const Wanted& one) { return one.by->run >= run; };
    const auto taken = std::ranges::find_if(deletes, may_mean_it);
    if (taken == deletes.end()) return false;
    if (--taken->count == 0) deletes.erase(taken);
    if (deletes.empty()) rows_.erase(found);
    --count_;
    return true;
  }
  RunId last_run() const { return last_run_; }
  // Of one that was not found.
  Lsn AnyLsn() const { return rows_.begin()->second.front().by->lsn; }

 private:
  // So many equal rows of one delete.
  struct Wanted {
    const Pending* by = nullptr;
    uint32_t count = 0;
  };

  void UseColumns(const WantedPiece& piece) {
    if (columns_ != nullptr) {
      for (size_t i = 0; i < zones_.size(); ++i) MergeZoneMap(zones_[i], piece.zones[i]);
      return;
    }
    columns_ = piece.columns;
    table_ = piece.by->table;
    schemas_ = piece.schemas;
    zones_ = piece.zones;
  }
  void AddRow(const Pending& by, const std::string& row) {
    Book(row.size() + kWantedBytes);
    std::vector<Wanted>& deletes = rows_[row];
    if (deletes.empty() || deletes.back().by != &by) deletes.push_back({.by = &by});
    ++deletes.back().count;
    ++count_;
  }
  void Book(uint64_t bytes) {
    bytes_ += bytes;
    if (bytes_ <= booked_) return;
    const uint64_t more = std::max(bytes_ - booked_, kBookedAtOnce);
    memory_.push_back(budget_->BookAlways(BudgetUse::kMerge, more));
    booked_ += more;
  }

  MemoryBudget* budget_;
  uint64_t bytes_max_;
  std::vector<BudgetLease> memory_;
  uint64_t booked_ = 0;
  uint64_t bytes_ = 0;
  uint64_t count_ = 0;
  RunId last_run_{};  // that any of them can be in
  RunColumnsPtr columns_;
  CatalogObjectPtr table_;  // keeps schemas_
  std::vector<const ColumnSchema*> schemas_;
  std::vector<ZoneMap> zones_;  // of all rows, by column
  std::unordered_map<std::string, std::vector<Wanted>> rows_;
};

Status MovedDeletes::Add(Lsn lsn, const LoggedDelete& one, CatalogObjectPtr table) {
  LUMA_ASSIGN_OR_RETURN(const LoggedContents contents, DecodeContents(one.contents));
  for (const RunColumn& column : *contents.columns) {
    const ColumnSchema* const known =
        table == nullptr ? nullptr : table->table->FindColumn(column.id);
    if (known != nullptr && known->physical_type == column.type) continue;
    return Status::Corruption("deleted rows have a column that the table has not: table=",
                              static_cast<uint32_t>(one.table),
                              " column=", static_cast<uint32_t>(column.id));
  }
  tables_[one.table].push_back(
      {.lsn = lsn,
       .run = one.run,
       .table = std::move(table),
       .contents = Bytes(one.contents.begin(), one.contents.end()),
       .memory = budget_->BookAlways(BudgetUse::kMerge, one.contents.size())});
  return Status::Ok();
}

Status MovedDeletes::Resolve(DatabaseState& state) const {
  for (const auto& [id, deletes] : tables_) {
    LUMA_RETURN_IF_ERROR(ResolveTable(id, deletes, state));
  }
  return Status::Ok();
}

Status MovedDeletes::ResolveTable(ObjectId id, const std::vector<Pending>& deletes,
                                  DatabaseState& state) const {
  WantedRows wanted(*budget_, BatchBytes());
  for (const Pending& one : deletes) {
    LUMA_ASSIGN_OR_RETURN(const LoggedContents contents, DecodeContents(one.contents));
    for (const LoggedRows::Piece& encoded : contents.pieces) {
      LUMA_ASSIGN_OR_RETURN(const auto piece, WantedPiece::Of(one, contents, encoded));
      for (uint32_t row = 0; row < piece.row_count;) {
        if (!wanted.Takes(piece)) {
          LUMA_RETURN_IF_ERROR(DeleteWanted(id, wanted, state));
          wanted = WantedRows(*budget_, BatchBytes());
        }
        row = wanted.Add(piece, row);
      }
    }
  }
  return DeleteWanted(id, wanted, state);
}

uint64_t MovedDeletes::BatchBytes() const {
  const uint64_t limit = budget_->limit_bytes();
  const uint64_t free = limit - std::min(limit, budget_->booked_bytes());
  return std::min(batch_bytes_max_, std::max(kBatchBytesMin, free / 4));
}

// From the newest run to the oldest, so that a row is the newest of those it could be.
Status MovedDeletes::DeleteWanted(ObjectId id, WantedRows& wanted, DatabaseState& state) {
  TableVersion version = state.Table(id);
  const auto runs = version.Views();
  LUMA_LOG(kInfo, "storage", "looking for deleted rows in a restored table: id={} rows={} runs={}",
           static_cast<uint32_t>(id), wanted.count(), runs.size());
  for (const auto& run : std::views::reverse(runs)) {
    if (run->id() > wanted.last_run()) continue;
    auto found = std::make_shared<DeleteBitmap>();
    for (uint32_t block = 0; block < run->block_count() && !wanted.empty(); ++block) {
      if (!wanted.MayBeIn(*run, block)) continue;
      LUMA_RETURN_IF_ERROR(
          VisitRows(*run, block, wanted.columns(), [&](const std::string& row, uint32_t position) {
            if (wanted.Take(row, run->id())) found->Add(position);
          }));
    }
    if (!found->empty()) version.Delete(run->id(), found);
  }
  if (!wanted.empty()) {
    return Status::Corruption("deleted rows are not there: table=", static_cast<uint32_t>(id),
                              " commit=", ToNumber(wanted.AnyLsn()), " rows=", wanted.count());
  }
  state.SetTable(id, std::move(version));
  return Status::Ok();
}

}  // namespace luma::storage
