#include "model/histogram_codec.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "model/sample.h"

namespace luma {
namespace {

constexpr uint8_t kVersion = 1;
constexpr uint8_t kHintMask = 0x03;
constexpr uint8_t kWholeCounts = 0x04;
constexpr uint8_t kIntegerSender = 0x08;
constexpr uint8_t kHasStart = 0x10;
constexpr uint8_t kReserved = 0xe0;
constexpr double kWholeMax = 0x1p53;

using Buckets = std::vector<HistogramBucket<double>>;

bool IsWhole(double count) {
  return count >= 0 && count <= kWholeMax && std::floor(count) == count && !std::signbit(count);
}

bool AreWhole(const Buckets& buckets) {
  return std::ranges::all_of(buckets, [](const auto& bucket) { return IsWhole(bucket.count); });
}

bool IsWhole(const FloatHistogram& histogram) {
  return IsWhole(histogram.count) && IsWhole(histogram.zero_count) &&
         AreWhole(histogram.positive) && AreWhole(histogram.negative);
}

class Encoder {
 public:
  Encoder(const StoredHistogram& stored, Bytes& out)
      : stored_(stored),
        histogram_(stored.histogram),
        whole_(IsWhole(stored.histogram)),
        writer_(out) {}

  void Run() {
    writer_.Fixed(kVersion);
    writer_.Fixed(Flags());
    writer_.SignedVarint(histogram_.schema);
    Count(histogram_.count);
    writer_.Fixed(histogram_.sum);
    if (histogram_.has_custom_bounds()) {
      writer_.Varint(histogram_.custom_bounds.size());
      for (const double bound : histogram_.custom_bounds) writer_.Fixed(bound);
    } else {
      writer_.Fixed(histogram_.zero_threshold);
      Count(histogram_.zero_count);
      Runs(histogram_.negative);
    }
    Runs(histogram_.positive);
    if (stored_.age_ms != 0) writer_.SignedVarint(stored_.age_ms);
  }

 private:
  uint8_t Flags() const {
    return static_cast<uint8_t>(
        static_cast<uint8_t>(histogram_.hint) | (whole_ ? kWholeCounts : 0) |
        (stored_.is_integer ? kIntegerSender : 0) | (stored_.age_ms != 0 ? kHasStart : 0));
  }

  void Count(double count) {
    if (whole_) {
      writer_.Varint(static_cast<uint64_t>(count));
    } else {
      writer_.Fixed(count);
    }
  }

  void Runs(const Buckets& all) {
    Buckets buckets = all;
    std::erase_if(buckets, [](const auto& bucket) { return bucket.count == 0; });
    std::vector<std::pair<size_t, size_t>> runs;  // first and end
    for (size_t i = 0; i < buckets.size(); ++i) {
      const bool follows = i > 0 && int64_t{buckets[i - 1].index} + 1 == buckets[i].index;
      if (!follows) runs.emplace_back(i, i);
      runs.back().second = i + 1;
    }
    writer_.Varint(runs.size());
    int64_t end = 0;  // of the indexes of the run before
    for (const auto& [first, last] : runs) {
      writer_.SignedVarint(buckets[first].index - end);
      writer_.Varint(last - first);
      for (size_t i = first; i < last; ++i) Count(buckets[i].count);
      end = int64_t{buckets[last - 1].index} + 1;
    }
  }

  const StoredHistogram& stored_;
  const FloatHistogram& histogram_;
  const bool whole_;
  ByteWriter writer_;
};

class Decoder {
 public:
  explicit Decoder(std::string_view bytes) : reader_(AsBytes(bytes)) {}

  bool Run(StoredHistogram& stored) {
    FloatHistogram& histogram = stored.histogram;
    if (reader_.Fixed<uint8_t>() != kVersion) return false;
    flags_ = reader_.Fixed<uint8_t>();
    if ((flags_ & kReserved) != 0) return false;
    histogram.hint = static_cast<ResetHint>(flags_ & kHintMask);
    stored.is_integer = (flags_ & kIntegerSender) != 0;
    if (!Schema(histogram.schema)) return false;
    histogram.count = Count();
    histogram.sum = reader_.Fixed<double>();
    if (histogram.has_custom_bounds() ? !Bounds(histogram.custom_bounds) : !BelowZero(histogram)) {
      return false;
    }
    if (!Runs(histogram.positive)) return false;
    if ((flags_ & kHasStart) != 0) {
      stored.age_ms = reader_.SignedVarint();
      if (stored.age_ms == 0) return false;
    }
    return reader_.ok() && reader_.remaining() == 0 && HaveBounds(histogram);
  }

 private:
  bool Schema(int32_t& schema) {
    const int64_t value = reader_.SignedVarint();
    schema = static_cast<int32_t>(value);
    return value == kCustomBoundsSchema ||
           (value >= kExponentialSchemaMin && value <= kExponentialSchemaMax);
  }

  double Count() {
    if ((flags_ & kWholeCounts) == 0) return reader_.Fixed<double>();
    const uint64_t count = reader_.Varint();
    if (count > static_cast<uint64_t>(kWholeMax)) is_bad_ = true;
    return static_cast<double>(count);
  }

  bool BelowZero(FloatHistogram& histogram) {
    histogram.zero_threshold = reader_.Fixed<double>();
    if (!(histogram.zero_threshold >= 0)) return false;
    histogram.zero_count = Count();
    return Runs(histogram.negative);
  }

