#include "encoding/simd/lanes.h"

#include <cstring>

#include "base/check.h"
#include "encoding/lane_packing.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encoding/simd/lanes.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "encoding/simd/decimal_steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace luma::encoding::HWY_NAMESPACE {

constexpr hn::CappedTag<uint64_t, kLaneCount> kWords{};
using Words = hn::Vec<decltype(kWords)>;
constexpr size_t kVectorLanes = hn::MaxLanes(kWords);

// The lanes of one vector, all their rows. `word` is the word of each lane that is being used up,
// moved down so that the next value is in its lowest bits.
template <class Finish>
HWY_INLINE void UnpackRows(const uint64_t* next_word, int width, size_t rows, const Finish& finish,
                           uint64_t* out) {
  const Words mask = hn::Set(kWords, (uint64_t{1} << width) - 1);
  Words word = hn::Zero(kWords);
  int bits = 0;  // of `word` that are left
  const uint64_t* const end = out + rows * kLaneCount;
  while (true) {
    for (; bits >= width; bits -= width, out += kLaneCount) {
      if (out == end) return;
      hn::StoreU(finish(hn::And(word, mask)), kWords, out);
      word = hn::ShiftRightSame(word, width);
    }
    if (out == end) return;
    // The next value begins in this word, or at its end, and ends in the next.
    const Words next = hn::LoadU(kWords, next_word);
    next_word += kLaneCount;
    const Words value = hn::Or(word, hn::ShiftLeftSame(next, bits));
    hn::StoreU(finish(hn::And(value, mask)), kWords, out);
    out += kLaneCount;
    word = hn::ShiftRightSame(next, width - bits);
    bits += 64 - width;
  }
}

template <class Finish>
void UnpackWords(const uint64_t* words, int width, size_t rows, const Finish& finish,
                 uint64_t* out) {
  for (size_t lane = 0; lane < kLaneCount; lane += kVectorLanes) {
    UnpackRows(words + lane, width, rows, finish, out + lane);
  }
}

void UnpackAndAddBase(const uint64_t* words, int width, size_t rows, uint64_t base, uint64_t* out) {
  const Words bases = hn::Set(kWords, base);
  UnpackWords(words, width, rows, [&](Words value) { return hn::Add(value, bases); }, out);
}

void UnpackAndConvert(const uint64_t* words, int width, size_t rows, uint64_t base,
                      const PowerOfTen& divisor, uint64_t* out) {
  const Words bases = hn::Set(kWords, base);
  if (divisor.power == 1) {
    const ToWholeDouble convert(kWords);
    UnpackWords(
        words, width, rows, [&](Words value) { return convert(hn::Add(value, bases)); }, out);
  } else {
    const ToDouble convert(kWords, divisor);
    UnpackWords(
        words, width, rows, [&](Words value) { return convert(hn::Add(value, bases)); }, out);
  }
}

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace luma::encoding {

HWY_EXPORT(UnpackAndAddBase);
HWY_EXPORT(UnpackAndConvert);

namespace {

// A vector that is not full: its last word cut to the bytes that are used, its last row to the
// values there are. The kernels get whole ones.
class WholeRows {
 public:
  WholeRows(ByteSpan bytes, const LaneShape& shape) {
    const size_t whole_bytes = shape.whole_words * kLaneCount * sizeof(uint64_t);
    if (whole_bytes > 0) std::memcpy(words_, bytes.data(), whole_bytes);
    uint64_t* const last = words_ + shape.whole_words * kLaneCount;
    std::memset(last, 0, kLaneCount * sizeof(uint64_t));
    for (size_t lane = 0; lane < kLaneCount && shape.rest_bytes > 0; ++lane) {
      std::memcpy(last + lane, bytes.data() + whole_bytes + lane * shape.rest_bytes,
                  shape.rest_bytes);
    }
  }
  const uint64_t* words() const { return words_; }
  uint64_t* values() { return values_; }

 private:
  alignas(64) uint64_t words_[kVectorValues + kLaneCount];
  alignas(64) uint64_t values_[kVectorValues];
};

// Calls kernel(words, rows, out) for the rows of `out`.
template <class Kernel>
void ForRows(ByteSpan bytes, int width, std::span<uint64_t> out, const Kernel& kernel) {
  const LaneShape shape(out.size(), width);
  LUMA_DCHECK(out.size() <= kVectorValues && width <= kLaneWidthMax);
  LUMA_DCHECK(bytes.size() == shape.bytes());
  if (shape.rest_bytes == 0 && out.size() % kLaneCount == 0) {
    return kernel(reinterpret_cast<const uint64_t*>(bytes.data()), shape.rows, out.data());
  }
  WholeRows whole(bytes, shape);
  if (out.size() % kLaneCount == 0) return kernel(whole.words(), shape.rows, out.data());
  kernel(whole.words(), shape.rows, whole.values());
  std::memcpy(out.data(), whole.values(), out.size_bytes());
}

}  // namespace

void UnpackLanes(ByteSpan bytes, int width, uint64_t base, std::span<uint64_t> out) {
  ForRows(bytes, width, out, [&](const uint64_t* words, size_t rows, uint64_t* values) {
    HWY_DYNAMIC_DISPATCH(UnpackAndAddBase)(words, width, rows, base, values);
  });
}

void UnpackLanesToDoubles(ByteSpan bytes, int width, uint64_t base, const PowerOfTen& divisor,
                          std::span<uint64_t> out) {
  ForRows(bytes, width, out, [&](const uint64_t* words, size_t rows, uint64_t* values) {
    HWY_DYNAMIC_DISPATCH(UnpackAndConvert)(words, width, rows, base, divisor, values);
  });
}

}  // namespace luma::encoding
#endif
