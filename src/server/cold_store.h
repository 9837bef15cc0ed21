// The object store of [cold].
#pragma once

#include "base/clock.h"
#include "base/status.h"
#include "io/file_system.h"
#include "server/config.h"
#include "storage/cold/cold_tier_options.h"

namespace luma::server {

// What the engine needs of [cold], except the file format, which the caller adds. Without a store,
// `store` is null. Makes the directory of a local store; asks nothing of an S3 service, which may
// be away while the server starts. Lifetime: `fs` and `clock` must outlive the store. Errors:
// kInvalidArgument for a [cold] that fits no store, kNotFound when there are no credentials for S3,
// those of the directory.
Result<storage::ColdTierOptions> OpenColdStore(const Config& config, io::FileSystem& fs,
                                               const Clock& clock);

}  // namespace luma::server
