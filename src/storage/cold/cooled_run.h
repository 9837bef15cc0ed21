// A run on its way from a segment file to the cold tier.
#pragma once

#include "storage/catalog.h"
#include "storage/manifest/manifest_state.h"
#include "storage/run_version.h"
#include "storage/stored_run.h"

namespace luma::storage {

// Both files are there, and only `source` is in the manifest.
struct CooledRun {
  ObjectId table{};
  RunVersionPtr source;
  StoredRunPtr run;  // the same rows at the same positions: id and layout are those of `source`
  RunRecord record;  // of `run`, without delete bitmap
};

}  // namespace luma::storage
