// The object store that backups and the archive of the log go to.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"
#include "io/object_store.h"
#include "server/config.h"

namespace luma::server {

// `place` is a path, or "s3://bucket/prefix" at the S3 service and with the credentials of [cold].
// Makes a directory that is missing. Lifetime: `fs` and `clock` outlive the store. Errors:
// kInvalidArgument; those of OpenColdStore.
Result<std::unique_ptr<io::ObjectStore>> OpenBackupDestination(const Config& config,
                                                               const std::string& place,
                                                               io::FileSystem& fs,
                                                               const Clock& clock);

}  // namespace luma::server
