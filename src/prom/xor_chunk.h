// Chunks as Prometheus' storage has them (tsdb/docs/format/chunks.md, encoding 1): what a streamed
// remote read is answered with.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/clock.h"

namespace luma::prom {

constexpr size_t kXorChunkSamplesMax =
    120;  // as Prometheus cuts them; the format has room for 65535

// Both spans have one size, 1..kXorChunkSamplesMax; times ascend. Values keep their bits.
std::string EncodeXorChunk(std::span<const UnixMillis> times, std::span<const double> values);

}  // namespace luma::prom
