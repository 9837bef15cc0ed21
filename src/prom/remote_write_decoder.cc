#include "prom/remote_write_decoder.h"

#include <algorithm>

#include "model/protobuf_reader.h"

namespace luma::prom {
namespace {

constexpr uint32_t BytesField(uint32_t field) {
  return ProtobufReader::Tag(field, ProtobufReader::kBytes);
}

// Field numbers of prometheus.WriteRequest and what it contains.
constexpr uint32_t kRequestTimeseries = BytesField(1);
constexpr uint32_t kRequestMetadata = BytesField(3);
constexpr uint32_t kSeriesLabels = BytesField(1);
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

bool HasMetricName(const std::vector<LabelRef>& labels) {
  return std::any_of(labels.begin(), labels.end(), [](const LabelRef& label) {
    return label.name == kMetricNameLabel && !label.value.empty();
  });
}

}  // namespace

Result<WriteRequestSummary> RemoteWriteDecoder::Decode(std::string_view message,
                                                       SeriesBatch& batch) {
  WriteRequestSummary summary;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kRequestTimeseries:
        LUMA_RETURN_IF_ERROR(DecodeSeries(reader.Bytes(), batch, summary));
        break;
      case kRequestMetadata:
        reader.Skip();
        ++summary.metadata;
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) return Malformed("WriteRequest");
  return summary;
}

Status RemoteWriteDecoder::DecodeSeries(std::string_view message, SeriesBatch& batch,
                                        WriteRequestSummary& summary) {
  labels_.clear();
  samples_.clear();
  size_t label_count = 0;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kSeriesLabels: {
        LabelRef label;
        if (!DecodeLabel(reader.Bytes(), label)) return Malformed("Label");
        if (++label_count <= kLabelsPerSeriesMax) labels_.push_back(label);
        break;
      }
      case kSeriesSamples:
        if (batch.sample_count() + samples_.size() >= kSamplesPerRequestMax) {
          return Status::TooLarge("too many samples in one request: limit=", kSamplesPerRequestMax);
        }
        if (!DecodeSample(reader.Bytes(), samples_.emplace_back())) return Malformed("Sample");
        break;
      case kSeriesExemplars:
        reader.Skip();
        ++summary.exemplars;
        break;
      case kSeriesHistograms:
        reader.Skip();
        ++summary.histograms;
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) return Malformed("TimeSeries");

  if (label_count > kLabelsPerSeriesMax) {
    Refuse("too many labels", summary);
  } else if (!HasMetricName(labels_)) {
    Refuse("series has no metric name", summary);
  } else if (const LabelsOutcome outcome = batch.StartSeries(labels_);
             outcome != LabelsOutcome::kOk) {
    Refuse(LabelsOutcomeText(outcome), summary);
  } else {
    for (const Sample& sample : samples_) batch.AddSample(sample);
  }
  return Status::Ok();
}

void RemoteWriteDecoder::Refuse(std::string_view reason, WriteRequestSummary& summary) {
  ++summary.series_refused;
  if (summary.first_refusal.empty()) summary.first_refusal = reason;
}

}  // namespace luma::prom
