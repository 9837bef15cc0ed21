// Series with samples on their way into storage: three arrays for any number of series, so that a
// decoder reuses one batch for many requests and allocates nothing once it has grown.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/hash.h"
#include "model/labels.h"
#include "model/sample.h"

namespace luma {

// Thread-compatible. The same series may appear more than once; samples come in any time order.
class SeriesBatch {
 public:
  struct Series {
    SeriesId id;        // kUnknownSeries: labels and hash tell which series it is
    LabelsView labels;  // points into the batch; empty if the id is known
    Hash128 hash;       // of the labels
    std::span<const Sample> samples;
  };

  // Adds one series: checks and copies its labels (sorting them in place). On anything but kOk the
  // batch is unchanged. Samples added next belong to this series.
  LabelsOutcome StartSeries(std::span<LabelRef> labels);
  void StartSeries(LabelsView labels);  // labels that are canonical already
  // Of an id that the sink of the batch gave: see MetricsSink::FindSeries.
  void StartSeries(SeriesId known);
  void AddSample(Sample sample) {
    samples_.push_back(sample);
    ++entries_.back().sample_count;
  }

  size_t size() const { return entries_.size(); }
  size_t sample_count() const { return samples_.size(); }
  Series series(size_t index) const;
  // Bytes this batch keeps allocated, for memory accounting.
  size_t allocated_bytes() const;
  void Clear();  // keeps the memory

 private:
  struct Entry {
    SeriesId id = kUnknownSeries;
    uint32_t labels_offset;
    uint32_t labels_bytes;
    uint32_t sample_offset;
    uint32_t sample_count = 0;
    Hash128 hash;
  };
  void PushEntry(size_t labels_offset);

  std::string label_bytes_;
  std::vector<Entry> entries_;
  std::vector<Sample> samples_;
};

}  // namespace luma
