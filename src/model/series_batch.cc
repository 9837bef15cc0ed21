#include "model/series_batch.h"

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

void SeriesBatch::PushEntry(size_t labels_offset) {
  const std::string_view canonical = std::string_view(label_bytes_).substr(labels_offset);
  entries_.push_back({.labels_offset = static_cast<uint32_t>(labels_offset),
                      .labels_bytes = static_cast<uint32_t>(canonical.size()),
                      .sample_offset = static_cast<uint32_t>(samples_.size()),
                      .hash = LabelsView(canonical).Hash()});
}

SeriesBatch::Series SeriesBatch::series(size_t index) const {
  const Entry& entry = entries_[index];
  const std::string_view bytes(label_bytes_.data() + entry.labels_offset, entry.labels_bytes);
  return {.id = entry.id,
          .labels = LabelsView(bytes),
          .hash = entry.hash,
          .samples = std::span(samples_).subspan(entry.sample_offset, entry.sample_count)};
}

size_t SeriesBatch::allocated_bytes() const {
  return label_bytes_.capacity() + entries_.capacity() * sizeof(Entry) +
         samples_.capacity() * sizeof(Sample);
}

void SeriesBatch::Clear() {
  label_bytes_.clear();
  entries_.clear();
  samples_.clear();
}

}  // namespace luma
