// Copies one run from its segment file to the object store:
//
//   write a local file -> read it back, compare with the run bit by bit -> upload
//        -> read the object back, compare checksums -> write and upload the sidecar
#pragma once

#include <cstdint>
#include <string>

#include "base/status.h"
#include "storage/budget.h"
#include "storage/cold/cold_tier.h"
#include "storage/cold/cooled_run.h"
#include "storage/compaction/run_merger.h"

namespace luma::storage {

struct CoolRequest {
  CatalogObjectPtr table;
  RunVersionPtr source;     // warm, without deleted rows
  TableSnapshotPtr series;  // see ColdSource
  std::string stem;         // of file names and keys
  std::string key_prefix;   // of the table: cold_keys.h
  uint64_t writer_epoch = 0;
};

// The objects are durable and proven on return, and garbage until the manifest names them. Calls
// `pace` with the bytes written and sent since the last call. Blocks for I/O.
// Memory: a few row groups, then io::kTransferBytes, booked. Errors: kUnavailable when the object
// store does not answer, or gives back other bytes than were sent; kCorruption when the segment
// file is damaged; kInternal when the file format does not keep every value; kDiskFull, kIoError,
// kOutOfMemory, those of `pace`. Nothing is left on the local disk then, and what may be in the
// object store is discarded.
Result<CooledRun> CoolRun(ColdTier& tier, const CoolRequest& request, MemoryBudget& budget,
                          const MergePace& pace);

}  // namespace luma::storage
