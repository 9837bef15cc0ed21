// How kernels over rows with masks go: 64 rows, one word of the masks, at a time. Compiled once for
// each target, inside its kernels (see Highway's foreach_target.h), hence the unusual guard.
#include <hwy/highway.h>

#include <cstdint>

#include "encoding/simd/aggregates.h"

#if defined(LUMA_ENCODING_SIMD_ROW_STEPS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LUMA_ENCODING_SIMD_ROW_STEPS_INL_H_
#undef LUMA_ENCODING_SIMD_ROW_STEPS_INL_H_
#else
#define LUMA_ENCODING_SIMD_ROW_STEPS_INL_H_
#endif

HWY_BEFORE_NAMESPACE();
namespace luma::encoding::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

constexpr size_t kStepRows = 64;

inline uint64_t RowsOfStep(const RowMasks& rows, size_t step) {
  return (rows.validity == nullptr ? ~uint64_t{0} : rows.validity[step]) &
         (rows.selection == nullptr ? ~uint64_t{0} : rows.selection[step]);
}

// The mask of the lanes that hold rows first, first + 1, ... of a step.
template <class D>
HWY_INLINE hn::Mask<D> LanesOf(D d, uint64_t rows, size_t first) {
  const uint64_t bits = rows >> first;
  uint8_t bytes[sizeof(bits)];
  std::memcpy(bytes, &bits, sizeof(bits));
  return hn::LoadMaskBits(d, bytes);
}

// Asks for the rows that come eight steps later, maybe beyond the end: without it, loading waits
// for what kernels with masks calculate.
template <typename T>
HWY_INLINE void Announce(const T* step) {
  constexpr uintptr_t kLineBytes = 64;
  constexpr uintptr_t kStepBytes = kStepRows * sizeof(T);
  const uintptr_t ahead = reinterpret_cast<uintptr_t>(step) + 8 * kStepBytes;
  for (uintptr_t at = ahead; at < ahead + kStepBytes; at += kLineBytes) {
    __builtin_prefetch(reinterpret_cast<const void*>(at));
  }
}

// Hands all rows to the kernel: Kernel::AddAll(values) for 64 that all count, and
// Kernel::AddSome(values, rows) for 64 of which only some do. Returns how many rows count. Reads no
// value past the end: the last, partial step is copied.
template <typename T, class Kernel>
HWY_INLINE uint64_t ForEachStep(std::span<const T> values, const RowMasks& masks, Kernel& kernel) {
  uint64_t count = 0;
  const size_t whole = values.size() / kStepRows;
  for (size_t step = 0; step < whole; ++step) {
    Announce(values.data() + step * kStepRows);
    const uint64_t rows = RowsOfStep(masks, step);
    if (rows == ~uint64_t{0}) {
      kernel.AddAll(values.data() + step * kStepRows);
    } else if (rows != 0) {
      kernel.AddSome(values.data() + step * kStepRows, rows);
    }
    count += static_cast<uint64_t>(__builtin_popcountll(rows));
  }
  const size_t rest = values.size() % kStepRows;
  if (rest == 0) return count;
  T padded[kStepRows] = {};
  std::memcpy(padded, values.data() + whole * kStepRows, rest * sizeof(T));
  const uint64_t rows = RowsOfStep(masks, whole) & ((uint64_t{1} << rest) - 1);
  kernel.AddSome(padded, rows);
  return count + static_cast<uint64_t>(__builtin_popcountll(rows));
}

}  // namespace luma::encoding::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
