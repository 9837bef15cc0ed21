#include "prom/remote_write_v2_decoder.h"

#include <algorithm>
#include <utility>

#include "prom/protobuf_fields.h"

namespace luma::prom {
namespace {

// Field numbers of io.prometheus.write.v2.Request and what it contains.
constexpr uint32_t kRequestTimeseries = BytesField(5);
constexpr uint32_t kSeriesLabels = BytesField(1);
constexpr uint32_t kSeriesOneLabelReference = VarintField(1);  // writers may leave lists unpacked
constexpr uint32_t kSeriesSamples = BytesField(2);
constexpr uint32_t kSeriesHistograms = BytesField(3);
constexpr uint32_t kSeriesExemplars = BytesField(4);
constexpr uint32_t kSeriesMetadata = BytesField(5);
// Of the specification's first versions; now each sample tells its own.
constexpr uint32_t kSeriesCreatedTimestamp = VarintField(6);
constexpr uint32_t kExemplarLabels = BytesField(1);
constexpr uint32_t kExemplarOneLabelReference = VarintField(1);
constexpr uint32_t kExemplarValue = DoubleField(2);
constexpr uint32_t kExemplarTimestamp = VarintField(3);
constexpr uint32_t kMetadataType = VarintField(1);
constexpr uint32_t kMetadataHelp = VarintField(3);
constexpr uint32_t kMetadataUnit = VarintField(4);

// As in version 1.0.
constexpr size_t kSeriesPerLookUp = 1024;
constexpr size_t kReferencesPerSeriesMax = 2 * kLabelsPerSeriesMax;
constexpr size_t kReferencesPerExemplarMax = 2 * (kLabelsPerExemplarMax + 1);

// Appends what fits below `count_max`; gives how many there are in all.
size_t AppendPacked(std::string_view packed, size_t count_max, std::vector<uint64_t>& values) {
  ProtobufReader reader(packed);
  size_t count = 0;
  for (; reader.remaining() > 0; ++count) {
    const uint64_t value = reader.Varint();
    // What is cut off refers to nothing, which the checks of references find.
    if (values.size() < count_max) values.push_back(reader.ok() ? value : UINT64_MAX);
  }
  return count;
}

Status TooManyLabels(size_t limit) {
  return Status::TooLarge("too many labels in one request: limit_bytes=", limit);
}

// 0, which is unknown, for a type that has no name.
uint64_t KnownMetricType(uint64_t type) {
  return MetricTypeName(type) == MetricTypeName(0) ? 0 : type;
}

bool IsMetricName(const LabelRef& label) {
  return label.name == kMetricNameLabel && !label.value.empty();
}

bool HasSuffix(std::string_view& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) return false;
  name.remove_suffix(suffix.size());
  return true;
}

// The metric that a series belongs to: those of a histogram are several.
std::string_view FamilyOf(std::string_view name, std::string_view type) {
  const bool has_buckets = type == "histogram" || type == "gaugehistogram";
  if (!has_buckets && type != "summary") return name;
  if (has_buckets && HasSuffix(name, "_bucket")) return name;
  if (type == "gaugehistogram") {
    static_cast<void>(HasSuffix(name, "_gcount") || HasSuffix(name, "_gsum"));
  } else {
    static_cast<void>(HasSuffix(name, "_count") || HasSuffix(name, "_sum"));
  }
  return name;
}

}  // namespace

bool RemoteWriteV2Decoder::Told::operator==(const Told& other) const {
  return name == other.name && metadata.type == other.metadata.type &&
         metadata.help == other.metadata.help && metadata.unit == other.metadata.unit;
}

size_t RemoteWriteV2Decoder::ToldHash::operator()(const Told& told) const {
  constexpr uint64_t kOdd = 0x9e3779b97f4a7c15;
  uint64_t hash = told.name;
  for (const uint64_t part : {told.metadata.type, told.metadata.help, told.metadata.unit}) {
    hash = (hash ^ (hash >> 29)) * kOdd + part;
  }
  return static_cast<size_t>(hash * kOdd);
}

