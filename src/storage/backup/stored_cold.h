// Runs of the cold tier in a backup destination: the object and its sidecar, as files.
#pragma once

#include <string>

#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"
#include "storage/backup/stored_parts.h"
#include "storage/manifest/manifest_state.h"

namespace luma::storage {

// Before the parts of a cold object; its sidecar lies where SegmentPrefix says.
std::string ColdObjectPrefix(const DatabaseUuid& uuid, const ColdObjectRecord& object);

// Uploads what is not in `there` out of the store of the cold tier; both are compared with the
// checksums of the manifest. Memory: two parts. Errors: kCorruption naming the object; those of
// both stores and of `on_part`.
Status UploadColdRun(io::ObjectStore& cold, const RunRecord& record, io::ObjectStore& store,
                     const DatabaseUuid& uuid, const StoredParts& there, const OnPart& on_part);

// Puts the object and its sidecar into the cold tier under `key`, verified, and the sidecar into
// `folder`. What is between is a file there. Errors: as above.
Status DownloadColdRun(io::ObjectStore& store, const DatabaseUuid& uuid, const RunRecord& record,
                       io::FileSystem& fs, const io::Path& folder, io::ObjectStore& cold,
                       const std::string& key, const OnPart& on_part);

// Reads both back from a backup. Errors: kCorruption naming the object; those of the store.
Status CheckStoredColdRun(io::ObjectStore& store, const DatabaseUuid& uuid, const RunRecord& record,
                          const OnPart& on_part);

// Reads both from the cold tier itself. Errors: as above.
Status CheckColdRun(io::ObjectStore& cold, const RunRecord& record);

}  // namespace luma::storage
