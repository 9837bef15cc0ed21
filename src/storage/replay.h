// Applies log records to what the manifest has: the rules of docs/formats/commit_record.md.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "storage/commit_record.h"
#include "storage/database_state.h"
#include "storage/manifest/manifest_state.h"
#include "storage/memory_account.h"
#include "storage/moved_deletes.h"
#include "storage/sequences.h"
#include "storage/wal/lsn.h"

namespace luma::storage {

// Threads: one. Unlike the commit pipeline it changes its state in place, since nobody reads it
// before the end: about 1 µs for a record of one row.
class Replay {
 public:
  // `checkpoint`: what the manifest makes.
  Replay(const DatabaseState& checkpoint, const ManifestState& manifest, MemoryBudget& budget);

  // Records in order. Errors: kCorruption, kUnsupported.
  Status Apply(Lsn lsn, ByteSpan payload);

  // The state after the last record, but for TakeMovedDeletes(); the object is spent.
  DatabaseState Finish();
  // Deletes of rows that lie elsewhere here, as they do after a restore.
  MovedDeletes TakeMovedDeletes() { return std::move(moved_deletes_); }
  uint32_t next_object_id() const { return next_object_id_; }
  // Of sequences that exist.
  std::vector<Sequences::Record> Counters() const;

 private:
  struct RunRows {
    RunPtr run;
    uint32_t rows = 0;
    DeleteBitmapPtr deletes;
  };
  struct Table {
    std::map<RunId, RunRows> runs;
    RunId next_run{1};
    CommitNumber modified{};
  };

  // Whether the manifest already has the record's effect on everything but rows in memory.
  bool IsCheckpointed(Lsn lsn) const { return lsn <= checkpoint_lsn_; }
  Status ApplyChanges(Lsn lsn, const LoggedChanges& changes);
  Status ApplyCatalog(Lsn lsn, const LoggedChanges& changes);
  void ApplyTruncate(Lsn lsn, const LoggedTruncate& truncate);
  // `before` is the catalog as it was before the commit.
  Status ApplyDelete(Lsn lsn, const LoggedDelete& one, const CatalogState& before);
  Status ApplyRows(Lsn lsn, const LoggedRows& rows);
  Status AppendPieces(const LoggedRows& rows, RunRows& run);
  void NoteObjectId(ObjectId id);

  const Lsn checkpoint_lsn_;
  const MemoryAccount account_;
  CatalogStatePtr catalog_;
  CommitNumber commit_;
  std::map<ObjectId, Table> tables_;
  MovedDeletes moved_deletes_;
  std::map<ObjectId, SequenceRecord> sequences_;
  uint32_t next_object_id_;
};

}  // namespace luma::storage
