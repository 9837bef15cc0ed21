// How much memory this process may take at most, as the machine sees it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace luma::server {

// The smallest of the machine's memory and the limits of the process's cgroup and its parents
// (version 1 and 2). Reads /proc and /sys.
uint64_t MachineMemoryBytes();

// An amount of memory as general.memory_limit spells it: a size ("4GiB"), or a share of
// `machine_bytes` ("60%"). Errors: kInvalidArgument; below 256 MiB, above 1 TiB, not 1% .. 100%.
// A share that comes out below 256 MiB is 256 MiB.
Result<uint64_t> ParseMemoryAmount(std::string_view text, uint64_t machine_bytes);

// The limit in a cgroup file's text: bytes, or "max" for none.
uint64_t ParseCgroupLimit(std::string_view text);

}  // namespace luma::server
