// Doubles that are short decimals as integers and a power of ten, every bit kept; after ALP
// (Afroozeh, Kuffo and Boncz, SIGMOD 2024). Bytes: docs/formats/decimal.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "encoding/simd/decimals.h"

namespace luma::encoding {

constexpr int kDecimalExponentMax = kPowerOfTenMax;

struct DecimalException {
  uint32_t row = 0;
  double value = 0;
};

// Row i is integers[i] / 10^exponent, or what `exceptions` (by row) say. The integer of an
// exception is that of the row before, of leading ones that of the first row that is none: it
// widens no frame and makes no difference.
struct Decimals {
  int exponent = 0;
  std::vector<int64_t> integers;
  std::vector<DecimalException> exceptions;
};

// Picks the exponent on a sample. Always succeeds; the exceptions tell how well.
Decimals SplitDecimals(std::span<const double> values);

// The exponent and the exceptions, with which the payloads of kDecimal and kAlp begin.
void AppendDecimalHeader(int exponent, std::span<const DecimalException> exceptions, Bytes& out);

class DecimalHeader {
 public:
  // Moves `reader` past the header. False: not one for `rows` values, as far as that can be told
  // without looking at the exceptions.
  [[nodiscard]] bool Read(ByteReader& reader, size_t rows);
  // 10^exponent.
  const PowerOfTen& divisor() const { return PowerOfTenOf(exponent_); }
  // Puts the exceptions in their rows. False: a row is not in `out`.
  [[nodiscard]] bool PatchExceptions(std::span<uint64_t> out) const;

 private:
  int exponent_ = 0;
  uint64_t exceptions_ = 0;
  ByteReader at_exceptions_{ByteSpan()};
};

}  // namespace luma::encoding
