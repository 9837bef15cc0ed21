// Request bodies that come as one block of snappy.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace luma::prom {

// What the block says its content takes, before anything is allocated for it. Errors:
// kInvalidArgument for what cannot be true, kTooLarge above `bytes_max`.
Result<size_t> UncompressedBytes(std::string_view body, uint64_t bytes_max);

}  // namespace luma::prom
