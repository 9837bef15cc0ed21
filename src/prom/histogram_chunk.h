// Chunks of native histograms as Prometheus' storage has them (tsdb/chunkenc, encoding 3, of
// histograms that count in floats): what a streamed remote read is answered with.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "base/clock.h"
#include "model/float_histogram.h"

namespace luma::prom {

// How many of the samples, from the first on, go into one chunk: at least one, at most
// kXorChunkSamplesMax. A chunk has one schema, one set of bounds and one zero threshold, and no
// counter reset after its first sample. `samples` is not empty and none of them is null.
size_t HistogramChunkSamples(std::span<const HistogramPtr> samples);

// Of as many as HistogramChunkSamples says; both spans have one size.
std::string EncodeHistogramChunk(std::span<const UnixMillis> times,
                                 std::span<const HistogramPtr> samples);

}  // namespace luma::prom
