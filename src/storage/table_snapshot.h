// One table as one snapshot sees it: an ordered list of runs, each cut into blocks. This is the
// seam every reader uses (SQL scans, PromQL, flush): it neither copies nor locks.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/column.h"
#include "base/status.h"
#include "model/schema.h"
#include "storage/catalog.h"
#include "storage/zone_map.h"

namespace luma::storage {

// A run is a piece of a table: growing in memory (hot), or sealed in memory, or a segment file
// (warm). Its id survives the flush that moves it from memory to disk. Ids are per table.
enum class RunId : uint32_t {};
inline constexpr RunId kTransactionRunId{
    0x7fffffff};  // the rows a transaction has not committed yet

// Names one row of a table: run in the high half, position in the run in the low. Fits an int64.
// Stays valid for the transaction that read it (see TableSchema::sort_key for flushes).
enum class RowId : uint64_t {};
constexpr RowId MakeRowId(RunId run, uint32_t position) {
  return static_cast<RowId>((static_cast<uint64_t>(run) << 32) | position);
}
inline constexpr RunId RunOf(RowId id) {
  return static_cast<RunId>(static_cast<uint64_t>(id) >> 32);
}
constexpr uint32_t PositionOf(RowId id) { return static_cast<uint32_t>(id); }

// Rows of one column of one block. Readers keep constant and dictionary blocks as they are.
struct ColumnBlock {
  enum class Shape : uint8_t {
    kFlat,        // `flat` has row_count values
    kConstant,    // `flat` has one value that every row holds
    kDictionary,  // row i holds dictionary value codes[i]; `flat` is the dictionary
  };
  Shape shape = Shape::kFlat;
  uint32_t row_count = 0;
  ColumnSpan flat;
  const uint32_t* codes = nullptr;
  const uint64_t* code_validity = nullptr;  // nulls of a dictionary block; null: none
  // Keeps all of the above alive: hold it as long as any pointer is used.
  std::shared_ptr<const void> owner;
};

// A run as seen by a snapshot. Threads: any; immutable.
class RunView {
 public:
  virtual ~RunView() = default;
  virtual RunId id() const = 0;
  virtual uint32_t row_count() const = 0;  // deleted rows included
  virtual uint32_t deleted_count() const = 0;

  // Blocks cover the rows in order; every block but the last holds a multiple of 64 rows.
  virtual uint32_t block_count() const = 0;
  virtual uint32_t BlockStart(uint32_t block) const = 0;
  virtual uint32_t BlockRows(uint32_t block) const = 0;

  // Bounds of all rows of the block, deleted ones included; null when not known.
  virtual const ZoneMap* Zone(ColumnId column, uint32_t block) const = 0;
  // A column the run was written without reads as a constant block of its missing_value.
  // Errors: kCorruption names file and offset; kIoError. May read a file.
  virtual Result<ColumnBlock> Read(const ColumnSchema& column, uint32_t block) const = 0;

  // Sets bit i of `words` for row BlockStart(block)+i deleted; returns how many. `words` has
  // ValidityWords(BlockRows(block)) words and is cleared first.
  virtual uint32_t DeletedRows(uint32_t block, std::span<uint64_t> words) const = 0;
  virtual bool IsDeleted(uint32_t position) const = 0;
};

// Threads: any; immutable. Holding it keeps its runs readable whatever is flushed or dropped.
// Lifetime: it must be gone before the engine is, which owns the memory and files it reads.
class TableSnapshot {
 public:
  TableSnapshot(CatalogObjectPtr object, std::vector<std::shared_ptr<const RunView>> runs)
      : object_(std::move(object)), runs_(std::move(runs)) {}

  const CatalogObject& object() const { return *object_; }
  const TableSchema& schema() const { return *object_->table; }
  // Oldest rows first; a transaction's own uncommitted rows come last as kTransactionRunId.
  std::span<const std::shared_ptr<const RunView>> runs() const { return runs_; }
  uint64_t VisibleRowCount() const;  // without deleted rows
  const RunView* FindRun(RunId id) const;

 private:
  CatalogObjectPtr object_;
  std::vector<std::shared_ptr<const RunView>> runs_;
};
using TableSnapshotPtr = std::shared_ptr<const TableSnapshot>;

}  // namespace luma::storage
