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
#include "prom/decoded_series.h"
#include "prom/request_memory.h"
#include "prom/write_request.h"

namespace luma::prom {

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
  // kHistogramBytesPerRequestMax, kOutOfMemory; then the batch is not to be used. What it grows to
  // beyond as many bytes as the message has is booked on `memory`.
  Result<WriteRequestSummary> Decode(std::string_view message, const MetricsSink& sink,
                                     ResultMemory& memory, SeriesBatch& batch);

  // The scratch memory: at most 48 MB after a request of kSamplesPerRequestMax samples.
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
  Status ReadFields(std::string_view fields, const SeriesBatch& batch);
  Status ReadExemplar(std::string_view message);
  Status AddSeries(SeriesBatch& batch, WriteRequestSummary& summary);

  RequestMemory memory_;
  // Of some series of the message, to be looked up together.
  std::vector<WireSeries> series_;
  std::vector<std::string_view> metadata_;
  std::vector<Hash128> hashes_;
  std::vector<SeriesId> ids_;
  // Of one series.
  std::vector<LabelRef> labels_;
  size_t label_count_ = 0;  // those too many included
  DecodedSeries decoded_;
  std::vector<LabelRef> exemplar_labels_;
};

}  // namespace luma::prom
