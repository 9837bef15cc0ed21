#include "encoding/simd/integers.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"
#include "encoding/bit_packing.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encoding/simd/integers.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace luma::encoding::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr hn::ScalableTag<uint64_t> kWords{};
using Words = hn::Vec<hn::ScalableTag<uint64_t>>;
constexpr size_t kLanes = hn::MaxLanes(kWords);

// ---- bit unpacking: eight values, which begin at a whole byte, at a time

constexpr size_t kOctet = 8;
// With four lanes the second vector of an octet begins in the middle of a byte, and its last value
// must still lie within four words: 4 + 4 * 63 = 256 bits. Two lanes gain nothing over scalar code.
constexpr bool kUnpacks = kLanes == 4 || kLanes == 8;

HWY_INLINE Words LowBits(int width) {
  return hn::Set(kWords, width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1);
}

// Where the values of one vector lie in the words loaded from the byte in which the first begins.
class LanePlan {
 public:
  HWY_INLINE LanePlan(int width, size_t first_value) {
    const size_t first_bit = first_value * static_cast<size_t>(width);
    byte_ = first_bit / 8;
    const auto bit = hn::Add(hn::Set(kWords, first_bit % 8),
                             hn::Mul(hn::Iota(kWords, 0), hn::Set(kWords, width)));
    const auto word = hn::ShiftRight<6>(bit);
    const auto last = hn::Set(kWords, kLanes - 1);
    low_ = hn::IndicesFromVec(kWords, word);
    high_ = hn::IndicesFromVec(kWords, hn::Min(hn::Add(word, hn::Set(kWords, 1)), last));
    shift_ = hn::And(bit, hn::Set(kWords, 63));
    rest_ = hn::Sub(hn::Set(kWords, 63), shift_);
  }
  // A value that ends in the last word takes nothing of the next, so `high` may be any word then:
  // what it contributes lies above the value's bits.
  HWY_INLINE Words Extract(const std::byte* octet) const {
    const Words words = hn::LoadU(kWords, reinterpret_cast<const uint64_t*>(octet + byte_));
    const Words low = hn::TableLookupLanes(words, low_);
    const Words high = hn::TableLookupLanes(words, high_);
    return hn::Or(hn::Shr(low, shift_), hn::Shl(hn::ShiftLeft<1>(high), rest_));
  }

 private:
  size_t byte_;
  decltype(hn::IndicesFromVec(kWords, hn::Zero(kWords))) low_;
  decltype(hn::IndicesFromVec(kWords, hn::Zero(kWords))) high_;
  Words shift_;
  Words rest_;
};

// Octets of any width.
class WideUnpacker {
 public:
  // What is loaded for an octet, from its first byte on.
  static constexpr size_t kLoadBytes = kOctet * sizeof(uint64_t);

  HWY_INLINE explicit WideUnpacker(int width)
      : plans_{LanePlan(width, 0), LanePlan(width, kLanes % kOctet)}, mask_(LowBits(width)) {}

  // The values of the octet's first vector or, where it has only four lanes, its second.
  HWY_INLINE Words Vector(const std::byte* octet, size_t vector) const {
    return hn::And(plans_[vector].Extract(octet), mask_);
  }

 private:
  const LanePlan plans_[2];
  const Words mask_;
};

// Octets that lie in one word.
class NarrowUnpacker {
 public:
  static constexpr size_t kLoadBytes = sizeof(uint64_t);
  static constexpr int kWidthMax = 8;

  HWY_INLINE explicit NarrowUnpacker(int width)
      : shifts_{hn::Mul(hn::Iota(kWords, 0), hn::Set(kWords, width)),
                hn::Mul(hn::Iota(kWords, kLanes % kOctet), hn::Set(kWords, width))},
        mask_(LowBits(width)) {}

  HWY_INLINE Words Vector(const std::byte* octet, size_t vector) const {
    return hn::And(hn::Shr(hn::Set(kWords, LoadLe<uint64_t>(octet)), shifts_[vector]), mask_);
  }

 private:
  const Words shifts_[2];
  const Words mask_;
};

template <class Unpacker, class Sink>
HWY_INLINE void UnpackOctet(const Unpacker& unpacker, const std::byte* octet, Sink& sink,
                            uint64_t* out) {
  hn::StoreU(sink(unpacker.Vector(octet, 0)), kWords, out);
  if constexpr (kLanes < kOctet) {
    hn::StoreU(sink(unpacker.Vector(octet, 1)), kWords, out + kLanes);
  }
}

