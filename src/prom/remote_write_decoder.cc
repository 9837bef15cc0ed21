#include "prom/remote_write_decoder.h"

#include <algorithm>
#include <utility>

#include "prom/wire_histogram.h"

namespace luma::prom {
namespace {

constexpr uint32_t BytesField(uint32_t field) {
  return ProtobufReader::Tag(field, ProtobufReader::kBytes);
}

// Field numbers of prometheus.WriteRequest and what it contains.
constexpr uint32_t kRequestTimeseries = BytesField(1);
constexpr uint32_t kRequestMetadata = BytesField(3);
constexpr uint32_t kSeriesLabels = BytesField(1);
static_assert(kSeriesLabels == kWireLabelTag);
constexpr uint32_t kSeriesSamples = BytesField(2);
constexpr uint32_t kSeriesExemplars = BytesField(3);
constexpr uint32_t kSeriesHistograms = BytesField(4);
constexpr uint32_t kLabelName = BytesField(1);
constexpr uint32_t kLabelValue = BytesField(2);
constexpr uint32_t kSampleValue = ProtobufReader::Tag(1, ProtobufReader::kFixed64);
constexpr uint32_t kSampleTimestamp = ProtobufReader::Tag(2, ProtobufReader::kVarint);

Status Malformed(std::string_view what) {
  return Status::InvalidArgument("malformed protobuf: message=", what);
}

// The form that senders write: name, then value, here each shorter than 128 bytes.
bool DecodeShortLabel(std::string_view message, LabelRef& label) {
  constexpr char kNameTag = kLabelName;
  constexpr char kValueTag = kLabelValue;
  if (message.size() < 4 || message[0] != kNameTag) return false;
  const size_t name_size = static_cast<unsigned char>(message[1]);
  if (name_size >= 0x80 || message.size() < name_size + 4) return false;
  const std::string_view value = message.substr(name_size + 2);
  const size_t value_size = static_cast<unsigned char>(value[1]);
  if (value[0] != kValueTag || value_size >= 0x80 || value.size() != value_size + 2) return false;
  label = {message.substr(2, name_size), value.substr(2)};
  return true;
}

bool DecodeLabel(std::string_view message, LabelRef& label) {
  if (DecodeShortLabel(message, label)) return true;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kLabelName:
        label.name = reader.Bytes();
        break;
      case kLabelValue:
        label.value = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok();
}

bool DecodeSample(std::string_view message, Sample& sample) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kSampleValue:
        sample.value = reader.Double();
        break;
      case kSampleTimestamp:
        sample.timestamp = static_cast<int64_t>(reader.Varint());
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok();
}

// How many bytes of label fields a message TimeSeries begins with; 0 when it has none there or none
// that a sender would write so.
size_t LeadingLabelBytes(std::string_view series) {
  size_t at = 0;
  while (at + 2 < series.size() && series[at] == kWireLabelTag) {
    const auto low = static_cast<unsigned char>(series[at + 1]);
    const auto high = static_cast<unsigned char>(series[at + 2]);
    if (low >= 0x80 && high >= 0x80) return 0;  // 16 KiB and more
    at += low < 0x80 ? 2 + size_t{low} : 3 + (size_t{low} & 0x7f) + (size_t{high} << 7);
  }
  return at <= series.size() ? at : 0;
}

// Series that storage is asked for at once: so many that its lock costs nothing, so few that what
// is kept of each, 48 bytes of a message of perhaps two, is little.
constexpr size_t kSeriesPerLookUp = 1024;

template <typename T>
size_t AllocatedBytes(const std::vector<T>& values) {
  return values.capacity() * sizeof(T);
}

bool HasMetricName(const std::vector<LabelRef>& labels) {
  return std::any_of(labels.begin(), labels.end(), [](const LabelRef& label) {
    return label.name == kMetricNameLabel && !label.value.empty();
  });
}

}  // namespace

Result<WriteRequestSummary> RemoteWriteDecoder::Decode(std::string_view message,
                                                       const MetricsSink& sink,
                                                       SeriesBatch& batch) {
  WriteRequestSummary summary;
  metadata_.clear();
  request_histogram_bytes_ = 0;
  ProtobufReader reader(message);
  while (FindSome(reader, summary)) {
    ids_.resize(hashes_.size());
    sink.FindSeries(hashes_, ids_);
    for (size_t i = 0; i < series_.size(); ++i) {
      LUMA_RETURN_IF_ERROR(DecodeSeries(series_[i], ids_[i], batch, summary));
    }
  }
  if (!reader.ok()) return Malformed("WriteRequest");
  for (const std::string_view one : metadata_) {
    LUMA_ASSIGN_OR_RETURN(MetricMetadata metadata, DecodeMetadata(one));
    summary.metadata.push_back(std::move(metadata));
  }
  return summary;
}

