// How one memory limit becomes the limits of the parts.
#pragma once

#include "server/config.h"

namespace luma::server {

// Gives every memory key that is 0 its share of general.memory_limit; what is set stays as it is.
// Idempotent. The text of general.memory_limit was checked when it was read.
//
//   general.memory_limit  =  reserve for the program and its allocator
//                          + query.memory_limit + storage.memory_limit
//
// server.body_memory and compaction.memory_limit are parts of storage.memory_limit.
Config WithMemoryShares(Config config);

// general.memory_limit in bytes.
uint64_t MemoryLimitBytes(const Config& config);

}  // namespace luma::server
