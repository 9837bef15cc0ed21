#include "prom/scrape/protobuf_parser.h"

#include <cmath>
#include <limits>

#include "base/hash.h"
#include "model/series_batch.h"
#include "prom/protobuf_fields.h"
#include "prom/scrape/protobuf_family.h"
#include "prom/scrape/series_text.h"

namespace luma::prom {
namespace {

// google.protobuf.Timestamp. False when malformed.
bool ReadTime(std::string_view message, UnixMillis& time) {
  ProtobufReader reader(message);
  int64_t seconds = 0;
  int64_t nanos = 0;
  while (reader.Next()) {
    switch (reader.tag()) {
      case VarintField(1):
        seconds = static_cast<int64_t>(reader.Varint());
        break;
      case VarintField(2):
        nanos = static_cast<int64_t>(reader.Varint());
        break;
      default:
        reader.Skip();
    }
  }
  int64_t millis = 0;
  if (!reader.ok() || __builtin_mul_overflow(seconds, 1000, &millis)) return false;
  return !__builtin_add_overflow(millis, nanos / 1'000'000, &time);
}

constexpr char kKeyEnd = '\xff';  // of a text in a key; is in no UTF-8

void AppendBytesOf(uint64_t number, std::string& out) {
  out.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// A few bytes of a page can be a label, an exemplar, a bucket or a quantile, which take a hundred.
constexpr size_t kLabelsMax = 1'000;
constexpr size_t kExemplarLabelsMax = kExemplarCharsMax;  // each has a character at least
constexpr size_t kExemplarsMax = 10'000;
constexpr size_t kPartsMax = 100'000;

bool ReadLabelPair(std::string_view message, size_t labels_max, std::vector<LabelRef>& labels) {
  if (labels.size() == labels_max) return false;
  LabelRef label;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case BytesField(1):
        label.name = reader.Bytes();
        break;
      case BytesField(2):
        label.value = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  if (label.value.data() == nullptr) label.value = "";
  labels.push_back(label);
  return reader.ok();
}

// One bucket of a classic histogram, or one quantile of a summary.
struct Bound {
  double bound = 0;
  double value = 0;
  std::string_view exemplar;
};

bool ReadBucket(std::string_view message, Bound& bucket) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case VarintField(1):
        bucket.value = static_cast<double>(reader.Varint());
        break;
      case DoubleField(4):
        bucket.value = reader.Double();
        break;
      case DoubleField(2):
        bucket.bound = reader.Double();
        break;
      case BytesField(3):
        bucket.exemplar = reader.Bytes();
        break;
      default:
        reader.Skip();
    }
  }
  return reader.ok();
}

bool ReadQuantile(std::string_view message, Bound& quantile) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.tag() == DoubleField(1)) {
      quantile.bound = reader.Double();
    } else if (reader.tag() == DoubleField(2)) {
      quantile.value = reader.Double();
    } else {
      reader.Skip();
    }
  }
  return reader.ok();
}

bool IsNative(const WireHistogram& histogram) {
  return !histogram.positive.spans.empty() || !histogram.negative.spans.empty() ||
         histogram.zero_threshold > 0 || histogram.zero_count_int > 0 ||
         histogram.zero_count_float > 0;
}

}  // namespace

bool ProtobufParser::Next() {
  while (status_.ok()) {
    if (next_part_ < parts_.size()) {
      Emit(parts_[next_part_++]);
      return true;
    }
    if (std::string_view metric; TakeMetric(metric)) {
      if (!ReadMetric(metric)) return Fail("malformed or too large metric");
    } else if (!metrics_.ok()) {
      return Fail("malformed metric family");
    } else if (rest_.empty()) {
      return false;
    } else if (!NextFamily()) {
      return Fail("malformed metric family");
    }
  }
  return false;
}

bool ProtobufParser::NextFamily() {
  ProtobufFamily family;
  const bool is_good = TakeFamily(rest_, family);
  family_ = family.name;
  if (!is_good) return false;
  metrics_ = ProtobufReader(family.message);
  type_ = family.type <= static_cast<uint64_t>(Type::kGaugeHistogram)
              ? static_cast<Type>(family.type)
              : Type::kUntyped;
  return true;
}

// The next metric of the family. False at its end.
bool ProtobufParser::TakeMetric(std::string_view& metric) {
  while (metrics_.Next()) {
    if (metrics_.tag() == BytesField(4)) {
      metric = metrics_.Bytes();
      return metrics_.ok();
    }
    metrics_.Skip();
  }
  return false;
}

