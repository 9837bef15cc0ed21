// The file format of the cold tier, as storage needs it. Storage knows no Parquet: src/sql
// implements this with DuckDB's writer and reader, and src/server hands it to the engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "model/schema.h"
#include "storage/block_cache.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Rows of every row group but the last: a multiple of the blocks of segment files (16,384), so that
// the zone map of a row group is the union of those of whole blocks.
inline constexpr uint32_t kColdGroupRows = 4 * 16384;

// One stored column of a cold file, as the table had it when the file was written. The name is that
// in the file; readers find columns by id, so a later RENAME COLUMN changes nothing.
struct ColdColumn {
  ColumnId id{};
  std::string name;
  PhysicalType physical_type = PhysicalType::kInt64;
  std::string logical_type;  // SQL text, see ColumnSchema
};

// The bytes of one cold object: on a local disk, in an object store, through a cache.
// Threads: any; blocks.
class ColdBytes {
 public:
  virtual ~ColdBytes() = default;
  // For messages: the object's key or the file's path.
  virtual const std::string& name() const = 0;
  virtual uint64_t size_bytes() const = 0;
  // Fills `out` from `offset`. Errors: kUnavailable when the store does not answer, kCorruption
  // when the object is gone or has another size; both name the object.
  virtual Status Read(uint64_t offset, std::span<std::byte> out) const = 0;
};

// One open cold file. Threads: every method from any thread; immutable.
class ColdFile {
 public:
  virtual ~ColdFile() = default;
  // Rows [group * kColdGroupRows, ...) of one column, every value bit for bit as it was written.
  // `column` is one the file was written with. Errors: those of ColdBytes; kCorruption names the
  // object for bytes that are no file of this format or have other rows or columns than expected.
  virtual Result<DecodedBlockPtr> ReadGroup(const ColdColumn& column, uint32_t group) const = 0;
  // ColdSource::columns of its writing, as the file itself tells. Errors: kCorruption.
  virtual Result<std::vector<ColdColumn>> Columns() const = 0;
};

// What is written: all rows of `run`, in order; none of them is deleted.
struct ColdSource {
  CatalogObjectPtr table;
  std::shared_ptr<const RunView> run;
  std::vector<ColdColumn> columns;  // stored ones, in the table's order
  // For tables of samples and rollups: luma.series, so that each row can carry its labels. Null
  // otherwise.
  TableSnapshotPtr series;
};

// Threads: every method from any thread; blocks for I/O. Lifetime: outlives the engine.
class ColdFormat {
 public:
  virtual ~ColdFormat() = default;
  // ".parquet"
  virtual std::string_view file_suffix() const = 0;
  // Makes the file at `path`, which does not exist, on the local disk; not synced. On an error
  // nothing is left there. Memory: a few row groups, booked by the caller.
  virtual Status Write(const ColdSource& source, const io::Path& path) = 0;
  // Reads the file's metadata. `row_count` and the columns that will be read are what the caller
  // knows of the file. Errors: see ColdFile.
  virtual Result<std::shared_ptr<const ColdFile>> Open(std::shared_ptr<const ColdBytes> bytes,
                                                       uint32_t row_count) = 0;
};

}  // namespace luma::storage
