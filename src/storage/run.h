// The data of one run, without what a snapshot adds (how many rows it sees, which are deleted).
#pragma once

#include <cstdint>
#include <memory>

#include "base/column.h"
#include "base/status.h"
#include "model/schema.h"
#include "storage/table_snapshot.h"
#include "storage/zone_map.h"

namespace luma::storage {

// Where the rows of a run are: in memory, hence still in the log and to be flushed; in a segment
// file; in an object store.
enum class Tier : uint8_t { kHot, kWarm, kCold };

// Versions of a table share runs; run_version.h makes one into a RunView.
// Threads: any. A growing run gets rows beyond what a reader was told about, never below.
class Run {
 public:
  explicit Run(RunId id) : id_(id) {}
  virtual ~Run() = default;
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  RunId id() const { return id_; }
  virtual Tier tier() const = 0;
  bool is_hot() const { return tier() == Tier::kHot; }
  // Rises whenever the rows behind this id get other positions: 0 in memory, 1 for rows that the
  // flush has sorted, one more, and 2 at least, with every merge. Positions mean nothing across a
  // change of it. The manifest has it, and so has every delete in the log.
  virtual uint32_t layout() const = 0;
  // On disk or in the object store; 0 for a hot run.
  virtual uint64_t file_bytes() const = 0;

  // `rows` is always the number of rows the reader sees.
  virtual uint32_t BlockCount(uint32_t rows) const = 0;
  virtual uint32_t BlockStart(uint32_t block) const = 0;
  virtual uint32_t BlockRows(uint32_t block, uint32_t rows) const = 0;
  virtual const ZoneMap* Zone(ColumnId column, uint32_t block, uint32_t rows) const = 0;
  // The column is one that the run was written with, or reads as its missing_value.
  virtual Result<ColumnBlock> Read(const ColumnSchema& column, uint32_t block,
                                   uint32_t rows) const = 0;

 private:
  const RunId id_;
};
using RunPtr = std::shared_ptr<const Run>;

// A block in which every one of `rows` rows holds `value`, which is of `type` or null.
ColumnBlock ConstantBlock(PhysicalType type, const Value& value, uint32_t rows);

}  // namespace luma::storage
