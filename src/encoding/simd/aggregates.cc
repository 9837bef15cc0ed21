#include "encoding/simd/aggregates.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <type_traits>

// Compiles what is between HWY_BEFORE_NAMESPACE and HWY_AFTER_NAMESPACE once for each target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "encoding/simd/aggregates.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "encoding/simd/row_steps-inl.h"

HWY_BEFORE_NAMESPACE();
namespace luma::encoding::HWY_NAMESPACE {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

// Sums 64-bit integers in halves of 32 bits, which 64-bit lanes hold for any count below 2^32.
// Signed values are made unsigned by adding 2^63, taken off at the end.
template <typename T>
class IntegerKernel {
  static constexpr hn::ScalableTag<T> kValues{};
  static constexpr hn::ScalableTag<uint64_t> kWords{};
  static constexpr uint64_t kBias = std::is_signed_v<T> ? uint64_t{1} << 63 : 0;
  using Values = hn::Vec<hn::ScalableTag<T>>;
  using Words = hn::Vec<hn::ScalableTag<uint64_t>>;

 public:
  HWY_INLINE IntegerKernel()
      : min_(hn::Set(kValues, std::numeric_limits<T>::max())),
        max_(hn::Set(kValues, std::numeric_limits<T>::lowest())),
        low_(hn::Zero(kWords)),
        high_(hn::Zero(kWords)) {}

  HWY_INLINE void AddAll(const T* values) {
    for (size_t i = 0; i < kStepRows; i += hn::Lanes(kValues)) {
      const Values value = hn::LoadU(kValues, values + i);
      min_ = hn::Min(min_, value);
      max_ = hn::Max(max_, value);
      AddWords(Biased(value));
    }
  }
  HWY_INLINE void AddSome(const T* values, uint64_t rows) {
    const Values above = hn::Set(kValues, std::numeric_limits<T>::max());
    const Values below = hn::Set(kValues, std::numeric_limits<T>::lowest());
    for (size_t i = 0; i < kStepRows; i += hn::Lanes(kValues)) {
      const Values value = hn::LoadU(kValues, values + i);
      const auto counts = LanesOf(kValues, rows, i);
      min_ = hn::Min(min_, hn::IfThenElse(counts, value, above));
      max_ = hn::Max(max_, hn::IfThenElse(counts, value, below));
      AddWords(hn::IfThenElseZero(LanesOf(kWords, rows, i), Biased(value)));
    }
  }
  void Finish(uint64_t count, IntegerAggregates<T>& result) const {
    constexpr size_t kLanes = hn::MaxLanes(kValues);
    HWY_ALIGN T min[kLanes];
    HWY_ALIGN T max[kLanes];
    HWY_ALIGN uint64_t low[kLanes];
    HWY_ALIGN uint64_t high[kLanes];
    hn::Store(min_, kValues, min);
    hn::Store(max_, kValues, max);
    hn::Store(low_, kWords, low);
    hn::Store(high_, kWords, high);
    UnsignedWide sum = 0;
    for (size_t lane = 0; lane < hn::Lanes(kValues); ++lane) {
      result.min = std::min(result.min, min[lane]);
      result.max = std::max(result.max, max[lane]);
      sum += (static_cast<UnsignedWide>(high[lane]) << 32) + low[lane];
    }
    sum -= static_cast<UnsignedWide>(kBias) * count;
    result.count = count;
    result.sum = {static_cast<uint64_t>(sum), static_cast<int64_t>(static_cast<Wide>(sum) >> 64)};
  }

 private:
  HWY_INLINE static Words Biased(Values value) {
    const Words words = hn::BitCast(kWords, value);
    return kBias == 0 ? words : hn::Xor(words, hn::Set(kWords, kBias));
  }
  HWY_INLINE void AddWords(Words words) {
    low_ = hn::Add(low_, hn::And(words, hn::Set(kWords, UINT32_MAX)));
    high_ = hn::Add(high_, hn::ShiftRight<32>(words));
  }

  Values min_;
  Values max_;
  Words low_;
  Words high_;
};

// Sixteen sums whatever the width of a vector: vector k of the sums belongs to rows k * lanes and
// on of every sixteen.
class DoubleKernel {
  static constexpr size_t kSums = 16;
  static constexpr hn::CappedTag<double, kSums> kValues{};
  static constexpr size_t kVectors = kSums / hn::MaxLanes(kValues);
  using Values = hn::Vec<hn::CappedTag<double, kSums>>;