// Reads a metric into parts_. False also when it is larger than any is.
bool ProtobufParser::ReadMetric(std::string_view message) {
  labels_.clear();
  parts_.clear();
  next_part_ = 0;
  extra_values_.clear();
  exemplar_count_ = 0;
  is_native_ = false;
  sample_ = {.series = {}, .timestamp = std::nullopt};
  std::string_view value;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case BytesField(1):
        if (!ReadLabelPair(reader.Bytes(), kLabelsMax, labels_)) return false;
        break;
      case BytesField(2):
      case BytesField(3):
      case BytesField(4):
      case BytesField(5):
      case BytesField(7):
        value = reader.Bytes();
        break;
      case VarintField(6):
        if (const auto time = static_cast<UnixMillis>(reader.Varint()); time != 0) {
          sample_.timestamp = time;
        }
        break;
      default:
        reader.Skip();
    }
  }
  if (!reader.ok()) return false;
  StartKey();
  switch (type_) {
    case Type::kSummary:
      return ReadSummary(value);
    case Type::kHistogram:
    case Type::kGaugeHistogram:
      return ReadHistogram(value);
    default:
      return ReadValue(value);
  }
}

// Counter, Gauge or Untyped: the value is field 1 of each; counters may have an exemplar.
bool ProtobufParser::ReadValue(std::string_view message) {
  double value = 0;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.tag() == DoubleField(1)) {
      value = reader.Double();
    } else if (reader.tag() == BytesField(2) && type_ == Type::kCounter) {
      if (!ReadExemplar(reader.Bytes())) return false;
    } else {
      reader.Skip();
    }
  }
  AddPart("", value);
  parts_.back().exemplar_end = exemplar_count_;
  return reader.ok();
}

bool ProtobufParser::ReadSummary(std::string_view message) {
  double count = 0;
  double sum = 0;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case VarintField(1):
        count = static_cast<double>(reader.Varint());
        break;
      case DoubleField(2):
        sum = reader.Double();
        break;
      case BytesField(3): {
        Bound quantile;
        if (parts_.size() == kPartsMax || !ReadQuantile(reader.Bytes(), quantile)) return false;
        AddBoundPart("", "quantile", quantile.bound, quantile.value);
        break;
      }
      default:
        reader.Skip();
    }
  }
  AddPart("_count", count);
  AddPart("_sum", sum);
  return reader.ok();
}

bool ProtobufParser::ReadHistogram(std::string_view message) {
  histogram_ = WireHistogram();
  if (!CheckWireHistogramSize(message).ok() || !ReadHistogramFields(message)) return false;
  is_native_ = native_ && IsNative(histogram_);
  if (is_native_) {
    AddPart("", histogram_.sum);
    parts_.back().is_histogram = true;
    parts_.back().exemplar_end = exemplar_count_;
    if (!classic_) return true;
  }
  const double count =
      histogram_.is_float ? histogram_.count_float : static_cast<double>(histogram_.count_int);
  return ReadClassicBuckets(message, count, histogram_.sum);
}

bool ProtobufParser::ReadHistogramFields(std::string_view message) {
  WireHistogram& histogram = histogram_;
  if (type_ == Type::kGaugeHistogram) histogram.hint = ResetHint::kGauge;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case VarintField(1):
        histogram.count_int = reader.Varint();
        break;
      case DoubleField(2):
        histogram.sum = reader.Double();
        break;
      case DoubleField(4):
        histogram.count_float = reader.Double();
        histogram.is_float = histogram.count_float > 0;
        break;
      case VarintField(5):
        histogram.schema = static_cast<int32_t>(FromZigzag(reader.Varint()));
        break;
      case DoubleField(6):
        histogram.zero_threshold = reader.Double();
        break;
      case VarintField(7):
        histogram.zero_count_int = reader.Varint();
        break;
      case DoubleField(8):
        histogram.zero_count_float = reader.Double();
        break;
      case BytesField(15):
        if (!ReadTime(reader.Bytes(), histogram.start_timestamp)) return false;
        break;
      case BytesField(16):
        if (!ReadExemplar(reader.Bytes())) return false;
        break;
      default: {
        constexpr uint32_t kNegativeSide = 9;   // 9 spans, 10 deltas, 11 counts
        constexpr uint32_t kPositiveSide = 12;  // 12 spans, 13 deltas, 14 counts
        const bool is_negative = (reader.tag() >> 3) < kPositiveSide;
        if (!ReadWireBuckets(reader, is_negative ? kNegativeSide : kPositiveSide,
                             is_negative ? histogram.negative : histogram.positive)) {
          return false;
        }
      }
    }
  }
  return reader.ok();
}

