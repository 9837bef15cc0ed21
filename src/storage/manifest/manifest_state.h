// What the manifest knows, and the edits that change it.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "storage/catalog_state.h"
#include "storage/table_snapshot.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

using DatabaseUuid = std::array<std::byte, 16>;

// The object that holds the rows of a cold run. Its sidecar lies beside it (cold/cold_keys.h).
struct ColdObjectRecord {
  std::string key;
  uint64_t bytes = 0;
  uint32_t crc32c = 0;  // of all its bytes
  bool operator==(const ColdObjectRecord&) const = default;
};

// One run of a table that is not in memory.
struct RunRecord {
  RunId id{};
  uint32_t row_count = 0;
  // Warm: the segment file, in the segment directory. Cold: the sidecar, in the cold directory.
  std::string file_name;
  uint64_t file_bytes = 0;
  uint32_t footer_crc = 0;  // of a sidecar: of all its bytes but its own checksum
  Bytes delete_bitmap;      // serialized roaring bitmap of row positions; empty: no row is deleted
  std::optional<ColdObjectRecord> cold = std::nullopt;
  uint32_t layout = 0;  // of the positions, see Run::layout()
  bool operator==(const RunRecord&) const = default;
};

struct TableRecord {
  RunId next_run{1};  // never given to a run yet, flushed or not
  std::map<RunId, RunRecord> runs;
  bool operator==(const TableRecord&) const = default;
};

struct SequenceRecord {
  int64_t value = 0;
  bool is_called = false;  // false: the next value is `value` itself
  bool operator==(const SequenceRecord&) const = default;
};

// Everything up to and including `commit` is in the runs and objects of the manifest; the log is
// replayed from `replay_from` on.
struct Checkpoint {
  CommitNumber commit{};
  Lsn replay_from = kFirstLsn;
  bool operator==(const Checkpoint&) const = default;
};

// Runs added, removed or with a new delete bitmap. Removals are applied first.
struct TableEdit {
  ObjectId id{};
  std::optional<RunId> next_run = std::nullopt;
  std::vector<RunId> removed = {};
  std::vector<RunRecord> added = {};
  std::vector<std::pair<RunId, Bytes>> bitmaps = {};
};

// One atomic change: carries only what changed. Dropping a catalog object drops its table or
// sequence record with it; an edit of a table without a record makes one.
struct ManifestEdit {
  std::optional<DatabaseUuid> uuid;  // written by Manifest::Open only, as is epoch
  std::optional<uint64_t> epoch;
  std::optional<Checkpoint> checkpoint;
  std::optional<ObjectId> next_object_id;
  std::vector<CatalogChange> catalog;  // at most one per id
  std::vector<TableEdit> tables;       // at most one per id
  std::vector<std::pair<ObjectId, SequenceRecord>> sequences;
};

struct ManifestState {
  DatabaseUuid uuid{};
  uint64_t epoch = 0;  // of the writer: one more at every Manifest::Open
  Checkpoint checkpoint;
  ObjectId next_object_id = kFirstUserObjectId;
  std::map<ObjectId, CatalogObjectPtr> objects;  // without built-in ones; `modified` as committed
  std::map<ObjectId, TableRecord> tables;
  std::map<ObjectId, SequenceRecord> sequences;

  // Errors: kInvalidArgument for an object or run to drop that is not there, a run to add that is
  // there or not below next_run, a checkpoint, epoch or object id that goes back. The state is then
  // half changed: apply to a copy.
  Status Apply(const ManifestEdit& edit);
  // The edit that makes this state from an empty one.
  ManifestEdit ToEdit() const;

 private:
  Status ApplyNumbers(const ManifestEdit& edit);
};

}  // namespace luma::storage
