#include "prom/remote_read_response.h"

#include <algorithm>
#include <span>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "prom/histogram_chunk.h"
#include "prom/protobuf_writer.h"
#include "prom/wire_histogram.h"
#include "prom/xor_chunk.h"

namespace luma::prom {
namespace {

// Chunk.Encoding
constexpr uint64_t kXorEncoding = 1;
constexpr uint64_t kFloatHistogramEncoding = 3;

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

bool IsHistogram(const SeriesSamples& series, size_t i) {
  return !series.histograms.empty() && series.histograms[i] != nullptr;
}

std::string ChunkMessage(std::span<const UnixMillis> times, uint64_t encoding,
                         const std::string& chunk) {
  std::string message;
  AppendVarintField(message, 1, static_cast<uint64_t>(times.front()));
  AppendVarintField(message, 2, static_cast<uint64_t>(times.back()));
  AppendVarintField(message, 3, encoding);
  AppendBytesField(message, 4, chunk);
  return message;
}

// Cuts a series into chunks, each of one kind of samples.
class ChunkCutter {
 public:
  explicit ChunkCutter(const SeriesSamples& series) : series_(series) {}

  bool done() const { return at_ == series_.timestamps.size(); }
  // The message of the next chunk.
  std::string Next() {
    const size_t first = at_;
    const size_t same_kind = SamplesOfOneKind();
    const auto samples = [&](const auto& column) { return std::span(column).subspan(first); };
    if (!IsHistogram(series_, first)) {
      at_ += std::min(kXorChunkSamplesMax, same_kind);
      const auto times = samples(series_.timestamps).first(at_ - first);
      return ChunkMessage(times, kXorEncoding,
                          EncodeXorChunk(times, samples(series_.values).first(times.size())));
    }
    const auto histograms = samples(series_.histograms).first(same_kind);
    at_ += HistogramChunkSamples(histograms);
    const auto times = samples(series_.timestamps).first(at_ - first);
    return ChunkMessage(times, kFloatHistogramEncoding,
                        EncodeHistogramChunk(times, histograms.first(times.size())));
  }

 private:
  size_t SamplesOfOneKind() const {
    size_t end = at_ + 1;
    while (end < series_.timestamps.size() && end - at_ < kXorChunkSamplesMax &&
           IsHistogram(series_, end) == IsHistogram(series_, at_)) {
      ++end;
    }
    return end - at_;
  }

  const SeriesSamples& series_;
  size_t at_ = 0;
};

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
  std::string message = labels;
  for (ChunkCutter chunks(series); !chunks.done();) {
    AppendBytesField(message, 2, chunks.Next());
    if (!chunks.done() && message.size() < kReadFrameBytesMax) continue;
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
      if (IsHistogram(one, i)) {
        AppendBytesField(message, 4, WireHistogramMessage(one.timestamps[i], *one.histograms[i]));
      } else {
        AppendBytesField(message, 2, SampleMessage(one.timestamps[i], one.values[i]));
      }
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
