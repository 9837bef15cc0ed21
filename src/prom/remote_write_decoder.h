// Decodes the protobuf message prometheus.WriteRequest (remote write 1.0) into a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/metrics_source.h"
#include "model/protobuf_reader.h"
#include "model/series_batch.h"
#include "prom/metric_metadata.h"

namespace luma::prom {

// Bounds on what a message can grow to in memory: two bytes of it make an empty sample of 16.
// Senders put about 10,000 samples into a request and tens of labels on a series.
constexpr size_t kSamplesPerRequestMax = 2'000'000;
// Counts that are stored take up to eight bytes where the message has their differences in one.
constexpr size_t kHistogramBytesPerRequestMax = 256 << 20;
constexpr size_t kLabelsPerSeriesMax = 4096;
constexpr size_t kMetadataPerRequestMax = 50'000;  // two bytes make one of 128

// What a message holds besides the series that went into the batch.
struct WriteRequestSummary {
  uint64_t series_refused = 0;  // labels that cannot name a series
  std::string first_refusal;    // why; empty when none was refused
  uint64_t histograms_refused = 0;
  std::string first_bad_histogram;
  uint64_t exemplars = 0;
  MetadataList metadata;
  uint64_t metadata_ignored = 0;  // beyond kMetadataPerRequestMax
};

// Thread-compatible; keeps scratch memory between requests and allocates nothing per label.
//
// Nearly every series of a request is known to storage. Those are found by the hash of the bytes
// that hold their labels, which are not looked into; the others are taken apart and checked.
class RemoteWriteDecoder {
 public:
  // Adds the valid series of `message` to `batch`, which goes to `sink`. A series is refused for
  // labels that AppendCanonical refuses, for having no __name__ and for too many labels; the others
  // are kept. Unsorted labels are sorted. Unknown fields are skipped. Errors: kInvalidArgument for
  // bytes that are no such message, kTooLarge above kSamplesPerRequestMax and
  // kHistogramBytesPerRequestMax; then the batch is not to
  // be used.
  Result<WriteRequestSummary> Decode(std::string_view message, const MetricsSink& sink,
                                     SeriesBatch& batch);

  // The scratch memory: at most 32 MB after a request of kSamplesPerRequestMax samples.
  size_t allocated_bytes() const;

 private:
  // A message TimeSeries that begins with `label_bytes` bytes of label fields.
  struct WireSeries {
    std::string_view message;
    size_t label_bytes;
  };

  // Takes the next series off the message; false when there are none, and for a malformed message.
  bool FindSome(ProtobufReader& reader, WriteRequestSummary& summary);
  // Reads all of a series, or what follows its labels when its id is known.
  Status DecodeSeries(const WireSeries& series, SeriesId id, SeriesBatch& batch,
                      WriteRequestSummary& summary);
  Status ReadFields(std::string_view fields, size_t samples_max, WriteRequestSummary& summary);
  Status ReadHistogram(std::string_view message, WriteRequestSummary& summary);
  void AddSeries(SeriesBatch& batch, WriteRequestSummary& summary);
  // To the series that was started: a known one, or one with these labels.
  void AddSamples(SeriesBatch& batch, SeriesId id) const;
  void Refuse(std::string_view reason, WriteRequestSummary& summary);

  // Of some series of the message, to be looked up together.
  std::vector<WireSeries> series_;
  std::vector<std::string_view> metadata_;
  size_t request_histogram_bytes_ = 0;  // as stored, of all series so far
  std::vector<Hash128> hashes_;
  std::vector<SeriesId> ids_;
  // Of one series.
  std::vector<LabelRef> labels_;
  size_t label_count_ = 0;  // those too many included
  std::vector<Sample> samples_;
  struct HistogramSample {
    UnixMillis timestamp;
    size_t end;  // of its bytes in histogram_bytes_
  };
  std::vector<HistogramSample> histograms_;
  std::string histogram_bytes_;
};

}  // namespace luma::prom
