// Times and durations as the HTTP API takes them.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace luma::prom {

// Unix seconds ("1435781451.781") or RFC 3339 ("2015-07-01T20:10:51.781Z", "...+02:00"), and the
// two texts by which Prometheus clients say "the beginning" and "the end of time". Errors:
// kInvalidArgument in Prometheus' words.
Result<UnixMillis> ParseTimeParameter(std::string_view text);

// Seconds ("15", "0.5") or a duration ("1m30s"), in milliseconds. Errors: as above.
Result<int64_t> ParseDurationParameter(std::string_view text);

}  // namespace luma::prom