// Stores what `sink` makes of each vector of values, in order.
template <class Unpacker, class Sink>
HWY_INLINE void UnpackOctets(ByteSpan bytes, int width, std::span<uint64_t> out, Sink& sink) {
  const Unpacker unpacker(width);
  const size_t octet_bytes = static_cast<size_t>(width);
  const size_t whole = out.size() / kOctet;
  size_t octet = 0;
  for (; octet < whole && octet * octet_bytes + Unpacker::kLoadBytes <= bytes.size(); ++octet) {
    UnpackOctet(unpacker, bytes.data() + octet * octet_bytes, sink, out.data() + octet * kOctet);
  }
  // Fewer than kLoadBytes are left: the loads go to a copy that may be read beyond them.
  std::byte padded[2 * Unpacker::kLoadBytes] = {};
  const ByteSpan left = bytes.subspan(octet * octet_bytes);
  if (!left.empty()) std::memcpy(padded, left.data(), left.size());
  const std::byte* at = padded;
  for (; octet < whole; ++octet, at += octet_bytes) {
    UnpackOctet(unpacker, at, sink, out.data() + octet * kOctet);
  }
  if (out.size() % kOctet == 0) return;
  uint64_t last[kOctet];
  UnpackOctet(unpacker, at, sink, last);
  std::memcpy(out.data() + whole * kOctet, last, out.size() % kOctet * sizeof(uint64_t));
}

// False: this target has no better way than scalar code.
template <class Sink>
HWY_INLINE bool UnpackInto(ByteSpan bytes, int width, std::span<uint64_t> out, Sink& sink) {
  if constexpr (!kUnpacks) {
    return false;
  } else {
    if (width <= NarrowUnpacker::kWidthMax) {
      UnpackOctets<NarrowUnpacker>(bytes, width, out, sink);
    } else {
      UnpackOctets<WideUnpacker>(bytes, width, out, sink);
    }
    return true;
  }
}

class AddBase {
 public:
  explicit AddBase(uint64_t base) : base_(hn::Set(kWords, base)) {}
  HWY_INLINE Words operator()(Words words) const { return hn::Add(words, base_); }

 private:
  const Words base_;
};

bool UnpackAdding(ByteSpan bytes, int width, uint64_t base, std::span<uint64_t> out) {
  AddBase sink(base);
  return UnpackInto(bytes, width, out, sink);
}

// ---- prefix sums

// Adds to each lane all lanes below it, in log2(lanes) steps.
class LanePrefix {
 public:
  HWY_INLINE LanePrefix() {
    size_t step = 0;
    for (size_t distance = 1; distance < kLanes; distance *= 2, ++step) {
      const Words lane = hn::Iota(kWords, 0);
      const Words by = hn::Set(kWords, distance);
      const auto takes = hn::Gt(lane, hn::Set(kWords, distance - 1));
      takes_[step] = takes;
      from_[step] = hn::IndicesFromVec(kWords, hn::IfThenElseZero(takes, hn::Sub(lane, by)));
    }
    last_ = hn::IndicesFromVec(kWords, hn::Set(kWords, kLanes - 1));
  }
  HWY_INLINE Words Sums(Words words) const {
    for (size_t step = 0; step < kSteps; ++step) {
      const Words below = hn::TableLookupLanes(words, from_[step]);
      words = hn::Add(words, hn::IfThenElseZero(takes_[step], below));
    }
    return words;
  }
  HWY_INLINE Words Last(Words words) const { return hn::TableLookupLanes(words, last_); }

 private:
  using Indices = decltype(hn::IndicesFromVec(kWords, hn::Zero(kWords)));
  static constexpr size_t kSteps = kLanes == 8 ? 3 : kLanes == 4 ? 2 : kLanes == 2 ? 1 : 0;

  hn::Mask<hn::ScalableTag<uint64_t>> takes_[kSteps == 0 ? 1 : kSteps];
  Indices from_[kSteps == 0 ? 1 : kSteps];
  Indices last_;
};

struct Unchanged {
  HWY_INLINE Words operator()(Words words) const { return words; }
  uint64_t operator()(uint64_t word) const { return word; }
};

