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
// Eight values of 64 bits, or the bytes that loads from their first one on may touch.
constexpr size_t kLoadBytes = kOctet * sizeof(uint64_t);
// With four lanes the second vector of an octet begins in the middle of a byte, and its last value
// must still lie within four words: 4 + 4 * 63 = 256 bits. Two lanes gain nothing over scalar code.
constexpr bool kUnpacks = kLanes == 4 || kLanes == 8;

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

template <size_t kVectorLanes>
class Unpacker {
 public:
  HWY_INLINE Unpacker(int width, uint64_t base)
      : first_(width, 0),
        second_(width, kVectorLanes % kOctet),
        mask_(hn::Set(kWords, width == 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1)),
        base_(hn::Set(kWords, base)) {}

  HWY_INLINE void Octet(const std::byte* octet, uint64_t* out) const {
    hn::StoreU(Finish(first_.Extract(octet)), kWords, out);
    if constexpr (kVectorLanes < kOctet) {
      hn::StoreU(Finish(second_.Extract(octet)), kWords, out + kVectorLanes);
    }
  }

 private:
  HWY_INLINE Words Finish(Words value) const { return hn::Add(hn::And(value, mask_), base_); }

  const LanePlan first_;
  const LanePlan second_;  // of the upper four values, where a vector has only four
  const Words mask_;
  const Words base_;
};

// False: this target has no better way than scalar code.
bool UnpackOctets(ByteSpan bytes, int width, uint64_t base, std::span<uint64_t> out) {
  if constexpr (!kUnpacks) {
    return false;
  } else {
    const Unpacker<kLanes> unpacker(width, base);
    const size_t octet_bytes = static_cast<size_t>(width);
    const size_t whole = out.size() / kOctet;
    size_t octet = 0;
    for (; octet < whole && octet * octet_bytes + kLoadBytes <= bytes.size(); ++octet) {
      unpacker.Octet(bytes.data() + octet * octet_bytes, out.data() + octet * kOctet);
    }
    // Fewer than kLoadBytes are left: the loads go to a copy that may be read beyond them.
    std::byte padded[2 * kLoadBytes] = {};
    const ByteSpan left = bytes.subspan(octet * octet_bytes);
    if (!left.empty()) std::memcpy(padded, left.data(), left.size());
    const std::byte* at = padded;
    for (; octet < whole; ++octet, at += octet_bytes) {
      unpacker.Octet(at, out.data() + octet * kOctet);
    }
    uint64_t last[kOctet];
    if (out.size() % kOctet == 0) return true;
    unpacker.Octet(at, last);
    std::memcpy(out.data() + whole * kOctet, last, out.size() % kOctet * sizeof(uint64_t));
    return true;
  }
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
      masks_[step] = hn::VecFromMask(kWords, takes);
      from_[step] = hn::IndicesFromVec(kWords, hn::IfThenElseZero(takes, hn::Sub(lane, by)));
    }
    last_ = hn::IndicesFromVec(kWords, hn::Set(kWords, kLanes - 1));
  }
  HWY_INLINE Words Sums(Words words) const {
    for (size_t step = 0; step < kSteps; ++step) {
      words = hn::Add(words, hn::And(masks_[step], hn::TableLookupLanes(words, from_[step])));
    }
    return words;
  }
  HWY_INLINE Words Last(Words words) const { return hn::TableLookupLanes(words, last_); }

 private:
  using Indices = decltype(hn::IndicesFromVec(kWords, hn::Zero(kWords)));
  static constexpr size_t kSteps = kLanes == 8 ? 3 : kLanes == 4 ? 2 : kLanes == 2 ? 1 : 0;

  Words masks_[kSteps == 0 ? 1 : kSteps];
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

template <class Difference>
HWY_INLINE uint64_t SumUp(uint64_t start, const Difference& difference, std::span<uint64_t> words) {
  const LanePrefix prefix;
  Words before = hn::Set(kWords, start);
  size_t i = 0;
  for (; i + kLanes <= words.size(); i += kLanes) {
    const Words sums = prefix.Sums(difference(hn::LoadU(kWords, words.data() + i)));
    hn::StoreU(hn::Add(sums, before), kWords, words.data() + i);
    before = hn::Add(before, prefix.Last(sums));
  }
  uint64_t value = hn::GetLane(before);
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

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace luma::encoding {

HWY_EXPORT(UnpackOctets);
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
  if (width <= kVectorWidthMax && HWY_DYNAMIC_DISPATCH(UnpackOctets)(bytes, width, base, out)) {
    return;
  }
  UnpackBits(bytes, width, out);
  for (uint64_t& value : out) value += base;
}

uint64_t PrefixSum(uint64_t start, std::span<uint64_t> words) {
  return HWY_DYNAMIC_DISPATCH(SumUpPlain)(start, words);
}
uint64_t ZigZagPrefixSum(uint64_t start, uint64_t base, std::span<uint64_t> words) {
  return HWY_DYNAMIC_DISPATCH(SumUpZigZag)(start, base, words);
}

}  // namespace luma::encoding
#endif
