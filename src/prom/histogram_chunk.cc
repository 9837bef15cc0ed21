#include "prom/histogram_chunk.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <vector>

#include "base/check.h"
#include "prom/chunk_bits.h"
#include "prom/wire_histogram.h"
#include "prom/xor_chunk.h"

namespace luma::prom {
namespace {

using Buckets = std::vector<HistogramBucket<double>>;

// Bits 6 and 7 of the flags.
uint8_t HeaderOf(ResetHint hint) {
  switch (hint) {
    case ResetHint::kUnknown:
      return 0x00;
    case ResetHint::kReset:
      return 0x80;
    case ResetHint::kNotReset:
      return 0x40;
    case ResetHint::kGauge:
      return 0xc0;
  }
  return 0;
}

bool GoOn(const FloatHistogram& first, const FloatHistogram& next) {
  const ResetHint wanted =
      first.hint == ResetHint::kGauge ? ResetHint::kGauge : ResetHint::kNotReset;
  return next.hint == wanted && next.schema == first.schema &&
         next.zero_threshold == first.zero_threshold && next.custom_bounds == first.custom_bounds;
}

// The indexes of the buckets that any of the samples has on one side.
std::vector<int32_t> IndexesOf(std::span<const HistogramPtr> samples,
                               Buckets FloatHistogram::* side) {
  std::vector<int32_t> indexes;
  for (const HistogramPtr& sample : samples) {
    for (const auto& bucket : (*sample).*side) indexes.push_back(bucket.index);
  }
  std::ranges::sort(indexes);
  const auto repeats = std::ranges::unique(indexes);
  indexes.erase(repeats.begin(), repeats.end());
  return indexes;
}

// The columns of one side: those of buckets that a sample lacks are 0 there.
class SideColumns {
 public:
  SideColumns(std::span<const HistogramPtr> samples, Buckets FloatHistogram::* side)
      : side_(side), indexes_(IndexesOf(samples, side)), columns_(indexes_.size()) {}

  void WriteLayout(BitWriter& bits) const {
    const std::vector<WireSpan> spans = SpansOf(indexes_);
    bits.VarbitUnsigned(spans.size());
    for (const WireSpan& span : spans) {
      bits.VarbitUnsigned(span.length);
      bits.Varbit(span.offset);
    }
  }
  void Write(const FloatHistogram& sample, bool is_first, BitWriter& bits) {
    const Buckets& buckets = sample.*side_;
    auto next = buckets.begin();
    for (size_t i = 0; i < columns_.size(); ++i) {
      const bool is_there = next != buckets.end() && next->index == indexes_[i];
      const double count = is_there ? next->count : 0;
      if (is_there) ++next;
      if (is_first) {
        columns_[i].First(count, bits);
      } else {
        columns_[i].Next(count, bits);
      }
    }
  }

 private:
  Buckets FloatHistogram::* const side_;
  const std::vector<int32_t> indexes_;
  std::vector<XorColumn> columns_;
};

class Encoder {
 public:
  Encoder(std::span<const HistogramPtr> samples, std::string& out)
      : bits_(out),
        positive_(samples, &FloatHistogram::positive),
        negative_(samples, &FloatHistogram::negative) {}

  void WriteLayout(const FloatHistogram& histogram) {
    WriteZeroThreshold(histogram.zero_threshold);
    bits_.Varbit(histogram.schema);
    positive_.WriteLayout(bits_);
    negative_.WriteLayout(bits_);
    if (!histogram.has_custom_bounds()) return;
    bits_.VarbitUnsigned(histogram.custom_bounds.size());
    for (const double bound : histogram.custom_bounds) WriteBound(bound);
  }

  // The second time is written as a difference of differences too, the first of which is 0.
  void Write(UnixMillis time, const FloatHistogram& histogram, bool is_first) {
    const uint64_t delta =
        is_first ? 0 : static_cast<uint64_t>(time) - static_cast<uint64_t>(time_);
    bits_.Varbit(is_first ? time : static_cast<int64_t>(delta - delta_));
    time_ = time;
    delta_ = delta;
    WriteNumber(count_, histogram.count, is_first);
    WriteNumber(zero_count_, histogram.zero_count, is_first);
    WriteNumber(sum_, histogram.sum, is_first);
    positive_.Write(histogram, is_first, bits_);
    negative_.Write(histogram, is_first, bits_);
  }

 private:
  void WriteNumber(XorColumn& column, double value, bool is_first) {
    if (is_first) {
      column.First(value, bits_);
    } else {
      column.Next(value, bits_);
    }
  }

  // Zero and powers of two take a byte.
  void WriteZeroThreshold(double threshold) {
    if (threshold == 0) return bits_.Write(0, 8);
    int exponent = 0;
    const double fraction = std::frexp(threshold, &exponent);
    if (fraction == 0.5 && exponent >= -242 && exponent <= 11) {
      return bits_.Write(static_cast<uint64_t>(exponent + 243), 8);
    }
    bits_.Write(255, 8);
    bits_.Write(std::bit_cast<uint64_t>(threshold), 64);
  }

  // Multiples of a thousandth are written as their number plus one.
  void WriteBound(double bound) {
    const double thousandths = std::round(bound * 1000);
    if (bound >= 0 && bound * 1000 <= kThousandthsMax && thousandths / 1000 == bound) {
      return bits_.VarbitUnsigned(static_cast<uint64_t>(thousandths) + 1);
    }
    bits_.Write(0, 1);
    bits_.Write(std::bit_cast<uint64_t>(bound), 64);
  }

  static constexpr double kThousandthsMax = 33'554'430;

  BitWriter bits_;
  SideColumns positive_;
  SideColumns negative_;
  XorColumn count_;
  XorColumn zero_count_;
  XorColumn sum_;
  UnixMillis time_ = 0;
  uint64_t delta_ = 0;
};

}  // namespace

size_t HistogramChunkSamples(std::span<const HistogramPtr> samples) {
  size_t count = 1;
  const size_t count_max = std::min(samples.size(), kXorChunkSamplesMax);
  while (count < count_max && GoOn(*samples[0], *samples[count])) ++count;
  return count;
}

std::string EncodeHistogramChunk(std::span<const UnixMillis> times,
                                 std::span<const HistogramPtr> samples) {
  LUMA_CHECK(!times.empty() && times.size() == samples.size());
  LUMA_CHECK(times.size() <= kXorChunkSamplesMax);
  std::string chunk = {static_cast<char>(times.size() >> 8), static_cast<char>(times.size()),
                       static_cast<char>(HeaderOf(samples[0]->hint))};
  Encoder encoder(samples, chunk);
  encoder.WriteLayout(*samples[0]);
  for (size_t i = 0; i < times.size(); ++i) encoder.Write(times[i], *samples[i], i == 0);
  return chunk;
}

}  // namespace luma::prom
