#include "model/series_batch.h"

#include "base/check.h"

namespace luma {

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
  entries_.push_back({.id = known,
                      .labels_offset = static_cast<uint32_t>(label_bytes_.size()),
                      .labels_bytes = 0,
                      .sample_offset = static_cast<uint32_t>(samples_.size()),
                      .hash = {}});
}

void SeriesBatch::RepeatSeries() {
  Entry entry = entries_.back();
  entry.sample_offset = static_cast<uint32_t>(samples_.size());
  entry.sample_count = 0;
  entry.histogram_offset = kNoHistograms;
  entries_.push_back(entry);
}

void SeriesBatch::PushEntry(size_t labels_offset) {
  const std::string_view canonical = std::string_view(label_bytes_).substr(labels_offset);
  entries_.push_back({.labels_offset = static_cast<uint32_t>(labels_offset),
                      .labels_bytes = static_cast<uint32_t>(canonical.size()),
                      .sample_offset = static_cast<uint32_t>(samples_.size()),
                      .hash = LabelsView(canonical).Hash()});
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

SeriesBatch::Series SeriesBatch::series(size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view bytes(label_bytes_.data() + entry.labels_offset, entry.labels_bytes);
  Series series{.id = entry.id,
                .labels = LabelsView(bytes),
                .hash = entry.hash,
                .samples = std::span(samples_).subspan(entry.sample_offset, entry.sample_count),
                .histogram_offsets = {},
                .histogram_bytes = {}};
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
         histogram_offsets_.capacity() * sizeof(uint32_t);
}

void SeriesBatch::Clear() {
  label_bytes_.clear();
  entries_.clear();
  samples_.clear();
  histogram_bytes_.clear();
  histogram_offsets_.clear();
  histogram_count_ = 0;
}

}  // namespace luma
