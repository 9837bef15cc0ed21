// Decompresses the bodies of requests. A body of a few bytes may claim or become gigabytes: nothing
// is allocated before it is booked, and nothing beyond the bound.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/compression.h"

namespace luma::net {

// Books so many bytes more.
using BookBytes = std::function<Status(uint64_t bytes)>;

struct DecompressionLimits {
  uint64_t bytes_max = 32 << 20;  // of the content
  BookBytes book = nullptr;       // null: nothing is booked
};

// Makes `out` the content of `body`, which is gzip (also of several members), or zstd (also of
// several frames, with windows of at most 8 MiB). Errors: kInvalidArgument for bytes that are not,
// or are cut off; kTooLarge; those of `limits.book`. Threads: any.
Status Decompress(ContentCoding coding, std::string_view body, const DecompressionLimits& limits,
                  std::string& out);

}  // namespace luma::net
