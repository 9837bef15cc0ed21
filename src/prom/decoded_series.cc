#include "prom/decoded_series.h"

#include "prom/protobuf_fields.h"
#include "prom/wire_histogram.h"

namespace luma::prom {
namespace {

constexpr size_t kExemplarLabelsPerSeriesMax = 200'000;
// A count that is stored takes up to eight bytes where the message has one.
constexpr uint64_t kStoredPerWireByte = 8;
constexpr uint64_t kStoredHistogramBytes = 128;  // without its buckets
// Of the texts of one exemplar's labels in the batch; few are not ASCII.
constexpr uint64_t kExemplarLabelBytes = kExemplarCharsMax;

// Whether they may be of kExemplarCharsMax characters, without looking at texts, which are long.
bool MayBeOfAnExemplar(std::span<const LabelRef> labels) {
  if (labels.size() > kLabelsPerExemplarMax) return false;
  constexpr size_t kUtf8BytesMax = 4;  // of one character
  size_t bytes = 0;
  for (const LabelRef& label : labels) bytes += label.name.size() + label.value.size();
  return bytes <= kExemplarCharsMax * kUtf8BytesMax;
}

}  // namespace

bool DecodeWireSample(std::string_view message, WireSample& sample) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case DoubleField(1):
        sample.value = reader.Double();
        break;
      case VarintField(2):
        sample.timestamp = static_cast<int64_t>(reader.Varint());
        break;
      case VarintField(3):
        sample.start = static_cast<int64_t>(reader.Varint());
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok();
}

void DecodedSeries::Start(const SeriesBatch& batch, RequestMemory& memory) {
  batch_ = &batch;
  memory_ = &memory;
  samples_.clear();
  histograms_.clear();
  histogram_bytes_.clear();
  exemplars_.clear();
  exemplar_labels_.clear();
  if (refused_.has_refused_parts()) refused_ = {};
}

Status DecodedSeries::AddHistogram(std::string_view message, UnixMillis start) {
  WireHistogram histogram;
  Status stored = CheckWireHistogramSize(message);
  if (stored.ok()) {
    LUMA_RETURN_IF_ERROR(MakeRoomFor(message));
    if (!DecodeWireHistogram(message, histogram)) return MalformedMessage("Histogram");
    if (histogram.start_timestamp == 0) histogram.start_timestamp = start;
    stored = AppendWireHistogram(histogram, histogram_bytes_);
  }
  if (stored.ok()) {
    histograms_.push_back({histogram.timestamp, histogram_bytes_.size()});
  } else {
    refused_.RefuseHistogram(stored.message());
  }
  return Status::Ok();
}

Status DecodedSeries::CheckHistogramBytes() const {
  if (batch_->histogram_bytes() + histogram_bytes_.size() <= kHistogramBytesPerRequestMax) {
    return Status::Ok();
  }
  return Status::TooLarge("histograms of one request are too large: limit=",
                          kHistogramBytesPerRequestMax);
}

Status DecodedSeries::MakeRoomFor(std::string_view histogram) {
  LUMA_RETURN_IF_ERROR(CheckHistogramBytes());
  // There and, soon, in the batch.
  return memory_->Need(RequestMemory::BytesIn(*batch_) + 2 * used_bytes() +
                       histogram.size() * kStoredPerWireByte + kStoredHistogramBytes);
}

void DecodedSeries::AddExemplar(UnixMillis timestamp, double value,
                                std::span<const LabelRef> labels) {
  if (!MayBeOfAnExemplar(labels) || exemplars_.size() >= kExemplarsPerRequestMax ||
      exemplar_labels_.size() + labels.size() > kExemplarLabelsPerSeriesMax) {
    ++refused_.exemplars_ignored;
    return;
  }
  exemplar_labels_.insert(exemplar_labels_.end(), labels.begin(), labels.end());
  exemplars_.push_back({timestamp, value, exemplar_labels_.size()});
}

void DecodedSeries::SetStart(UnixMillis start) {
  for (WireSample& sample : samples_) {
    if (sample.start == 0) sample.start = start;
  }
}

Status DecodedSeries::AddTo(SeriesBatch& batch, WriteRequestSummary& summary) {
  LUMA_RETURN_IF_ERROR(CheckHistogramBytes());
  LUMA_RETURN_IF_ERROR(memory_->Need(RequestMemory::BytesIn(batch) + 2 * used_bytes()));
  summary.AddRefusedParts(refused_);
  for (const WireSample& sample : samples_) {
    batch.AddSample({.timestamp = sample.timestamp, .value = sample.value});
    if (sample.start != 0) batch.SetStartTime(sample.start);
  }
  AddExemplarsTo(batch, summary);
  if (histograms_.empty()) return Status::Ok();
  // An entry of a batch has one kind of samples.
  if (!samples_.empty()) batch.RepeatSeries();
  AddHistogramsTo(batch);
  return Status::Ok();
}

void DecodedSeries::AddExemplarsTo(SeriesBatch& batch, WriteRequestSummary& summary) {
  size_t begin = 0;
  for (const Exemplar& exemplar : exemplars_) {
    const std::span labels =
        std::span(exemplar_labels_).subspan(begin, exemplar.labels_end - begin);
    begin = exemplar.labels_end;
    if (batch.exemplar_count() + summary.exemplars_refused + summary.exemplars_ignored >=
        kExemplarsPerRequestMax) {
      ++summary.exemplars_ignored;
      continue;
    }
    // One without a time has that of the sample that it comes with, as on pages of targets.
    const UnixMillis time = exemplar.timestamp != 0 ? exemplar.timestamp : LastTime();
    const LabelsOutcome outcome = batch.AddExemplar(time, exemplar.value, labels);
    if (outcome == LabelsOutcome::kTooLong) {
      ++summary.exemplars_ignored;
    } else if (outcome != LabelsOutcome::kOk) {
      summary.RefuseExemplar(LabelsOutcomeText(outcome));
    }
  }
}

void DecodedSeries::AddHistogramsTo(SeriesBatch& batch) const {
  size_t begin = 0;
  for (const Histogram& sample : histograms_) {
    batch.AddHistogram(sample.timestamp,
                       std::string_view(histogram_bytes_).substr(begin, sample.end - begin));
    begin = sample.end;
  }
}

UnixMillis DecodedSeries::LastTime() const {
  if (!samples_.empty()) return samples_.back().timestamp;
  return histograms_.empty() ? 0 : histograms_.back().timestamp;
}

uint64_t DecodedSeries::used_bytes() const {
  return samples_.size() * sizeof(WireSample) + histograms_.size() * sizeof(Histogram) +
         histogram_bytes_.size() + exemplar_labels_.size() * sizeof(LabelRef) +
         exemplars_.size() * (sizeof(Exemplar) + kExemplarLabelBytes);
}

size_t DecodedSeries::allocated_bytes() const {
  return AllocatedBytes(samples_) + AllocatedBytes(histograms_) + histogram_bytes_.capacity() +
         AllocatedBytes(exemplars_) + AllocatedBytes(exemplar_labels_);
}

}  // namespace luma::prom
