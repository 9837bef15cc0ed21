#include "prom/wire_histogram.h"

#include <utility>

#include "base/bytes.h"
#include "model/histogram_codec.h"
#include "model/sample.h"
#include "prom/protobuf_fields.h"
#include "prom/protobuf_writer.h"

namespace luma::prom {
namespace {

constexpr int32_t kSchemaKnownMax = 52;  // Prometheus reserves -9..52

bool ReadSpan(std::string_view message, std::vector<WireSpan>& spans) {
  WireSpan span;
  ProtobufReader reader(message);
  while (reader.Next()) {
    switch (reader.tag()) {
      case VarintField(1):
        span.offset = static_cast<int32_t>(FromZigzag(reader.Varint()));
        break;
      case VarintField(2):
        span.length = static_cast<uint32_t>(reader.Varint());
        break;
      default:
        reader.Skip();
    }
  }
  spans.push_back(span);
  return reader.ok();
}

// A packed field is its values without tags: reading them ends where the bytes end.
bool ReadPackedDoubles(std::string_view bytes, std::vector<double>& values) {
  if (bytes.size() % sizeof(double) != 0) return false;
  ProtobufReader reader(bytes);
  for (size_t i = 0; i < bytes.size() / sizeof(double); ++i) values.push_back(reader.Double());
  return reader.ok();
}

bool ReadPackedDeltas(std::string_view bytes, std::vector<int64_t>& values) {
  ProtobufReader reader(bytes);
  while (reader.remaining() > 0) values.push_back(FromZigzag(reader.Varint()));
  return reader.ok();
}

constexpr uint32_t kNegativeSide = 8;   // 8 spans, 9 deltas, 10 counts
constexpr uint32_t kPositiveSide = 11;  // 11 spans, 12 deltas, 13 counts

bool ReadField(ProtobufReader& reader, WireHistogram& histogram) {
  switch (reader.tag()) {
    case VarintField(1):
      histogram.count_int = reader.Varint();
      histogram.is_float = false;
      return true;
    case DoubleField(2):
      histogram.count_float = reader.Double();
      histogram.is_float = true;
      return true;
    case DoubleField(3):
      histogram.sum = reader.Double();
      return true;
    case VarintField(4):
      histogram.schema = static_cast<int32_t>(FromZigzag(reader.Varint()));
      return true;
    case DoubleField(5):
      histogram.zero_threshold = reader.Double();
      return true;
    case VarintField(6):
      histogram.zero_count_int = reader.Varint();
      return true;
    case DoubleField(7):
      histogram.zero_count_float = reader.Double();
      return true;
    case VarintField(14):
      histogram.hint = static_cast<ResetHint>(reader.Varint() & 3);
      return true;
    case VarintField(15):
      histogram.timestamp = static_cast<int64_t>(reader.Varint());
      return true;
    case BytesField(16):
      return ReadPackedDoubles(reader.Bytes(), histogram.custom_values);
    case DoubleField(16):
      histogram.custom_values.push_back(reader.Double());
      return true;
    case VarintField(17):
      histogram.start_timestamp = static_cast<int64_t>(reader.Varint());
      return true;
    default: {
      const uint32_t field = reader.tag() >> 3;
      const bool is_negative = field < kPositiveSide;
      return ReadWireBuckets(reader, is_negative ? kNegativeSide : kPositiveSide,
                             is_negative ? histogram.negative : histogram.positive);
    }
  }
}

// The absolute counts of one side.
Result<std::vector<double>> CountsOf(const WireBuckets& buckets, bool is_float) {
  if (is_float) {
    if (!buckets.deltas.empty()) {
      return Status::InvalidArgument("histogram has integer buckets and a float count");
    }
    return buckets.counts;
  }
  if (!buckets.counts.empty()) {
    return Status::InvalidArgument("histogram has float buckets and an integer count");
  }
  std::vector<double> counts;
  int64_t count = 0;
  for (const int64_t delta : buckets.deltas) {
    if (__builtin_add_overflow(count, delta, &count)) {
      return Status::InvalidArgument("histogram has a count that does not fit 64 bits");
    }
    counts.push_back(static_cast<double>(count));
  }
  return counts;
}

Result<std::vector<HistogramBucket<double>>> BucketsOf(const WireBuckets& wire, bool is_float) {
  LUMA_ASSIGN_OR_RETURN(const std::vector<double> counts, CountsOf(wire, is_float));
  std::vector<HistogramBucket<double>> buckets;
  int64_t index = 0;
  size_t next = 0;
  for (size_t i = 0; i < wire.spans.size(); ++i) {
    const WireSpan& span = wire.spans[i];
    if (i > 0 && span.offset < 0) {
      return Status::InvalidArgument("histogram has a span whose offset is negative");
    }
    index += span.offset;
    if (span.length > counts.size() - next) break;
    for (uint32_t j = 0; j < span.length; ++j, ++index, ++next) {
      if (index != static_cast<int32_t>(index)) {
        return Status::InvalidArgument("histogram has a bucket index out of range");
      }
      buckets.push_back({static_cast<int32_t>(index), counts[next]});
    }
  }
  uint64_t in_spans = 0;
  for (const WireSpan& span : wire.spans) in_spans += span.length;
  if (in_spans == counts.size()) return buckets;
  return Status::InvalidArgument("spans of a histogram do not fit its buckets: in_spans=", in_spans,
                                 " buckets=", counts.size());
}

uint64_t ToZigzag(int64_t value) {
  return static_cast<uint64_t>(value) << 1 ^ static_cast<uint64_t>(value >> 63);
}

void AppendDoubles(std::span<const double> values, uint32_t field, std::string& out) {
  AppendBytesField(out, field, AsText(std::as_bytes(values)));
}

// As spans and the absolute counts of their buckets.
void AppendSide(const std::vector<HistogramBucket<double>>& buckets, uint32_t first_field,
                std::string& out) {
  std::vector<int32_t> indexes;
  std::vector<double> counts;
  for (const auto& [index, count] : buckets) {
    indexes.push_back(index);
    counts.push_back(count);
  }
  for (const WireSpan& span : SpansOf(indexes)) {
    std::string message;
    AppendVarintField(message, 1, ToZigzag(span.offset));
    AppendVarintField(message, 2, span.length);
    AppendBytesField(out, first_field, message);
  }
  if (!counts.empty()) AppendDoubles(counts, first_field + 2, out);
}

Status Reduce(FloatHistogram& histogram, const HistogramLimits& limits) {
  if (!histogram.has_custom_bounds() && histogram.schema > limits.schema_max &&
      histogram.schema <= kSchemaKnownMax) {
    ReduceResolution(histogram, limits.schema_max);
  }
  const auto has_too_many = [&] {
    return limits.buckets_max > 0 &&
           histogram.positive.size() + histogram.negative.size() > limits.buckets_max;
  };
  while (has_too_many()) {
    const bool is_coarsest =
        histogram.has_custom_bounds() || histogram.schema <= kExponentialSchemaMin;
    if (is_coarsest) return Status::TooLarge("histogram bucket limit exceeded");
    ReduceResolution(histogram, histogram.schema - 1);
  }
  return Status::Ok();
}

}  // namespace

bool ReadWireBuckets(ProtobufReader& reader, uint32_t first_field, WireBuckets& buckets) {
  if (reader.tag() == BytesField(first_field)) return ReadSpan(reader.Bytes(), buckets.spans);
  if (reader.tag() == BytesField(first_field + 1)) {
    return ReadPackedDeltas(reader.Bytes(), buckets.deltas);
  }
  if (reader.tag() == BytesField(first_field + 2)) {
    return ReadPackedDoubles(reader.Bytes(), buckets.counts);
  }
  // Writers may leave lists unpacked.
  if (reader.tag() == VarintField(first_field + 1)) {
    buckets.deltas.push_back(FromZigzag(reader.Varint()));
  } else if (reader.tag() == DoubleField(first_field + 2)) {
    buckets.counts.push_back(reader.Double());
  } else {
    reader.Skip();
  }
  return true;
}

Status CheckWireHistogramSize(std::string_view message) {
  if (message.size() <= kWireHistogramBytesMax) return Status::Ok();
  return Status::InvalidArgument("histogram is too large: bytes=", message.size(),
                                 " limit=", kWireHistogramBytesMax);
}

bool DecodeWireHistogram(std::string_view message, WireHistogram& histogram) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (!ReadField(reader, histogram)) return false;
  }
  return reader.ok();
}

