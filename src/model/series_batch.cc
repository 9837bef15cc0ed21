#include "model/series_batch.h"

#include <algorithm>

#include "base/check.h"

namespace luma {
namespace {

constexpr size_t kUtf8BytesMax = 4;  // of one character

// Of UTF-8.
size_t CharactersIn(std::string_view text) {
  return static_cast<size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xc0) != 0x80; }));
}

}  // namespace

LabelsOutcome SeriesBatch::StartSeries(std::span<LabelRef> labels) {
  const size_t offset = label_bytes_.size();
  const LabelsOutcome outcome = AppendCanonical(labels, label_bytes_);
  if (outcome == LabelsOutcome::kOk) PushEntry(offset);
  return outcome;
}

void SeriesBatch::StartSeries(LabelsView labels) {
  const size_t offset = label_bytes_.size();
  label_bytes_.append(labels.canonical());
  PushEntry(offset);
}

void SeriesBatch::StartSeries(SeriesId known) {
  Push({.id = known,
        .labels_offset = static_cast<uint32_t>(label_bytes_.size()),
        .labels_bytes = 0,
        .sample_offset = 0,
        .hash = {}});
}

void SeriesBatch::RepeatSeries() { Push(entries_.back()); }

void SeriesBatch::PushEntry(size_t labels_offset) {
  const std::string_view canonical = std::string_view(label_bytes_).substr(labels_offset);
  Push({.labels_offset = static_cast<uint32_t>(labels_offset),
        .labels_bytes = static_cast<uint32_t>(canonical.size()),
        .sample_offset = 0,
        .hash = LabelsView(canonical).Hash()});
}

void SeriesBatch::Push(Entry entry) {
  LUMA_CHECK(label_bytes_.size() <= UINT32_MAX);  // bodies are bounded far below
  entry.sample_offset = static_cast<uint32_t>(samples_.size());
  entry.sample_count = 0;
  entry.histogram_offset = kNoHistograms;
  entry.start_time_offset = static_cast<uint32_t>(start_times_.size());
  entry.start_time_count = 0;
  entry.exemplar_offset = static_cast<uint32_t>(exemplars_.size());
  entry.exemplar_count = 0;
  entries_.push_back(entry);
}

void SeriesBatch::SetStartTime(UnixMillis start) {
  Entry& entry = entries_.back();
  start_times_.push_back({.sample = entry.sample_count - 1, .start = start});
  ++entry.start_time_count;
}

void SeriesBatch::AddHistogram(UnixMillis timestamp, std::string_view bytes) {
  Entry& entry = entries_.back();
  if (entry.histogram_offset == kNoHistograms) {
    LUMA_CHECK(entry.sample_count == 0);
    entry.histogram_offset = static_cast<uint32_t>(histogram_offsets_.size());
    histogram_offsets_.push_back(static_cast<uint32_t>(histogram_bytes_.size()));
  }
  histogram_bytes_.append(bytes);
  LUMA_CHECK(histogram_bytes_.size() <= UINT32_MAX);
  histogram_offsets_.push_back(static_cast<uint32_t>(histogram_bytes_.size()));
  AddSample({.timestamp = timestamp});
  ++histogram_count_;
}

LabelsOutcome SeriesBatch::AddExemplar(UnixMillis timestamp, double value,
                                       std::span<LabelRef> labels) {
  size_t characters = 0;
  for (const LabelRef& label : labels) {
    // A text may be as large as a request: it is not looked at for being too long.
    if (label.name.size() + label.value.size() > kExemplarCharsMax * kUtf8BytesMax) {
      return LabelsOutcome::kTooLong;
    }
    characters += CharactersIn(label.name) + CharactersIn(label.value);
    if (characters > kExemplarCharsMax) return LabelsOutcome::kTooLong;
  }
  const size_t offset = label_bytes_.size();
  const LabelsOutcome outcome = AppendCanonical(labels, label_bytes_);
  if (outcome != LabelsOutcome::kOk) return outcome;
  exemplars_.push_back({.timestamp = timestamp,
                        .value = value,
                        .labels_offset = static_cast<uint32_t>(offset),
                        .labels_bytes = static_cast<uint32_t>(label_bytes_.size() - offset)});
  ++entries_.back().exemplar_count;
  return outcome;
}

void SeriesBatch::AddExemplar(UnixMillis timestamp, double value, LabelsView labels) {
  exemplars_.push_back({.timestamp = timestamp,
                        .value = value,
                        .labels_offset = static_cast<uint32_t>(label_bytes_.size()),
                        .labels_bytes = static_cast<uint32_t>(labels.canonical().size())});
  label_bytes_.append(labels.canonical());
  ++entries_.back().exemplar_count;
}

SeriesBatch::Series SeriesBatch::series(size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view bytes(label_bytes_.data() + entry.labels_offset, entry.labels_bytes);
  Series series{
      .id = entry.id,
      .labels = LabelsView(bytes),
      .hash = entry.hash,
      .beyond_limits = entry.beyond_limits,
      .samples = std::span(samples_).subspan(entry.sample_offset, entry.sample_count),
      .histogram_offsets = {},
      .histogram_bytes = {},
      .start_times =
          std::span(start_times_).subspan(entry.start_time_offset, entry.start_time_count),
      .exemplars = std::span(exemplars_).subspan(entry.exemplar_offset, entry.exemplar_count),
      .label_bytes = label_bytes_};
  if (entry.histogram_offset != kNoHistograms) {
    series.histogram_offsets = std::span(histogram_offsets_)
                                   .subspan(entry.histogram_offset, size_t{entry.sample_count} + 1);
    series.histogram_bytes = histogram_bytes_;
  }
  return series;
}

size_t SeriesBatch::allocated_bytes() const {
  return label_bytes_.capacity() + entries_.capacity() * sizeof(Entry) +
         samples_.capacity() * sizeof(Sample) + histogram_bytes_.capacity() +
         histogram_offsets_.capacity() * sizeof(uint32_t) +
         start_times_.capacity() * sizeof(StartTime) + exemplars_.capacity() * sizeof(Exemplar);
}

void SeriesBatch::Clear() {
  label_bytes_.clear();
  entries_.clear();
  samples_.clear();
  histogram_bytes_.clear();
  histogram_offsets_.clear();
  histogram_count_ = 0;
  start_times_.clear();
  exemplars_.clear();
}

}  // namespace luma
