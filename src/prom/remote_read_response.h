// Encodes what a remote read is answered with. Native histograms count in floats there, whatever
// their senders counted in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/metrics_source.h"

namespace luma::prom {

// Appends one result to a message prometheus.ReadResponse: the series with their samples.
void AppendReadResult(const std::vector<SeriesSamples>& series, std::string& response);

// Appends frames, each a message prometheus.ChunkedReadResponse with (a part of) one series:
//   varint length, CRC32C of the message as 4 bytes big-endian, the message.
void AppendReadFrames(const std::vector<SeriesSamples>& series, uint64_t query_index,
                      std::string& stream);

constexpr size_t kReadFrameBytesMax = 1 << 20;  // of a message, about; as Prometheus' default

}  // namespace luma::prom
