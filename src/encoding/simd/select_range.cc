#include "encoding/simd/select_range.h"

#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encoding/simd/select_range.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace luma::encoding::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kWordRows = 64;

// The word of 64 values.
HWY_INLINE uint64_t SelectWord(const int64_t* values, int64_t min, int64_t max) {
  const hn::ScalableTag<int64_t> d;
  uint64_t outside = 0;
  for (size_t i = 0; i < kWordRows; i += hn::Lanes(d)) {
    const auto value = hn::LoadU(d, values + i);
    const auto out = hn::Or(hn::Lt(value, hn::Set(d, min)), hn::Gt(value, hn::Set(d, max)));
    uint8_t bits[sizeof(uint64_t)] = {};
    hn::StoreMaskBits(d, out, bits);
    outside |= uint64_t{bits[0]} << i;  // at most 8 lanes
  }
  return ~outside;
}

void SelectRangeWords(std::span<const int64_t> values, int64_t min, int64_t max,
                      uint64_t* selection) {
  static_assert(hn::MaxLanes(hn::ScalableTag<int64_t>()) <= 8);
  const size_t whole = values.size() / kWordRows;
  for (size_t word = 0; word < whole; ++word) {
    selection[word] = SelectWord(values.data() + word * kWordRows, min, max);
  }
  const size_t rest = values.size() % kWordRows;
  if (rest == 0) return;
  int64_t padded[kWordRows] = {};
  std::memcpy(padded, values.data() + whole * kWordRows, rest * sizeof(int64_t));
  selection[whole] = SelectWord(padded, min, max) & ((uint64_t{1} << rest) - 1);
}

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace luma::encoding {

HWY_EXPORT(SelectRangeWords);

void SelectRange(std::span<const int64_t> values, int64_t min, int64_t max, uint64_t* selection) {
  HWY_DYNAMIC_DISPATCH(SelectRangeWords)(values, min, max, selection);
}

}  // namespace luma::encoding
#endif
