// What one TimeSeries of remote write holds besides its labels, on its way into a batch.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/series_batch.h"
#include "prom/request_memory.h"
#include "prom/write_request.h"

namespace luma::prom {

// Labels of an exemplar that are worth reading: every one has a character or is refused.
constexpr size_t kLabelsPerExemplarMax = kExemplarCharsMax;

// A message Sample of either version.
struct WireSample {
  UnixMillis timestamp = 0;
  double value = 0;
  UnixMillis start = 0;  // 0: not known; 1.0 has none
};
bool DecodeWireSample(std::string_view message, WireSample& sample);

// Thread-compatible; keeps its memory from series to series.
class DecodedSeries {
 public:
  // Begins the next series, which goes to `batch`. Both outlive AddTo; what is added is booked.
  void Start(const SeriesBatch& batch, RequestMemory& memory);

  void AddSample(const WireSample& sample) { samples_.push_back(sample); }
  // A message Histogram; `start` is that of one that tells none. A histogram that cannot be is
  // refused alone. Errors: kInvalidArgument for bytes that are no such message, kOutOfMemory, and
  // kTooLarge when the batch would have more than kHistogramBytesPerRequestMax.
  Status AddHistogram(std::string_view message, UnixMillis start);
  // The texts must live until AddTo. One with more or longer labels than its characters can be, and
  // those beyond what a series can sensibly have, are left out and counted.
  void AddExemplar(UnixMillis timestamp, double value, std::span<const LabelRef> labels);
  void RefuseExemplar(std::string_view reason) { refused_.RefuseExemplar(reason); }
  // Of the samples that tell none.
  void SetStart(UnixMillis start);

  size_t sample_count() const { return samples_.size() + histograms_.size(); }  // of both kinds
  size_t exemplar_count() const { return exemplars_.size(); }
  bool empty() const { return sample_count() + exemplar_count() == 0; }

  // To the series that was started last; more entries of it follow if need be. Nothing is added
  // when it is empty. What was refused goes to `summary`: it counts for kExemplarsPerRequestMax, as
  // it costs time too. Errors: kOutOfMemory, and kTooLarge as of AddHistogram.
  Status AddTo(SeriesBatch& batch, WriteRequestSummary& summary);

  size_t allocated_bytes() const;

 private:
  struct Histogram {
    UnixMillis timestamp;
    size_t end;  // of its bytes in histogram_bytes_
  };
  struct Exemplar {
    UnixMillis timestamp;
    double value;
    size_t labels_end;  // in exemplar_labels_
  };
  Status CheckHistogramBytes() const;
  // Before the next histogram is decoded.
  Status MakeRoomFor(std::string_view histogram);
  uint64_t used_bytes() const;
  void AddExemplarsTo(SeriesBatch& batch, WriteRequestSummary& summary);
  void AddHistogramsTo(SeriesBatch& batch) const;
  UnixMillis LastTime() const;

  const SeriesBatch* batch_ = nullptr;
  RequestMemory* memory_ = nullptr;
  std::vector<WireSample> samples_;
  std::vector<Histogram> histograms_;
  std::string histogram_bytes_;
  std::vector<Exemplar> exemplars_;
  std::vector<LabelRef> exemplar_labels_;
  WriteRequestSummary refused_;  // of this series
};

}  // namespace luma::prom
