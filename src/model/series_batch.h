// Series with samples on their way into storage: a few arrays for any number of series, so that a
// decoder reuses one batch for many requests and allocates nothing once it has grown.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "model/labels.h"
#include "model/sample.h"

namespace luma {

// Prometheus' bound on the names and values of an exemplar's labels together.
constexpr size_t kExemplarCharsMax = 128;

// Thread-compatible. The same series may appear more than once; samples come in any time order. An
// entry has either floats or histograms, and exemplars, or exemplars alone.
class SeriesBatch {
 public:
  struct StartTime {
    uint32_t sample;  // number in the entry
    UnixMillis start;
  };
  struct Exemplar {
    UnixMillis timestamp;
    double value;
    uint32_t labels_offset;
    uint32_t labels_bytes;
  };
  struct Series {
    SeriesId id;                 // kUnknownSeries: labels and hash tell which series it is
    LabelsView labels;           // points into the batch; empty if the id is known
    Hash128 hash;                // of the labels
    bool beyond_limits = false;  // see LetInBeyondLimits
    // Of histograms the timestamps count; their values are of no meaning.
    std::span<const Sample> samples;
    // One more than samples, or none when these are floats: where each histogram begins and ends.
    std::span<const uint32_t> histogram_offsets;
    std::string_view histogram_bytes;        // of the whole batch
    std::span<const StartTime> start_times;  // of the floats that have one, ascending
    std::span<const Exemplar> exemplars;
    std::string_view label_bytes;  // of the whole batch

    bool has_histograms() const { return !histogram_offsets.empty(); }
    // The bytes of a histogram (docs/formats/histogram.md).
    std::string_view histogram(size_t sample) const {
      return histogram_bytes.substr(histogram_offsets[sample],
                                    histogram_offsets[sample + 1] - histogram_offsets[sample]);
    }
    LabelsView labels_of(const Exemplar& exemplar) const {
      return LabelsView(label_bytes.substr(exemplar.labels_offset, exemplar.labels_bytes));
    }
  };

  // Adds one series: checks and copies its labels (sorting them in place). On anything but kOk the
  // batch is unchanged. Samples added next belong to this series.
  LabelsOutcome StartSeries(std::span<LabelRef> labels);
  void StartSeries(LabelsView labels);  // labels that are canonical already
  // Of an id that the sink of the batch gave: see MetricsSink::FindSeries.
  void StartSeries(SeriesId known);
  // The series before once more, for samples of the other kind.
  void RepeatSeries();
  // The series before is stored even if it is new and limits of series are reached: for the few
  // that the server makes itself, never for what a sender chooses.
  void LetInBeyondLimits() { entries_.back().beyond_limits = true; }
  void AddSample(Sample sample) {
    samples_.push_back(sample);
    ++entries_.back().sample_count;
  }
  // When what the float added last counts began.
  void SetStartTime(UnixMillis start);
  // To a series that was started without floats: only histograms follow then.
  void AddHistogram(UnixMillis timestamp, std::string_view bytes);
  // Checks and copies the labels (sorting them in place), which may be none. Nothing is added on
  // anything but kOk; labels of more than kExemplarCharsMax characters are kTooLong.
  LabelsOutcome AddExemplar(UnixMillis timestamp, double value, std::span<LabelRef> labels);
  void AddExemplar(UnixMillis timestamp, double value, LabelsView labels);  // canonical already

  size_t size() const { return entries_.size(); }
  size_t sample_count() const { return samples_.size(); }  // of both kinds
  size_t histogram_count() const { return histogram_count_; }
  size_t histogram_bytes() const { return histogram_bytes_.size(); }
  size_t start_time_count() const { return start_times_.size(); }
  size_t exemplar_count() const { return exemplars_.size(); }
  size_t label_bytes() const { return label_bytes_.size(); }
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
    uint32_t histogram_offset = kNoHistograms;  // in histogram_offsets_
    uint32_t start_time_offset = 0;
    uint32_t start_time_count = 0;
    uint32_t exemplar_offset = 0;
    uint32_t exemplar_count = 0;
    bool beyond_limits = false;
    Hash128 hash;
  };
  static constexpr uint32_t kNoHistograms = UINT32_MAX;
  void PushEntry(size_t labels_offset);
  // Makes `entry` the last one, without samples and exemplars.
  void Push(Entry entry);

  std::string label_bytes_;
  std::vector<Entry> entries_;
  std::vector<Sample> samples_;
  std::string histogram_bytes_;
  std::vector<uint32_t> histogram_offsets_;
  size_t histogram_count_ = 0;
  std::vector<StartTime> start_times_;
  std::vector<Exemplar> exemplars_;
};

}  // namespace luma
