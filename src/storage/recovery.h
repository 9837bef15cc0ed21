// Reads the database back at start: manifest, segment files, then the log.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "io/file_system.h"
#include "storage/block_cache.h"
#include "storage/cold/cold_tier.h"
#include "storage/data_directory.h"
#include "storage/database_state.h"
#include "storage/manifest/manifest_state.h"
#include "storage/moved_deletes.h"
#include "storage/sequences.h"
#include "storage/wal/wal_reader.h"

namespace luma::storage {

struct RecoveredDatabase {
  DatabaseStatePtr state;
  // Are still to be made in `state`, once cold runs can be read; only a restored database has some.
  std::optional<MovedDeletes> moved_deletes;
  DatabaseStatePtr checkpoint;  // what the manifest alone makes: runs of segment files only
  uint32_t next_object_id = 0;
  std::vector<Sequences::Record> sequences;
  WalEnd wal_end;
};

// Changes nothing on disk. Time: one pass over the log from the checkpoint on, plus one footer per
// segment file and one sidecar per cold run, whose object is not touched: the store may be down.
// Memory: the rows in the log, which `budget` books even beyond its limit. Lifetime: `cold`
// outlives the states. Errors: kCorruption and kUnsupported, naming the file; kIoError. A log that
// ends before the checkpoint is kCorruption: it has lost rows that are nowhere else.
Result<RecoveredDatabase> Recover(io::FileSystem& fs, const DataDirectory& directory,
                                  const ManifestState& manifest, MemoryBudget& budget,
                                  ColdTier& cold, BlockCache* cache = nullptr);

}  // namespace luma::storage
