// Doubles that are short decimals as integers and a power of ten, every bit kept; after ALP
// (Afroozeh, Kuffo and Boncz, SIGMOD 2024). Bytes: docs/formats/decimal.md.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace luma::encoding {

constexpr int kDecimalExponentMax = 18;

struct DecimalException {
  uint32_t row = 0;
  double value = 0;
};

// Row i is integers[i] / 10^exponent, or what `exceptions` (by row) say.
struct Decimals {
  int exponent = 0;
  std::vector<int64_t> integers;
  std::vector<DecimalException> exceptions;
};

// Picks the exponent on a sample. Always succeeds; the exceptions tell how well.
Decimals SplitDecimals(std::span<const double> values);

// Turns integers to doubles in place: 64-bit words that hold int64 hold double afterwards.
void JoinDecimals(int exponent, std::span<uint64_t> words);

}  // namespace luma::encoding
