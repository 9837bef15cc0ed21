// The protobuf message Histogram of remote write (1.0 and 2.0 alike) and what storage keeps of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "model/float_histogram.h"
#include "model/protobuf_reader.h"

namespace luma::prom {

// Neighbouring buckets; of the first span `offset` is an index, of others the gap before it.
struct WireSpan {
  int32_t offset = 0;
  uint32_t length = 0;
};
// Integers come as differences, floats as counts; which of them counts is said by is_float.
struct WireBuckets {
  std::vector<WireSpan> spans;
  std::vector<int64_t> deltas;
  std::vector<double> counts;
};
struct WireHistogram {
  bool is_float = false;
  uint64_t count_int = 0;
  double count_float = 0;
  double sum = 0;
  int32_t schema = 0;
  double zero_threshold = 0;
  uint64_t zero_count_int = 0;
  double zero_count_float = 0;
  WireBuckets negative;
  WireBuckets positive;
  ResetHint hint = ResetHint::kUnknown;
  UnixMillis timestamp = 0;
  std::vector<double> custom_values;
  UnixMillis start_timestamp = 0;  // 0: not known
};

// A bucket is a byte or more here and some 40 bytes while it is decoded; histograms have hundreds.
inline constexpr size_t kWireHistogramBytesMax = 64 << 10;

// kInvalidArgument for more bytes than that: to be asked before they are decoded.
Status CheckWireHistogramSize(std::string_view message);

// Reads the field at hand into `buckets`: of one side, spans, deltas and counts are fields with
// numbers in a row, from `first_field` on. Skips other fields. False for malformed spans and lists.
bool ReadWireBuckets(ProtobufReader& reader, uint32_t first_field, WireBuckets& buckets);

// False for bytes that are no such message. Memory: 40 times the bytes at most.
bool DecodeWireHistogram(std::string_view message, WireHistogram& histogram);

// The spans of buckets with these indexes, which ascend.
std::vector<WireSpan> SpansOf(std::span<const int32_t> indexes);

// The message Histogram of a histogram, counted in floats.
std::string WireHistogramMessage(UnixMillis time, const FloatHistogram& histogram);

// What a histogram is reduced to as it is stored.
struct HistogramLimits {
  int32_t schema_max = kExponentialSchemaMax;
  size_t buckets_max = 0;  // of both sides; 0: any number
};

// Appends what is stored (docs/formats/histogram.md). Schemas up to 52 are reduced to the finest
// that is known and within the limits. Errors: kInvalidArgument for a histogram that cannot be,
// kTooLarge for one with too many buckets at the coarsest schema; nothing is appended then.
Status AppendWireHistogram(const WireHistogram& histogram, std::string& out,
                           const HistogramLimits& limits = {});

}  // namespace luma::prom
