#include "prom/remote_read_response.h"

#include <algorithm>
#include <span>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "prom/protobuf_writer.h"
#include "prom/xor_chunk.h"

namespace luma::prom {
namespace {

constexpr uint64_t kXorEncoding = 1;  // Chunk.Encoding

// Labels are field 1 of a TimeSeries and of a ChunkedSeries.
std::string LabelFields(LabelsView labels) {
  std::string fields;
  for (const LabelRef& label : labels) {
    std::string message;
    AppendBytesField(message, 1, label.name);
    AppendBytesField(message, 2, label.value);
    AppendBytesField(fields, 1, message);
  }
  return fields;
}

std::string SampleMessage(UnixMillis time, double value) {
  std::string message;
  AppendDoubleField(message, 1, value);
  AppendVarintField(message, 2, static_cast<uint64_t>(time));
  return message;
}

std::string ChunkMessage(std::span<const UnixMillis> times, std::span<const double> values) {
  std::string message;
  AppendVarintField(message, 1, static_cast<uint64_t>(times.front()));
  AppendVarintField(message, 2, static_cast<uint64_t>(times.back()));
  AppendVarintField(message, 3, kXorEncoding);
  AppendBytesField(message, 4, EncodeXorChunk(times, values));
  return message;
}

void AppendFrame(const std::string& series, uint64_t query_index, std::string& stream) {
  std::string message;
  AppendBytesField(message, 1, series);
  AppendVarintField(message, 2, query_index);
  AppendVarint(stream, message.size());
  const uint32_t checksum = Crc32c(AsBytes(message));
  for (const int shift : {24, 16, 8, 0}) stream.push_back(static_cast<char>(checksum >> shift));
  stream += message;
}

void AppendFramesOf(const SeriesSamples& series, uint64_t query_index, std::string& stream) {
  const std::string labels = LabelFields(series.labels);
  const std::span<const UnixMillis> times(series.timestamps);
  const std::span<const double> values(series.values);
  std::string message = labels;
  for (size_t at = 0; at < times.size(); at += kXorChunkSamplesMax) {
    const size_t count = std::min(kXorChunkSamplesMax, times.size() - at);
    AppendBytesField(message, 2, ChunkMessage(times.subspan(at, count), values.subspan(at, count)));
    const bool last = at + count == times.size();
    if (!last && message.size() < kReadFrameBytesMax) continue;
    AppendFrame(message, query_index, stream);
    message = labels;
  }
}

}  // namespace

void AppendReadResult(const std::vector<SeriesSamples>& series, std::string& response) {
  std::string result;
  for (const SeriesSamples& one : series) {
    std::string message = LabelFields(one.labels);
    for (size_t i = 0; i < one.timestamps.size(); ++i) {
      AppendBytesField(message, 2, SampleMessage(one.timestamps[i], one.values[i]));
    }
    AppendBytesField(result, 1, message);
  }
  AppendBytesField(response, 1, result);
}

void AppendReadFrames(const std::vector<SeriesSamples>& series, uint64_t query_index,
                      std::string& stream) {
  for (const SeriesSamples& one : series) AppendFramesOf(one, query_index, stream);
}

}  // namespace luma::prom