bool ProtobufParser::ReadClassicBuckets(std::string_view message, double count, double sum) {
  AddPart("_count", count);
  AddPart("_sum", sum);
  bool has_infinity = false;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.tag() != BytesField(3)) {
      reader.Skip();
      continue;
    }
    Bound bucket;
    const size_t exemplars_before = exemplar_count_;
    if (parts_.size() == kPartsMax || !ReadBucket(reader.Bytes(), bucket)) return false;
    if (!bucket.exemplar.empty() && !ReadExemplar(bucket.exemplar)) return false;
    AddBoundPart("_bucket", "le", bucket.bound, bucket.value);
    parts_.back().exemplar_begin = exemplars_before;
    parts_.back().exemplar_end = exemplar_count_;
    has_infinity |= std::isinf(bucket.bound) && bucket.bound > 0;
  }
  if (!has_infinity) {
    AddBoundPart("_bucket", "le", std::numeric_limits<double>::infinity(), count);
  }
  return reader.ok();
}

bool ProtobufParser::ReadExemplar(std::string_view message) {
  if (exemplar_count_ == kExemplarsMax) return false;
  if (exemplar_count_ == exemplars_.size()) exemplars_.emplace_back();
  PageExemplar& exemplar = exemplars_[exemplar_count_++];
  exemplar.labels.clear();
  exemplar.timestamp.reset();
  exemplar.value = 0;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case BytesField(1):
        if (!ReadLabelPair(reader.Bytes(), kExemplarLabelsMax, exemplar.labels)) return false;
        break;
      case DoubleField(2):
        exemplar.value = reader.Double();
        break;
      case BytesField(3): {
        UnixMillis time = 0;
        if (!ReadTime(reader.Bytes(), time)) return false;
        exemplar.timestamp = time;
        break;
      }
      default:
        reader.Skip();
    }
  }
  return reader.ok();
}

void ProtobufParser::AddPart(std::string_view suffix, double value) {
  parts_.push_back({.suffix = suffix, .extra_name = {}, .value = value});
}

void ProtobufParser::AddBoundPart(std::string_view suffix, std::string_view label, double bound,
                                  double value) {
  const size_t begin = extra_values_.size();
  AppendOpenMetricsFloat(bound, extra_values_);
  parts_.push_back({.suffix = suffix,
                    .extra_name = label,
                    .extra_begin = begin,
                    .extra_end = extra_values_.size(),
                    .value = value});
}

std::string_view ProtobufParser::Extra(const Part& part) const {
  return std::string_view(extra_values_)
      .substr(part.extra_begin, part.extra_end - part.extra_begin);
}

// Labels of 100 KB may have 100,000 parts: they are copied and hashed once, and their hash is in
// the key of each.
void ProtobufParser::StartKey() {
  key_.assign(family_);
  for (const LabelRef& label : labels_) {
    key_.append(1, kKeyEnd).append(label.name).append(1, kKeyEnd).append(label.value);
  }
  const Hash128 hash = HashBytes128(AsBytes(key_));
  key_.clear();
  AppendBytesOf(hash.low, key_);
  AppendBytesOf(hash.high, key_);
}

void ProtobufParser::Emit(const Part& part) {
  part_ = &part;
  key_.resize(sizeof(Hash128));
  key_.append(part.suffix).append(1, kKeyEnd).append(Extra(part));
  sample_.series = key_;
  sample_.value = part.value;
  sample_.histogram = part.is_histogram ? &histogram_ : nullptr;
  shown_exemplars_ =
      std::span(exemplars_).subspan(part.exemplar_begin, part.exemplar_end - part.exemplar_begin);
}

bool ProtobufParser::ReadLabels(std::vector<LabelRef>& labels) {
  name_.assign(family_).append(part_->suffix);
  labels.clear();
  labels.push_back({kMetricNameLabel, name_});
  labels.insert(labels.end(), labels_.begin(), labels_.end());
  if (!part_->extra_name.empty()) labels.push_back({part_->extra_name, Extra(*part_)});
  return true;
}

std::span<PageExemplar> ProtobufParser::exemplars() { return shown_exemplars_; }

ClassicFamily ProtobufParser::classic_family() const {
  const bool is_gauge = type_ == Type::kGaugeHistogram;
  if (is_native_ || (type_ != Type::kHistogram && !is_gauge)) return {};
  return {.name = family_, .is_gauge = is_gauge};
}

bool ProtobufParser::Fail(std::string_view what) {
  status_ = Status::InvalidArgument("bad exposition: ", what, ": family=", family_);
  return false;
}

}  // namespace luma::prom
