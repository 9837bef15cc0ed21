// Merges runs in segment files into one, in the order of the table's sort key.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "storage/block_cache.h"
#include "storage/catalog.h"
#include "storage/compaction/merge_order.h"
#include "storage/data_directory.h"
#include "storage/manifest/manifest_state.h"
#include "storage/run_version.h"
#include "storage/warm_run.h"

namespace luma::storage {

// Called after every block of output with the bytes written since the last call; may sleep. An
// error ends the merge with it.
using MergePace = std::function<Status(uint64_t written_bytes)>;

struct MergeRequest {
  CatalogObjectPtr table;
  std::vector<RunVersionPtr> inputs;  // in order of id; on disk; with a live row at least
  std::string file_name;              // of the new segment
  uint64_t writer_epoch = 0;
};

// A run that is on disk beside the runs it was made from.
struct MergedRun {
  ObjectId table{};
  std::vector<RunVersionPtr> inputs;   // with what was left out: deleted then, or expired
  std::shared_ptr<const WarmRun> run;  // has the id of the last input
  RunRecord record;                    // without delete bitmap
  MergeOrder order;
  uint64_t read_bytes = 0;
  BudgetLease memory;  // of `order`

  // What the deletes of the inputs are in the merged run; `now` are those versions' successors.
  DeleteBitmapPtr Remap(const std::vector<RunVersionPtr>& now) const;
};

// The file is durable on return and garbage until the manifest names it. Rows without a sort key
// stay in the order of the inputs; equal keys too. Blocks for I/O.
// Memory: a block of every input and one of output, plus MergeOrder; all booked.
// Errors: kOutOfMemory, kDiskFull, kIoError, kCorruption, those of `pace`; no file is left then
// unless removing it failed as well.
Result<MergedRun> MergeRuns(io::FileSystem& fs, const DataDirectory& directory,
                            MergeRequest request, MemoryBudget& budget, const MergePace& pace,
                            BlockCache* cache = nullptr);

}  // namespace luma::storage
