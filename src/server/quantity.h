// Durations and byte counts as the configuration file spells them: "1m30s", "64MiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::server {

// Whole numbers with the units ms, s, m, h, d, largest first, each at most once: "1h30m", "250ms".
// Errors: kInvalidArgument for anything else, and above 10,000 days.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::string FormatDuration(std::chrono::milliseconds duration);  // the shortest exact spelling

// A number of bytes. A type of its own, so that the configuration prints it with a unit.
struct ByteCount {
  uint64_t bytes = 0;
  bool operator==(const ByteCount&) const = default;
};

// A whole number with an optional unit B, KiB, MiB, GiB or TiB. Errors: kInvalidArgument for
// anything else, and at 2^63 or above.
Result<ByteCount> ParseByteCount(std::string_view text);
std::string FormatByteCount(ByteCount count);  // in the largest unit that is exact

}  // namespace luma::server
