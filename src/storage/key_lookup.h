// Looks up keys in one version of a table with the help of a unique index.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/status.h"
#include "storage/key_values.h"
#include "storage/table_version.h"
#include "storage/unique_index.h"

namespace luma::storage {

// The key columns of `columns` in `schema`, which has them all.
std::vector<const ColumnSchema*> KeyColumns(const TableSchema& schema,
                                            std::span<const ColumnId> columns);
// Reads them for one block of a run. Errors: kIoError, kCorruption.
Result<KeyBlocks> ReadKeyBlocks(const RunView& run, std::span<const ColumnSchema* const> columns,
                                uint32_t block);

// Rows to be treated as deleted on top of what the version says, by run; may be null.
using RunDeletes = std::map<RunId, DeleteBitmapPtr>;

// Threads: one at a time. Lifetime: all arguments must outlive it.
class KeyLookup {
 public:
  KeyLookup(const UniqueIndex& index, const TableSchema& schema, const TableVersion& version,
            const RunDeletes* also_deleted)
      : index_(index),
        columns_(KeyColumns(schema, index.columns())),
        version_(version),
        also_deleted_(also_deleted) {}

  // The visible row whose key equals row `row` of `keys`, of which `hash` is the hash.
  // Errors: kIoError, kCorruption when a segment file has to be read.
  Result<std::optional<RowId>> Find(uint64_t hash, const KeyBlocks& keys, uint32_t row);
  // How many entries of the index the last Find had to look at.
  size_t candidates() const { return candidates_.size(); }

 private:
  // Null when the row cannot be seen.
  RunVersionPtr VisibleRun(IndexedRow row) const;
  Result<const KeyBlocks*> BlocksOf(const RunVersion& run, uint32_t block);

  const UniqueIndex& index_;
  const std::vector<const ColumnSchema*> columns_;
  const TableVersion& version_;
  const RunDeletes* const also_deleted_;
  std::vector<IndexedRow> candidates_;
  // Blocks read already: keys of one call often share them, and decoding one costs 100 µs.
  std::map<std::pair<RunId, uint32_t>, KeyBlocks> blocks_;
};

}  // namespace luma::storage
