#include "encoding/simd/decimals.h"

#include <cstring>

#include "base/check.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encoding/simd/decimals.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "encoding/simd/decimal_steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace luma::encoding::HWY_NAMESPACE {

template <class Convert>
void ConvertWords(const Convert& convert, std::span<uint64_t> words) {
  constexpr hn::ScalableTag<uint64_t> kWords{};
  constexpr size_t kLanes = hn::MaxLanes(kWords);
  size_t i = 0;
  for (; i + kLanes <= words.size(); i += kLanes) {
    hn::StoreU(convert(hn::LoadU(kWords, words.data() + i)), kWords, words.data() + i);
  }
  if (i == words.size()) return;
  uint64_t last[kLanes] = {};
  std::memcpy(last, words.data() + i, (words.size() - i) * sizeof(uint64_t));
  hn::StoreU(convert(hn::LoadU(kWords, last)), kWords, last);
  std::memcpy(words.data() + i, last, (words.size() - i) * sizeof(uint64_t));
}

void DivideWords(const PowerOfTen& divisor, std::span<uint64_t> words) {
  constexpr hn::ScalableTag<uint64_t> kWords{};
  if (divisor.power == 1) return ConvertWords(ToWholeDouble(kWords), words);
  ConvertWords(ToDouble(kWords, divisor), words);
}

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace luma::encoding {

HWY_EXPORT(DivideWords);

namespace {

// inverse is the double nearest to 10^-e, rest the one nearest to what it lacks.
constexpr PowerOfTen kPowersOfTen[kPowerOfTenMax + 1] = {
    {1e0, 0x1.0000000000000p+0, 0x0.0p+0},
    {1e1, 0x1.999999999999ap-4, -0x1.999999999999ap-58},
    {1e2, 0x1.47ae147ae147bp-7, -0x1.eb851eb851eb8p-63},
    {1e3, 0x1.0624dd2f1a9fcp-10, -0x1.89374bc6a7efap-66},
    {1e4, 0x1.a36e2eb1c432dp-14, -0x1.6a161e4f765fep-68},
    {1e5, 0x1.4f8b588e368f1p-17, -0x1.ee78183f91e64p-71},
    {1e6, 0x1.0c6f7a0b5ed8dp-20, 0x1.b5a63f9a49c2cp-75},
    {1e7, 0x1.ad7f29abcaf48p-24, 0x1.5e1e99483b023p-78},
    {1e8, 0x1.5798ee2308c3ap-27, -0x1.03023df2d4c94p-82},
    {1e9, 0x1.12e0be826d695p-30, -0x1.34674bfabb83bp-84},
    {1e10, 0x1.b7cdfd9d7bdbbp-34, -0x1.20a5465df8d2cp-88},
    {1e11, 0x1.5fd7fe1796495p-37, 0x1.7f7bc7b4d28aap-91},
    {1e12, 0x1.19799812dea11p-40, 0x1.97f27f0f6e886p-96},
    {1e13, 0x1.c25c268497682p-44, -0x1.ecd79a5a0df95p-99},
    {1e14, 0x1.6849b86a12b9bp-47, 0x1.ea70909833de7p-107},
    {1e15, 0x1.203af9ee75616p-50, -0x1.937831647f5a0p-104},
    {1e16, 0x1.cd2b297d889bcp-54, 0x1.5b4c2ebe68799p-109},
    {1e17, 0x1.70ef54646d497p-57, -0x1.db7b2080a3029p-111},
    {1e18, 0x1.2725dd1d243acp-60, -0x1.7c628066e8ceep-114},
};

}  // namespace

const PowerOfTen& PowerOfTenOf(int exponent) {
  LUMA_DCHECK(exponent >= 0 && exponent <= kPowerOfTenMax);
  return kPowersOfTen[exponent];
}

void DivideToDoubles(const PowerOfTen& divisor, std::span<uint64_t> words) {
  HWY_DYNAMIC_DISPATCH(DivideWords)(divisor, words);
}

}  // namespace luma::encoding
#endif
