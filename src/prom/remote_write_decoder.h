// Decodes the protobuf message prometheus.WriteRequest (remote write 1.0) into a batch.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/series_batch.h"

namespace luma::prom {

// Bounds on what a message can grow to in memory: two bytes of it make an empty sample of 16.
// Senders put about 10,000 samples into a request and tens of labels on a series.
constexpr size_t kSamplesPerRequestMax = 2'000'000;
constexpr size_t kLabelsPerSeriesMax = 4096;

// What a message holds besides the series that went into the batch.
struct WriteRequestSummary {
  uint64_t series_refused = 0;  // labels that cannot name a series
  std::string first_refusal;    // why; empty when none was refused
  uint64_t histograms = 0;
  uint64_t exemplars = 0;
  uint64_t metadata = 0;
};

// Thread-compatible; keeps scratch memory between requests and allocates nothing per label.
class RemoteWriteDecoder {
 public:
  // Adds the valid series of `message` to `batch`. A series is refused for labels that
  // AppendCanonical refuses, for having no __name__ and for too many labels; the others are kept.
  // Unsorted labels are sorted. Unknown fields are skipped.
  // Errors: kInvalidArgument for bytes that are no such message, kTooLarge above
  // kSamplesPerRequestMax; then the batch is not to be used.
  Result<WriteRequestSummary> Decode(std::string_view message, SeriesBatch& batch);

 private:
  Status DecodeSeries(std::string_view message, SeriesBatch& batch, WriteRequestSummary& summary);
  void Refuse(std::string_view reason, WriteRequestSummary& summary);

  std::vector<LabelRef> labels_;
  std::vector<Sample> samples_;
};

}  // namespace luma::prom
