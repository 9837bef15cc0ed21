// Writes one sealed hot run to a segment file.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "io/file_system.h"
#include "storage/data_directory.h"
#include "storage/manifest/manifest_state.h"
#include "storage/run_version.h"
#include "storage/warm_run.h"

namespace luma::storage {

// A run that is in memory and on disk.
struct FlushedRun {
  ObjectId table{};
  std::shared_ptr<const WarmRun> run;
  RunRecord record;             // without delete bitmap
  std::vector<uint32_t> order;  // old positions, in the order on disk; empty: rows kept theirs
  BudgetLease memory;           // of `order`

  bool is_resorted() const { return !order.empty(); }
  // What the deletes of the run in memory are on disk.
  DeleteBitmapPtr Remap(const DeleteBitmapPtr& deletes) const;
  // By old position. Of a run that is resorted; not kept, since only unique indexes need it.
  std::vector<uint32_t> NewPositions() const;
};

// Sorts by the schema's sort key, writes all rows, deleted ones too, and opens the file. The file
// is durable on return and garbage until the manifest names it. Blocks for I/O. Its memory is
// booked as kFlush, beyond the limit if need be, since a flush is what makes room: about 8 bytes
// per row, and 8 to 24 per row and key column. Errors: kDiskFull, kIoError; no file is left then
// unless removing it failed as well.
Result<FlushedRun> FlushRun(io::FileSystem& fs, const DataDirectory& directory,
                            const CatalogObject& table, const RunVersion& run,
                            const std::string& file_name, uint64_t writer_epoch,
                            MemoryBudget& budget, BlockCache* cache = nullptr);

}  // namespace luma::storage