Result<WriteRequestSummary> RemoteWriteV2Decoder::Decode(std::string_view message,
                                                         const MetricsSink& sink,
                                                         ResultMemory& memory, SeriesBatch& batch) {
  WriteRequestSummary summary;
  LUMA_RETURN_IF_ERROR(symbols_.Read(message));
  batch_ = &batch;
  memory_.Start(memory, message.size());
  label_bytes_ = 0;
  metadata_bytes_ = 0;
  told_.clear();
  ProtobufReader reader(message);
  while (true) {
    LUMA_RETURN_IF_ERROR(FindSome(reader));
    if (series_.empty()) return summary;
    ids_.resize(hashes_.size());
    sink.FindSeries(hashes_, ids_);
    for (size_t i = 0; i < series_.size(); ++i) {
      const SeriesId id = series_[i].is_hashed ? ids_[i] : kUnknownSeries;
      LUMA_RETURN_IF_ERROR(DecodeSeries(series_[i], id, summary));
    }
  }
}

Status RemoteWriteV2Decoder::FindSome(ProtobufReader& reader) {
  series_.clear();
  hashes_.clear();
  while (series_.size() < kSeriesPerLookUp && reader.Next()) {
    if (reader.tag() == kRequestTimeseries) {
      AddWireSeries(reader.Bytes());
    } else {
      reader.Skip();
    }
    if (label_bytes_ > kLabelBytesPerRequestMax) return TooManyLabels(kLabelBytesPerRequestMax);
  }
  return reader.ok() ? Status::Ok() : MalformedMessage("Request");
}

void RemoteWriteV2Decoder::AddWireSeries(std::string_view message) {
  WireSeries series{.message = message, .references_end = 0, .is_hashed = false, .name = 0};
  std::optional<Hash128> hash;
  ProtobufReader reader(message);
  if (reader.Next() && reader.tag() == kSeriesLabels) {
    const std::string_view references = reader.Bytes();
    if (reader.ok()) {
      series.references_end = message.size() - reader.remaining();
      hash = HashLabels(references, series.name);
    }
  }
  series.is_hashed = hash.has_value();
  series_.push_back(series);
  hashes_.push_back(hash.value_or(Hash128{}));
}

std::optional<Hash128> RemoteWriteV2Decoder::HashLabels(std::string_view references,
                                                        uint64_t& name) {
  size_t size = 0;
  ProtobufReader reader(references);
  while (reader.remaining() > 0) {
    const uint64_t name_symbol = reader.Varint();
    const uint64_t value_symbol = reader.Varint();
    if (!reader.ok() || !symbols_.Has(name_symbol) || !symbols_.Has(value_symbol))
      return std::nullopt;
    const LabelRef label{symbols_[name_symbol], symbols_[value_symbol]};
    if (std::max(label.name.size(), label.value.size()) > kLabelTextBytesMax) return std::nullopt;
    if (IsMetricName(label)) name = value_symbol;
    const size_t room = size + label.name.size() + label.value.size() + kWireLabelBytesMore;
    if (room > kLabelsBytesMax * 2) return std::nullopt;  // more than any known series has
    if (room > wire_labels_.size()) wire_labels_.resize(room * 2);
    const size_t begin = size;
    size = static_cast<size_t>(WriteWireLabel(label, wire_labels_.data() + size) -
                               wire_labels_.data());
    label_bytes_ += size - begin;
  }
  return HashWireLabels(std::string_view(wire_labels_).substr(0, size));
}