std::vector<WireSpan> SpansOf(std::span<const int32_t> indexes) {
  std::vector<WireSpan> spans;
  int64_t end = 0;  // of the span before
  for (const int32_t index : indexes) {
    if (spans.empty() || index != end) {
      spans.push_back({.offset = static_cast<int32_t>(index - end), .length = 0});
    }
    ++spans.back().length;
    end = int64_t{index} + 1;
  }
  return spans;
}

std::string WireHistogramMessage(UnixMillis time, const FloatHistogram& histogram) {
  std::string out;
  AppendDoubleField(out, 2, histogram.count);
  AppendDoubleField(out, 3, histogram.sum);
  AppendVarintField(out, 4, ToZigzag(histogram.schema));
  AppendDoubleField(out, 5, histogram.zero_threshold);
  AppendDoubleField(out, 7, histogram.zero_count);
  AppendSide(histogram.negative, kNegativeSide, out);
  AppendSide(histogram.positive, kPositiveSide, out);
  AppendVarintField(out, 14, static_cast<uint64_t>(histogram.hint));
  AppendVarintField(out, 15, static_cast<uint64_t>(time));
  if (histogram.has_custom_bounds()) AppendDoubles(histogram.custom_bounds, 16, out);
  return out;
}

Status AppendWireHistogram(const WireHistogram& wire, std::string& out,
                           const HistogramLimits& limits) {
  StoredHistogram stored;
  stored.is_integer = !wire.is_float;
  if (wire.start_timestamp != 0 &&
      __builtin_sub_overflow(wire.timestamp, wire.start_timestamp, &stored.age_ms)) {
    return Status::InvalidArgument("histogram has times that do not fit 64 bits");
  }
  FloatHistogram& histogram = stored.histogram;
  histogram.hint = wire.hint;
  histogram.schema = wire.schema;
  histogram.zero_threshold = wire.zero_threshold;
  histogram.count = wire.is_float ? wire.count_float : static_cast<double>(wire.count_int);
  histogram.zero_count =
      wire.is_float ? wire.zero_count_float : static_cast<double>(wire.zero_count_int);
  histogram.sum = wire.sum;
  histogram.custom_bounds = wire.custom_values;
  if (!IsStaleNan(wire.sum)) {
    LUMA_ASSIGN_OR_RETURN(histogram.positive, BucketsOf(wire.positive, wire.is_float));
    LUMA_ASSIGN_OR_RETURN(histogram.negative, BucketsOf(wire.negative, wire.is_float));
    LUMA_RETURN_IF_ERROR(Reduce(histogram, limits));
    LUMA_RETURN_IF_ERROR(CheckHistogram(stored));
  }
  AppendHistogram(stored, out);
  return Status::Ok();
}

}  // namespace luma::prom