 public:
  HWY_INLINE DoubleKernel()
      : min_(hn::Set(kValues, std::numeric_limits<double>::infinity())),
        max_(hn::Set(kValues, -std::numeric_limits<double>::infinity())),
        nans_(hn::Zero(kValues)) {
    for (Values& sum : sums_) sum = hn::Set(kValues, -0.0);  // changes nothing it is added to
  }
  HWY_INLINE void AddAll(const double* values) {
    for (size_t i = 0; i < kStepRows; i += kSums) {
      for (size_t k = 0; k < kVectors; ++k) {
        const Values value = hn::LoadU(kValues, values + i + k * hn::Lanes(kValues));
        sums_[k] = hn::Add(sums_[k], value);
        nans_ = hn::Or(nans_, hn::VecFromMask(kValues, hn::IsNaN(value)));
        AddBounds(value);
      }
    }
  }
  HWY_INLINE void AddSome(const double* values, uint64_t rows) {
    for (size_t i = 0; i < kStepRows; i += kSums) {
      for (size_t k = 0; k < kVectors; ++k) {
        const size_t first = i + k * hn::Lanes(kValues);
        const auto counts = LanesOf(kValues, rows, first);
        const Values loaded = hn::LoadU(kValues, values + first);
        sums_[k] = hn::Add(sums_[k], hn::IfThenElse(counts, loaded, hn::Set(kValues, -0.0)));
        nans_ =
            hn::Or(nans_, hn::IfThenElseZero(counts, hn::VecFromMask(kValues, hn::IsNaN(loaded))));
        // A row that does not count becomes a NaN, which bounds nothing.
        AddBounds(hn::IfThenElse(counts, loaded, NotANumber()));
      }
    }
  }
  void Finish(uint64_t count, DoubleAggregates& result) const {
    HWY_ALIGN double sums[kSums];
    HWY_ALIGN double min[hn::MaxLanes(kValues)];
    HWY_ALIGN double max[hn::MaxLanes(kValues)];
    for (size_t k = 0; k < kVectors; ++k) {
      hn::Store(sums_[k], kValues, sums + k * hn::Lanes(kValues));
    }
    hn::Store(min_, kValues, min);
    hn::Store(max_, kValues, max);
    for (size_t half = kSums / 2; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
    }
    for (size_t lane = 0; lane < hn::Lanes(kValues); ++lane) {
      result.min = std::min(result.min, min[lane]);
      result.max = std::max(result.max, max[lane]);
    }
    result.min += 0.0;  // -0.0 becomes 0.0
    result.max += 0.0;
    result.count = count;
    result.sum = count == 0 ? 0.0 : sums[0];
    const hn::RebindToUnsigned<decltype(kValues)> words;
    result.has_nan = !hn::AllTrue(words, hn::Eq(hn::BitCast(words, nans_), hn::Zero(words)));
  }

 private:
  HWY_INLINE static Values NotANumber() {
    return hn::Set(kValues, std::numeric_limits<double>::quiet_NaN());
  }
  HWY_INLINE void AddBounds(Values value) {
    const auto is_nan = hn::IsNaN(value);
    const Values above = hn::Set(kValues, std::numeric_limits<double>::infinity());
    const Values below = hn::Set(kValues, -std::numeric_limits<double>::infinity());
    min_ = hn::Min(min_, hn::IfThenElse(is_nan, above, value));
    max_ = hn::Max(max_, hn::IfThenElse(is_nan, below, value));
  }

  Values sums_[kVectors];
  Values min_;
  Values max_;
  Values nans_;
};

template <class Kernel, typename T, class Result>
HWY_INLINE void AggregateWith(std::span<const T> values, const RowMasks& rows, Result& result) {
  Kernel kernel;
  const uint64_t count = ForEachStep(values, rows, kernel);
  kernel.Finish(count, result);
}

void AggregateInt64(std::span<const int64_t> values, const RowMasks& rows,
                    IntegerAggregates<int64_t>& result) {
  AggregateWith<IntegerKernel<int64_t>>(values, rows, result);
}
void AggregateUInt64(std::span<const uint64_t> values, const RowMasks& rows,
                     IntegerAggregates<uint64_t>& result) {
  AggregateWith<IntegerKernel<uint64_t>>(values, rows, result);
}
void AggregateDouble(std::span<const double> values, const RowMasks& rows,
                     DoubleAggregates& result) {
  AggregateWith<DoubleKernel>(values, rows, result);
}

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace luma::encoding {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

HWY_EXPORT(AggregateInt64);
HWY_EXPORT(AggregateUInt64);
HWY_EXPORT(AggregateDouble);

template <typename T>
double IntegerAggregates<T>::average() const {
  // Rounded once: of a small negative sum the two halves, each as a double, would cancel to zero.
  const auto low = static_cast<UnsignedWide>(sum.low);
  const auto high = static_cast<UnsignedWide>(static_cast<Wide>(sum.high)) << 64;
  return static_cast<double>(static_cast<Wide>(high | low)) / static_cast<double>(count);
}
template struct IntegerAggregates<int64_t>;
template struct IntegerAggregates<uint64_t>;

IntegerAggregates<int64_t> Aggregate(std::span<const int64_t> values, RowMasks rows) {
  IntegerAggregates<int64_t> result;
  HWY_DYNAMIC_DISPATCH(AggregateInt64)(values, rows, result);
  return result;
}
IntegerAggregates<uint64_t> Aggregate(std::span<const uint64_t> values, RowMasks rows) {
  IntegerAggregates<uint64_t> result;
  HWY_DYNAMIC_DISPATCH(AggregateUInt64)(values, rows, result);
  return result;
}
DoubleAggregates Aggregate(std::span<const double> values, RowMasks rows) {
  DoubleAggregates result;
  HWY_DYNAMIC_DISPATCH(AggregateDouble)(values, rows, result);
  return result;
}

}  // namespace luma::encoding
#endif