Status RemoteWriteV2Decoder::DecodeSeries(const WireSeries& series, SeriesId id,
                                          WriteRequestSummary& summary) {
  if (id != kUnknownSeries) {
    LUMA_RETURN_IF_ERROR(ReadFields(series.message.substr(series.references_end)));
  }
  // More references behind the samples make it another series.
  const bool is_known = id != kUnknownSeries && reference_count_ == 0;
  if (!is_known) LUMA_RETURN_IF_ERROR(ReadFields(series.message));
  if (!MetadataRefersToSymbols()) {
    summary.RefuseSeries("metadata refers to no symbol");
    return Status::Ok();
  }
  if (is_known) {
    if (!decoded_.empty()) batch_->StartSeries(id);
  } else if (const Status started = StartNewSeries(); !started.ok()) {
    if (started.code() != StatusCode::kInvalidArgument) return started;
    summary.RefuseSeries(started.message());
    return Status::Ok();
  }
  LUMA_RETURN_IF_ERROR(decoded_.AddTo(*batch_, summary));
  return TellMetadata(is_known ? series.name : NameSymbol(), summary);
}

Status RemoteWriteV2Decoder::ReadFields(std::string_view fields) {
  const size_t samples_max = kSamplesPerRequestMax - batch_->sample_count();
  references_.clear();
  reference_count_ = 0;
  metadata_ = {};
  created_ = 0;
  histograms_.clear();
  decoded_.Start(*batch_, memory_);
  ProtobufReader reader(fields);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kSeriesLabels:
        AddReferences(reader.Bytes());
        break;
      case kSeriesOneLabelReference: {
        const uint64_t reference = reader.Varint();
        if (++reference_count_ <= kReferencesPerSeriesMax) references_.push_back(reference);
        break;
      }
      case kSeriesSamples: {
        WireSample sample;
        if (decoded_.sample_count() + histograms_.size() >= samples_max) return TooManySamples();
        if (!DecodeWireSample(reader.Bytes(), sample)) return MalformedMessage("Sample");
        decoded_.AddSample(sample);
        break;
      }
      case kSeriesHistograms:
        if (decoded_.sample_count() + histograms_.size() >= samples_max) return TooManySamples();
        histograms_.push_back(reader.Bytes());
        break;
      case kSeriesExemplars:
        LUMA_RETURN_IF_ERROR(ReadExemplar(reader.Bytes()));
        break;
      case kSeriesMetadata:
        LUMA_RETURN_IF_ERROR(ReadMetadata(reader.Bytes()));
        break;
      case kSeriesCreatedTimestamp:
        created_ = static_cast<int64_t>(reader.Varint());
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) return MalformedMessage("TimeSeries");
  decoded_.SetStart(created_);
  for (const std::string_view histogram : histograms_) {
    LUMA_RETURN_IF_ERROR(decoded_.AddHistogram(histogram, created_));
  }
  return Status::Ok();
}

void RemoteWriteV2Decoder::AddReferences(std::string_view packed) {
  reference_count_ += AppendPacked(packed, kReferencesPerSeriesMax, references_);
}

Status RemoteWriteV2Decoder::ReadExemplar(std::string_view message) {
  UnixMillis timestamp = 0;
  double value = 0;
  exemplar_references_.clear();
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kExemplarLabels:
        AppendPacked(reader.Bytes(), kReferencesPerExemplarMax, exemplar_references_);
        break;
      case kExemplarOneLabelReference: {
        const uint64_t reference = reader.Varint();
        if (exemplar_references_.size() < kReferencesPerExemplarMax) {
          exemplar_references_.push_back(reference);
        }
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
  exemplar_labels_.clear();
  const Status labels = symbols_.LabelsOf(exemplar_references_, exemplar_labels_);
  if (labels.ok()) {
    decoded_.AddExemplar(timestamp, value, exemplar_labels_);
  } else {
    decoded_.RefuseExemplar(labels.message());
  }
  return Status::Ok();
}

Status RemoteWriteV2Decoder::ReadMetadata(std::string_view message) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case kMetadataType:
        metadata_.type = KnownMetricType(reader.Varint());
        break;
      case kMetadataHelp:
        metadata_.help = reader.Varint();
        break;
      case kMetadataUnit:
        metadata_.unit = reader.Varint();
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok() ? Status::Ok() : MalformedMessage("Metadata");
}