struct UnZigZagAndAdd {
  explicit UnZigZagAndAdd(uint64_t added) : base(added) {}
  HWY_INLINE Words operator()(Words words) const {
    const Words sign = hn::Sub(hn::Zero(kWords), hn::And(words, hn::Set(kWords, 1)));
    return hn::Add(hn::Xor(hn::ShiftRight<1>(words), sign), hn::Set(kWords, base));
  }
  uint64_t operator()(uint64_t word) const { return UnZigZag(word) + base; }

  const uint64_t base;
};

// Turns differences into sums, vector by vector.
template <class Difference>
class Summing {
 public:
  HWY_INLINE Summing(uint64_t start, const Difference& difference)
      : difference_(difference), before_(hn::Set(kWords, start)) {}

  HWY_INLINE Words operator()(Words words) {
    const Words sums = prefix_.Sums(difference_(words));
    const Words result = hn::Add(sums, before_);
    before_ = hn::Add(before_, prefix_.Last(sums));
    return result;
  }
  uint64_t last() const { return hn::GetLane(before_); }

 private:
  const Difference difference_;
  const LanePrefix prefix_;
  Words before_;
};

template <class Difference>
HWY_INLINE uint64_t SumUp(uint64_t start, const Difference& difference, std::span<uint64_t> words) {
  Summing<Difference> summing(start, difference);
  size_t i = 0;
  for (; i + kLanes <= words.size(); i += kLanes) {
    hn::StoreU(summing(hn::LoadU(kWords, words.data() + i)), kWords, words.data() + i);
  }
  uint64_t value = summing.last();
  for (; i < words.size(); ++i) {
    value += difference(words[i]);
    words[i] = value;
  }
  return value;
}

uint64_t SumUpPlain(uint64_t start, std::span<uint64_t> words) {
  return SumUp(start, Unchanged(), words);
}
uint64_t SumUpZigZag(uint64_t start, uint64_t base, std::span<uint64_t> words) {
  return SumUp(start, UnZigZagAndAdd(base), words);
}

bool UnpackSumming(ByteSpan bytes, int width, uint64_t start, uint64_t base,
                   std::span<uint64_t> out) {
  Summing<UnZigZagAndAdd> sink(start, UnZigZagAndAdd(base));
  return UnpackInto(bytes, width, out, sink);
}

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace luma::encoding {

HWY_EXPORT(UnpackAdding);
HWY_EXPORT(UnpackSumming);
HWY_EXPORT(SumUpPlain);
HWY_EXPORT(SumUpZigZag);

namespace {

// From here on eight values no longer fit the words that are loaded for them with four lanes.
constexpr int kVectorWidthMax = 56;

}  // namespace

void UnpackAndAdd(ByteSpan bytes, int width, uint64_t base, std::span<uint64_t> out) {
  LUMA_DCHECK(bytes.size() == PackedBytes(out.size(), width));
  if (width == 0) {
    std::ranges::fill(out, base);
    return;
  }
  if (width <= kVectorWidthMax && HWY_DYNAMIC_DISPATCH(UnpackAdding)(bytes, width, base, out)) {
    return;
  }
  UnpackBits(bytes, width, out);
  for (uint64_t& value : out) value += base;
}

uint64_t UnpackAndSumUp(ByteSpan bytes, int width, uint64_t start, uint64_t base,
                        std::span<uint64_t> out) {
  LUMA_DCHECK(bytes.size() == PackedBytes(out.size(), width));
  if (width == 0) {  // regular timestamps: every difference is the base
    for (uint64_t& value : out) value = start += base;
    return start;
  }
  if (out.empty()) return start;
  if (width <= kVectorWidthMax &&
      HWY_DYNAMIC_DISPATCH(UnpackSumming)(bytes, width, start, base, out)) {
    return out.back();
  }
  UnpackAndAdd(bytes, width, 0, out);
  return ZigZagPrefixSum(start, base, out);
}

uint64_t PrefixSum(uint64_t start, std::span<uint64_t> words) {
  return HWY_DYNAMIC_DISPATCH(SumUpPlain)(start, words);
}
uint64_t ZigZagPrefixSum(uint64_t start, uint64_t base, std::span<uint64_t> words) {
  return HWY_DYNAMIC_DISPATCH(SumUpZigZag)(start, base, words);
}

}  // namespace luma::encoding
#endif
