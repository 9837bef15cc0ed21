// Integers to the doubles of which they are a power of ten. Threads: any.
#pragma once

#include <cstdint>
#include <span>

namespace luma::encoding {

// 10^e with its inverse as the sum of two doubles: an integer d that a double holds is divided by
// two instructions, fma(d, inverse, d * rest). The quotient is the double nearest to d / 10^e, as
// that of a division is:
// - inverse + rest differs from 10^-e by less than 2^-106 of it, and the product d * rest is
//   rounded by 2^-53 of 2^-53, so that what fma rounds is the true quotient but for 2^-104 of it;
// - no quotient is nearer than 2^-96 of it to the middle between two doubles. For such a middle is
//   m = (2k+1) 2^(q-1) with 2k+1 > 2^53, and |d - m 10^e| is 0 or at least the smaller of 1 and
//   2^(q-1+e). It is not 0: with q-1+e >= 0 that were |d| > 2^53; below, an even number were
//   (2k+1) 5^e. So the distance is at least 2^(q-1+e) / |d| > 2^-54 / 5^e > 2^-96.
// Larger d are such an integer times a power of two, which changes nothing.
struct PowerOfTen {
  double power;
  double inverse;
  double rest;
};

constexpr int kPowerOfTenMax = 18;

const PowerOfTen& PowerOfTenOf(int exponent);  // 0..kPowerOfTenMax

// Each word, an int64, becomes the double nearest to (double)word / divisor.power. Every processor
// gets the same bits.
void DivideToDoubles(const PowerOfTen& divisor, std::span<uint64_t> words);

}  // namespace luma::encoding