bool RemoteWriteV2Decoder::MetadataRefersToSymbols() const {
  // 0 says nothing, even where there is no symbol at all.
  return (metadata_.help == 0 || symbols_.Has(metadata_.help)) &&
         (metadata_.unit == 0 || symbols_.Has(metadata_.unit));
}

Status RemoteWriteV2Decoder::StartNewSeries() {
  if (reference_count_ > kReferencesPerSeriesMax) return Status::InvalidArgument("too many labels");
  labels_.clear();
  LUMA_RETURN_IF_ERROR(symbols_.LabelsOf(references_, labels_));
  if (std::ranges::none_of(labels_, IsMetricName)) {
    return Status::InvalidArgument("series has no metric name");
  }
  LUMA_RETURN_IF_ERROR(BookLabels());
  if (decoded_.empty()) return Labels::Of(labels_).status();
  const LabelsOutcome outcome = batch_->StartSeries(labels_);
  if (outcome == LabelsOutcome::kOk) return Status::Ok();
  return Status::InvalidArgument(LabelsOutcomeText(outcome));
}

Status RemoteWriteV2Decoder::BookLabels() {
  uint64_t more = 0;
  for (const LabelRef& label : labels_) {
    more += label.name.size() + label.value.size() + kWireLabelBytesMore;
  }
  if (batch_->label_bytes() + more > kNewLabelBytesPerRequestMax) {
    return TooManyLabels(kNewLabelBytesPerRequestMax);
  }
  return memory_.Need(RequestMemory::BytesIn(*batch_) + more);
}

uint64_t RemoteWriteV2Decoder::NameSymbol() const {
  uint64_t name = 0;
  for (size_t i = 0; i + 1 < references_.size(); i += 2) {
    if (symbols_[references_[i]] == kMetricNameLabel) name = references_[i + 1];
  }
  return name;
}

Status RemoteWriteV2Decoder::TellMetadata(uint64_t name, WriteRequestSummary& summary) {
  if (name == 0 || (metadata_.type == 0 && metadata_.help == 0 && metadata_.unit == 0)) {
    return Status::Ok();
  }
  if (told_.contains({.name = name, .metadata = metadata_})) return Status::Ok();
  const auto text = [this](uint64_t symbol) {
    return symbol == 0 ? std::string_view() : symbols_[symbol];
  };
  // Few bytes of references name large texts.
  const uint64_t bytes = sizeof(MetricMetadata) + symbols_[name].size() +
                         text(metadata_.help).size() + text(metadata_.unit).size();
  if (told_.size() >= kMetadataPerRequestMax ||
      metadata_bytes_ + bytes > WrittenMetadata::kBytesMax) {
    ++summary.metadata_ignored;
    return Status::Ok();
  }
  metadata_bytes_ += bytes;
  memory_.Keep(bytes);
  LUMA_RETURN_IF_ERROR(memory_.Need(RequestMemory::BytesIn(*batch_)));
  told_.insert({.name = name, .metadata = metadata_});
  const std::string_view type = MetricTypeName(metadata_.type);
  summary.metadata.push_back({.family = std::string(FamilyOf(symbols_[name], type)),
                              .type = std::string(type),
                              .help = std::string(text(metadata_.help)),
                              .unit = std::string(text(metadata_.unit))});
  return Status::Ok();
}

size_t RemoteWriteV2Decoder::allocated_bytes() const {
  return symbols_.allocated_bytes() + told_.bucket_count() * sizeof(Told) +
         AllocatedBytes(series_) + AllocatedBytes(hashes_) + AllocatedBytes(ids_) +
         wire_labels_.capacity() + AllocatedBytes(references_) + AllocatedBytes(labels_) +
         AllocatedBytes(histograms_) + decoded_.allocated_bytes() +
         AllocatedBytes(exemplar_references_) + AllocatedBytes(exemplar_labels_);
}

}  // namespace luma::prom
