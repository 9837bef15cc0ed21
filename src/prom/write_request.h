// What the decoders of remote write 1.0 and 2.0 have in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/status.h"
#include "prom/metric_metadata.h"

namespace luma::prom {

// Bounds on what a message can grow to in memory: two bytes of it make an empty sample of 24.
// Senders put about 10,000 samples into a request and tens of labels on a series.
constexpr size_t kSamplesPerRequestMax = 2'000'000;
// Counts that are stored take up to eight bytes where the message has their differences in one.
constexpr size_t kHistogramBytesPerRequestMax = 256 << 20;
constexpr size_t kExemplarsPerRequestMax = 100'000;  // more are left out and counted
constexpr size_t kLabelsPerSeriesMax = 4096;
constexpr size_t kMetadataPerRequestMax = 50'000;  // two bytes make one of 128

// What a message holds besides what went into the batch.
struct WriteRequestSummary {
  uint64_t series_refused = 0;  // labels that cannot name a series
  std::string first_refusal;    // why; empty when none was refused
  uint64_t histograms_refused = 0;
  std::string first_bad_histogram;
  uint64_t exemplars_refused = 0;  // labels that cannot be
  std::string first_bad_exemplar;
  uint64_t exemplars_ignored = 0;  // their labels are too long, or there are too many
  MetadataList metadata;
  uint64_t metadata_ignored = 0;  // beyond kMetadataPerRequestMax

  void RefuseSeries(std::string_view reason) {
    if (++series_refused == 1) first_refusal = reason;
  }
  void RefuseHistogram(std::string_view reason) {
    if (++histograms_refused == 1) first_bad_histogram = reason;
  }
  void RefuseExemplar(std::string_view reason) {
    if (++exemplars_refused == 1) first_bad_exemplar = reason;
  }
  // Some of a series, but not the series itself.
  bool has_refused_parts() const {
    return histograms_refused + exemplars_refused + exemplars_ignored > 0;
  }
  // What was refused of `series`, a part of the message.
  void AddRefusedParts(const WriteRequestSummary& series) {
    if (!series.has_refused_parts()) return;
    if (histograms_refused == 0) first_bad_histogram = series.first_bad_histogram;
    if (exemplars_refused == 0) first_bad_exemplar = series.first_bad_exemplar;
    histograms_refused += series.histograms_refused;
    exemplars_refused += series.exemplars_refused;
    exemplars_ignored += series.exemplars_ignored;
  }
};

inline Status MalformedMessage(std::string_view what) {
  return Status::InvalidArgument("malformed protobuf: message=", what);
}
inline Status TooManySamples() {
  return Status::TooLarge("too many samples in one request: limit=", kSamplesPerRequestMax);
}

}  // namespace luma::prom
