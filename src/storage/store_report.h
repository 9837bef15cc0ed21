// What the store is made of at one moment, for operators. SQL shows it as schema luma_storage
// (sql/store_relations.h).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/status.h"
#include "storage/catalog.h"
#include "storage/cold/cold_report.h"
#include "storage/run_version.h"
#include "storage/stored_run.h"
#include "storage/wal/wal_extent.h"

namespace luma::storage {

// One column's values of up to kBlockRows rows, as they lie in a file.
struct BlockReport {
  // As `lumadb inspect` names it: "delta_of_delta", "dictionary+zstd". Of a cold run "cold": its
  // object has a format of its own, in which blocks have no places.
  std::string codec;
  uint64_t encoded_bytes = 0;  // 0 of a cold run
  ZoneMap zone;                // rows, nulls and bounds
};

// One segment file or cold object. Holding it keeps that readable, whatever is flushed, merged or
// dropped.
// Threads: any; immutable. Lifetime: as a TableSnapshot, it must be gone before the engine is.
class SegmentReport {
 public:
  // `run` is not hot.
  explicit SegmentReport(RunVersionPtr run) : run_(std::move(run)) {}

  RunId run_id() const { return run_->id(); }
  Tier tier() const { return stored().tier(); }
  // Name of the file, or key of the object.
  const std::string& file_name() const { return stored().name(); }
  uint64_t file_bytes() const { return stored().file_bytes(); }
  uint32_t row_count() const { return run_->row_count(); }  // deleted ones included
  uint32_t deleted_count() const { return run_->deleted_count(); }
  // Of each column.
  uint32_t block_count() const { return run_->block_count(); }
  // In the order of the file. A column that ALTER TABLE dropped is still here. Empty for a cold run
  // whose sidecar is lost until the object store answers.
  std::span<const SegmentColumn> columns() const { return stored().columns(); }

  // Counts and bounds of all rows; nothing when the file was written without the column, or for a
  // cold run as above.
  std::optional<ZoneMap> Zone(ColumnId column) const;
  // Reads the few bytes of the block's header, whose checksum only `lumadb check` and queries
  // verify; no lock is held. The column and the block are the file's. Errors: kIoError, kCorruption
  // for a header that no writer wrote.
  Result<BlockReport> Block(ColumnId column, uint32_t block) const;

 private:
  const StoredRun& stored() const { return static_cast<const StoredRun&>(*run_->run()); }

  RunVersionPtr run_;
};

struct TableReport {
  CatalogObjectPtr table;
  std::string schema_name;
  uint32_t hot_runs = 0;
  uint64_t hot_rows = 0;                // deleted ones included, as everywhere
  uint64_t hot_bytes = 0;               // memory
  uint64_t warm_rows = 0;               // in segment files
  uint64_t warm_bytes = 0;              // of segment files
  uint64_t cold_rows = 0;               // in objects of the cold tier
  uint64_t cold_bytes = 0;              // of these objects
  uint64_t deleted_rows = 0;            // of all tiers
  std::vector<SegmentReport> segments;  // oldest rows first
};

struct StoreReport {
  std::vector<TableReport> tables;  // of the newest committed state, in order of object id
  WalExtent wal;
  ColdReport cold = {};
};

}  // namespace luma::storage