  bool Bounds(std::vector<double>& bounds) {
    const uint64_t count = reader_.Varint();
    if (count > reader_.remaining() / sizeof(double)) return false;
    for (uint64_t i = 0; i < count; ++i) bounds.push_back(reader_.Fixed<double>());
    return std::ranges::all_of(bounds, [](double bound) { return std::isfinite(bound); }) &&
           std::ranges::adjacent_find(bounds, std::greater_equal<>()) == bounds.end();
  }

  bool Runs(Buckets& buckets) {
    const uint64_t runs = reader_.Varint();
    int64_t end = 0;
    for (uint64_t run = 0; run < runs; ++run) {
      const int64_t gap = reader_.SignedVarint();
      const uint64_t length = reader_.Varint();
      // A count takes at least a byte.
      if (!reader_.ok() || length == 0 || length > reader_.remaining()) return false;
      if ((run > 0 && gap < 1) || gap > kIndexMax - end || gap < kIndexMin) return false;
      int64_t index = end + gap;
      end = index + static_cast<int64_t>(length);
      if (end - 1 > kIndexMax) return false;
      for (; index < end; ++index) {
        const double count = Count();
        if (count == 0) return false;
        buckets.push_back({static_cast<int32_t>(index), count});
      }
    }
    return !is_bad_;
  }

  static bool HaveBounds(const FloatHistogram& histogram) {
    if (!histogram.has_custom_bounds() || histogram.positive.empty()) return true;
    return histogram.positive.front().index >= 0 &&
           static_cast<size_t>(histogram.positive.back().index) <= histogram.custom_bounds.size();
  }

  static constexpr int64_t kIndexMin = std::numeric_limits<int32_t>::min();
  static constexpr int64_t kIndexMax = std::numeric_limits<int32_t>::max();

  ByteReader reader_;
  uint8_t flags_ = 0;
  bool is_bad_ = false;
};

double SumOf(const Buckets& buckets) {
  double sum = 0;
  for (const auto& bucket : buckets) sum += bucket.count;
  return sum;
}

bool HasBadCount(const Buckets& buckets) {
  return std::ranges::any_of(buckets, [](const auto& bucket) { return !(bucket.count >= 0); });
}

Status CheckBounds(const FloatHistogram& histogram) {
  const auto& bounds = histogram.custom_bounds;
  if (!histogram.has_custom_bounds()) {
    return bounds.empty() ? Status::Ok()
                          : Status::InvalidArgument(
                                "histogram with exponential schema must not have custom bounds");
  }
  if (!std::ranges::all_of(bounds, [](double bound) { return std::isfinite(bound); })) {
    return Status::InvalidArgument("custom bounds of a histogram must be finite");
  }
  if (std::ranges::adjacent_find(bounds, std::greater_equal<>()) != bounds.end()) {
    return Status::InvalidArgument("custom bounds of a histogram must be strictly increasing");
  }
  if (!histogram.negative.empty() || histogram.zero_count != 0 || histogram.zero_threshold != 0) {
    return Status::InvalidArgument(
        "histogram with custom bounds must have no zero bucket and no negative buckets");
  }
  const auto& buckets = histogram.positive;
  if (!buckets.empty() &&
      (buckets.front().index < 0 || static_cast<size_t>(buckets.back().index) > bounds.size())) {
    return Status::InvalidArgument("histogram has too few custom bounds for its buckets");
  }
  return Status::Ok();
}

}  // namespace

Status CheckHistogram(const StoredHistogram& stored) {
  const FloatHistogram& histogram = stored.histogram;
  if (!histogram.has_custom_bounds() &&
      (histogram.schema < kExponentialSchemaMin || histogram.schema > kExponentialSchemaMax)) {
    return Status::InvalidArgument("histogram has an unknown schema: schema=", histogram.schema);
  }
  LUMA_RETURN_IF_ERROR(CheckBounds(histogram));
  if (!(histogram.count >= 0) || !(histogram.zero_count >= 0) || HasBadCount(histogram.positive) ||
      HasBadCount(histogram.negative)) {
    return Status::InvalidArgument("histogram has a negative count");
  }
  if (!(histogram.zero_threshold >= 0)) {
    return Status::InvalidArgument("histogram has a negative zero threshold");
  }
  if (!stored.is_integer) return Status::Ok();
  const double in_buckets =
      SumOf(histogram.positive) + SumOf(histogram.negative) + histogram.zero_count;
  // NaN observations are counted, but in no bucket; they make the sum NaN.
  const bool fits =
      std::isnan(histogram.sum) ? in_buckets <= histogram.count : in_buckets == histogram.count;
  if (fits) return Status::Ok();
  return Status::InvalidArgument("count of a histogram does not fit its buckets: count=",
                                 histogram.count, " in_buckets=", in_buckets);
}

void AppendHistogram(const StoredHistogram& stored, std::string& out) {
  Bytes bytes;
  if (IsStaleNan(stored.histogram.sum)) {
    StoredHistogram marker;
    marker.histogram.sum = stored.histogram.sum;
    Encoder(marker, bytes).Run();
  } else {
    Encoder(stored, bytes).Run();
  }
  out.append(AsText(bytes));
}

// A bucket takes at least a byte, and a list that grows is there twice: as it was and twice as
// long.
size_t DecodedHistogramBytesMax(std::string_view bytes) {
  return HistogramBytes(FloatHistogram()) + bytes.size() * 3 * sizeof(HistogramBucket<double>);
}

Result<StoredHistogram> DecodeHistogram(std::string_view bytes) {
  StoredHistogram stored;
  if (Decoder(bytes).Run(stored)) return stored;
  return Status::Corruption("bytes are no histogram: size=", bytes.size());
}

}  // namespace luma
