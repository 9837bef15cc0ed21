// The vector steps from integers to doubles, for the kernels that end in them. Included once for
// each target.
#if defined(LUMA_ENCODING_SIMD_DECIMAL_STEPS_INL_H) == defined(HWY_TARGET_TOGGLE)
#ifdef LUMA_ENCODING_SIMD_DECIMAL_STEPS_INL_H
#undef LUMA_ENCODING_SIMD_DECIMAL_STEPS_INL_H
#else
#define LUMA_ENCODING_SIMD_DECIMAL_STEPS_INL_H
#endif

#include <hwy/highway.h>

#include "encoding/simd/decimals.h"

HWY_BEFORE_NAMESPACE();
namespace luma::encoding::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <class D>
class ToDouble {
 public:
  ToDouble(D, const PowerOfTen& divisor)
      : power_(hn::Set(kDoubles, divisor.power)),
        inverse_(hn::Set(kDoubles, divisor.inverse)),
        rest_(hn::Set(kDoubles, divisor.rest)) {}

  // Words that hold int64 to words that hold double.
  HWY_INLINE hn::Vec<D> operator()(hn::Vec<D> words) const {
    const auto integers = hn::BitCast(hn::RebindToSigned<D>(), words);
    const auto doubles = hn::ConvertTo(kDoubles, integers);
#if HWY_NATIVE_FMA
    return hn::BitCast(D(), hn::MulAdd(doubles, inverse_, hn::Mul(doubles, rest_)));
#else
    return hn::BitCast(D(), hn::Div(doubles, power_));
#endif
  }

 private:
  static constexpr hn::RebindToFloat<D> kDoubles{};
  using Doubles = hn::Vec<hn::RebindToFloat<D>>;

  [[maybe_unused]] Doubles power_;
  [[maybe_unused]] Doubles inverse_;
  [[maybe_unused]] Doubles rest_;
};

// Integers are doubles already.
template <class D>
class ToWholeDouble {
 public:
  explicit ToWholeDouble(D) {}
  HWY_INLINE hn::Vec<D> operator()(hn::Vec<D> words) const {
    const auto integers = hn::BitCast(hn::RebindToSigned<D>(), words);
    return hn::BitCast(D(), hn::ConvertTo(hn::RebindToFloat<D>(), integers));
  }
};

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
