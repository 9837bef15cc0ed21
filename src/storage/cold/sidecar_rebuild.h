// Sidecars are derived data: what was lost or damaged is made anew of the object.
#pragma once

#include "base/status.h"
#include "storage/budget.h"
#include "storage/cold/cold_tier.h"

namespace luma::storage {

// Fetches the whole object of a cold run into a local file, compares it with the manifest, and
// makes the sidecar of its columns and values: that which the move made, bit for bit, unless the
// run was written by a version that computed zone maps otherwise. Takes as long as a move. Nothing
// is left on the local disk. Memory: a row group of one column, booked as kMerge.
// Errors: those of the object store; kCorruption for an object that is not what was put; kDiskFull,
// kIoError, kOutOfMemory.
Result<ColdSidecar> RebuildSidecar(const ColdTier& tier, ObjectId table, const RunRecord& record,
                                   MemoryBudget& budget);

}  // namespace luma::storage
