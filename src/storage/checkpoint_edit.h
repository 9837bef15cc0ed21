// What has to be written to the manifest to bring it from one checkpoint to the next.
#pragma once

#include <map>
#include <utility>

#include "storage/database_state.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

// Records of segment files that the manifest does not have yet.
using NewRuns = std::map<std::pair<ObjectId, RunId>, RunRecord>;

// Catalog objects, runs and delete bitmaps that differ. Both states have runs on disk only; runs of
// `after` that `before` lacks, or has in another file, are in `new_runs`.
ManifestEdit CheckpointEdit(const DatabaseState& before, const DatabaseState& after,
                            const NewRuns& new_runs);

}  // namespace luma::storage