bool RemoteWriteDecoder::FindSome(ProtobufReader& reader, WriteRequestSummary& summary) {
  series_.clear();
  hashes_.clear();
  while (series_.size() < kSeriesPerLookUp && reader.Next()) {
    switch (reader.tag()) {
      case kRequestTimeseries: {
        const std::string_view series = reader.Bytes();
        const size_t label_bytes = LeadingLabelBytes(series);
        series_.push_back({series, label_bytes});
        hashes_.push_back(HashWireLabels(series.substr(0, label_bytes)));
        break;
      }
      case kRequestMetadata:
        if (metadata_.size() < kMetadataPerRequestMax) {
          metadata_.push_back(reader.Bytes());
        } else {
          reader.Skip();
          ++summary.metadata_ignored;
        }
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok() && !series_.empty();
}

Status RemoteWriteDecoder::DecodeSeries(const WireSeries& series, SeriesId id, SeriesBatch& batch,
                                        WriteRequestSummary& summary) {
  const size_t samples_max = kSamplesPerRequestMax - batch.sample_count();
  WriteRequestSummary counts;
  if (id != kUnknownSeries) {
    LUMA_RETURN_IF_ERROR(
        ReadFields(series.message.substr(series.label_bytes), samples_max, counts));
  }
  // More labels behind the samples make it another series.
  const bool is_known = id != kUnknownSeries && label_count_ == 0;
  if (!is_known) {
    counts = {};
    LUMA_RETURN_IF_ERROR(ReadFields(series.message, samples_max, counts));
  }
  summary.exemplars += counts.exemplars;
  summary.histograms_refused += counts.histograms_refused;
  if (summary.first_bad_histogram.empty()) {
    summary.first_bad_histogram = std::move(counts.first_bad_histogram);
  }
  request_histogram_bytes_ += histogram_bytes_.size();
  if (request_histogram_bytes_ > kHistogramBytesPerRequestMax) {
    return Status::TooLarge("histograms of one request are too large: limit=",
                            kHistogramBytesPerRequestMax);
  }
  if (!is_known) {
    AddSeries(batch, summary);
  } else if (!samples_.empty() || !histograms_.empty()) {
    batch.StartSeries(id);
    AddSamples(batch, id);
  }
  return Status::Ok();
}

Status RemoteWriteDecoder::ReadFields(std::string_view fields, size_t samples_max,
                                      WriteRequestSummary& summary) {
  labels_.clear();
  samples_.clear();
  histograms_.clear();
  histogram_bytes_.clear();
  label_count_ = 0;
  ProtobufReader reader(fields);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kSeriesLabels: {
        LabelRef label;
        if (!DecodeLabel(reader.Bytes(), label)) return Malformed("Label");
        if (++label_count_ <= kLabelsPerSeriesMax) labels_.push_back(label);
        break;
      }
      case kSeriesSamples:
        if (samples_.size() + histograms_.size() >= samples_max) {
          return Status::TooLarge("too many samples in one request: limit=", kSamplesPerRequestMax);
        }
        if (!DecodeSample(reader.Bytes(), samples_.emplace_back())) return Malformed("Sample");
        break;
      case kSeriesExemplars:
        reader.Skip();
        ++summary.exemplars;
        break;
      case kSeriesHistograms:
        if (samples_.size() + histograms_.size() >= samples_max) {
          return Status::TooLarge("too many samples in one request: limit=", kSamplesPerRequestMax);
        }
        LUMA_RETURN_IF_ERROR(ReadHistogram(reader.Bytes(), summary));
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok() ? Status::Ok() : Malformed("TimeSeries");
}

void RemoteWriteDecoder::AddSeries(SeriesBatch& batch, WriteRequestSummary& summary) {
  if (label_count_ > kLabelsPerSeriesMax) return Refuse("too many labels", summary);
  if (!HasMetricName(labels_)) return Refuse("series has no metric name", summary);
  const LabelsOutcome outcome = batch.StartSeries(labels_);
  if (outcome != LabelsOutcome::kOk) return Refuse(LabelsOutcomeText(outcome), summary);
  AddSamples(batch, kUnknownSeries);
}

void RemoteWriteDecoder::AddSamples(SeriesBatch& batch, SeriesId id) const {
  for (const Sample& sample : samples_) batch.AddSample(sample);
  if (histograms_.empty()) return;
  // An entry of a batch has one kind of samples.
  if (!samples_.empty()) {
    if (id != kUnknownSeries) {
      batch.StartSeries(id);
    } else {
      batch.RepeatSeries();
    }
  }
  size_t begin = 0;
  for (const HistogramSample& sample : histograms_) {
    batch.AddHistogram(sample.timestamp,
                       std::string_view(histogram_bytes_).substr(begin, sample.end - begin));
    begin = sample.end;
  }
}

// A histogram that cannot be is refused alone.
Status RemoteWriteDecoder::ReadHistogram(std::string_view message, WriteRequestSummary& summary) {
  WireHistogram histogram;
  Status stored = CheckWireHistogramSize(message);
  if (stored.ok()) {
    if (!DecodeWireHistogram(message, histogram)) return Malformed("Histogram");
    stored = AppendWireHistogram(histogram, histogram_bytes_);
  }
  if (stored.ok()) {
    histograms_.push_back({histogram.timestamp, histogram_bytes_.size()});
    return Status::Ok();
  }
  if (++summary.histograms_refused == 1) summary.first_bad_histogram = stored.message();
  return Status::Ok();
}

size_t RemoteWriteDecoder::allocated_bytes() const {
  return AllocatedBytes(series_) + AllocatedBytes(hashes_) + AllocatedBytes(metadata_) +
         AllocatedBytes(ids_) + AllocatedBytes(labels_) + AllocatedBytes(samples_) +
         AllocatedBytes(histograms_) + histogram_bytes_.capacity();
}

void RemoteWriteDecoder::Refuse(std::string_view reason, WriteRequestSummary& summary) {
  ++summary.series_refused;
  if (summary.first_refusal.empty()) summary.first_refusal = reason;
}

}  // namespace luma::prom
