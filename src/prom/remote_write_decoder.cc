#include "prom/remote_write_decoder.h"

#include <algorithm>
#include <utility>

#include "prom/protobuf_fields.h"

namespace luma::prom {
namespace {

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
constexpr uint32_t kExemplarLabels = BytesField(1);
constexpr uint32_t kExemplarValue = DoubleField(2);
constexpr uint32_t kExemplarTimestamp = VarintField(3);

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

bool HasMetricName(const std::vector<LabelRef>& labels) {
  return std::any_of(labels.begin(), labels.end(), [](const LabelRef& label) {
    return label.name == kMetricNameLabel && !label.value.empty();
  });
}

}  // namespace

Result<WriteRequestSummary> RemoteWriteDecoder::Decode(std::string_view message,
                                                       const MetricsSink& sink,
                                                       ResultMemory& memory, SeriesBatch& batch) {
  WriteRequestSummary summary;
  memory_.Start(memory, message.size());
  metadata_.clear();
  ProtobufReader reader(message);
  while (FindSome(reader, summary)) {
    ids_.resize(hashes_.size());
    sink.FindSeries(hashes_, ids_);
    for (size_t i = 0; i < series_.size(); ++i) {
      LUMA_RETURN_IF_ERROR(DecodeSeries(series_[i], ids_[i], batch, summary));
    }
  }
  if (!reader.ok()) return MalformedMessage("WriteRequest");
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
  if (id != kUnknownSeries) {
    LUMA_RETURN_IF_ERROR(ReadFields(series.message.substr(series.label_bytes), batch));
  }
  // More labels behind the samples make it another series.
  const bool is_known = id != kUnknownSeries && label_count_ == 0;
  if (!is_known) {
    LUMA_RETURN_IF_ERROR(ReadFields(series.message, batch));
    return AddSeries(batch, summary);
  }
  if (!decoded_.empty()) batch.StartSeries(id);
  return decoded_.AddTo(batch, summary);
}

Status RemoteWriteDecoder::ReadFields(std::string_view fields, const SeriesBatch& batch) {
  const size_t samples_max = kSamplesPerRequestMax - batch.sample_count();
  labels_.clear();
  decoded_.Start(batch, memory_);
  label_count_ = 0;
  ProtobufReader reader(fields);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kSeriesLabels: {
        LabelRef label;
        if (!DecodeLabel(reader.Bytes(), label)) return MalformedMessage("Label");
        if (++label_count_ <= kLabelsPerSeriesMax) labels_.push_back(label);
        break;
      }
      case kSeriesSamples: {
        if (decoded_.sample_count() >= samples_max) return TooManySamples();
        WireSample sample;
        if (!DecodeWireSample(reader.Bytes(), sample)) return MalformedMessage("Sample");
        sample.start = 0;  // version 1.0 has none
        decoded_.AddSample(sample);
        break;
      }
      case kSeriesExemplars:
        LUMA_RETURN_IF_ERROR(ReadExemplar(reader.Bytes()));
        break;
      case kSeriesHistograms:
        if (decoded_.sample_count() >= samples_max) return TooManySamples();
        LUMA_RETURN_IF_ERROR(decoded_.AddHistogram(reader.Bytes(), 0));
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok() ? Status::Ok() : MalformedMessage("TimeSeries");
}

Status RemoteWriteDecoder::ReadExemplar(std::string_view message) {
  UnixMillis timestamp = 0;
  double value = 0;
  exemplar_labels_.clear();
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kExemplarLabels: {
        LabelRef label;
        if (!DecodeLabel(reader.Bytes(), label)) return MalformedMessage("Label");
        if (exemplar_labels_.size() <= kLabelsPerExemplarMax) exemplar_labels_.push_back(label);
        break;
      }
      case kExemplarValue:
        value = reader.Double();
        break;
      case kExemplarTimestamp:
        timestamp = static_cast<int64_t>(reader.Varint());
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) return MalformedMessage("Exemplar");
  decoded_.AddExemplar(timestamp, value, exemplar_labels_);
  return Status::Ok();
}

Status RemoteWriteDecoder::AddSeries(SeriesBatch& batch, WriteRequestSummary& summary) {
  if (label_count_ > kLabelsPerSeriesMax) {
    summary.RefuseSeries("too many labels");
  } else if (!HasMetricName(labels_)) {
    summary.RefuseSeries("series has no metric name");
  } else if (const LabelsOutcome outcome = batch.StartSeries(labels_);
             outcome != LabelsOutcome::kOk) {
    summary.RefuseSeries(LabelsOutcomeText(outcome));
  } else {
    return decoded_.AddTo(batch, summary);
  }
  return Status::Ok();
}

size_t RemoteWriteDecoder::allocated_bytes() const {
  return AllocatedBytes(series_) + AllocatedBytes(hashes_) + AllocatedBytes(metadata_) +
         AllocatedBytes(ids_) + AllocatedBytes(labels_) + decoded_.allocated_bytes() +
         AllocatedBytes(exemplar_labels_);
}

}  // namespace luma::prom
