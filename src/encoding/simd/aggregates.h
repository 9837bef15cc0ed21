// SimdAggregates: sum, count, minimum, maximum and average of a column in one pass, with the widest
// vectors that the processor has. Same answers on every processor, bit by bit.
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "base/column.h"

namespace luma::encoding {

// Which rows count: those whose bit is set in both. Bit i of word i / 64 is row i; bits past the
// last row do not matter. Null: all rows.
struct RowMasks {
  const uint64_t* validity = nullptr;
  const uint64_t* selection = nullptr;
};

// Of int64 or uint64. `sum` cannot overflow: 2^32 values of 64 bits need 96 bits.
template <typename T>
struct IntegerAggregates {
  uint64_t count = 0;
  T min = std::numeric_limits<T>::max();  // min and max mean nothing if count is 0
  T max = std::numeric_limits<T>::lowest();
  Int128 sum;

  double average() const;  // NaN if count is 0
};

// NaN counts, and makes the sum NaN. PostgreSQL sorts it above all numbers: its MIN is `min` if
// has_number(), its MAX is NaN if has_nan. `min` and `max` are of the numbers; a zero is 0.0 there,
// whatever its sign was. The values are added in sixteen sums, row i to number i % 16, and those in
// halves, so that the result depends on neither the processor nor the memory layout; it is not the
// sum in row order. Of rows that are all -0.0 the sum is -0.0, of no rows 0.0.
struct DoubleAggregates {
  uint64_t count = 0;
  bool has_nan = false;
  double min = std::numeric_limits<double>::infinity();
  double max = -std::numeric_limits<double>::infinity();
  double sum = 0;

  bool has_number() const { return min <= max; }
  double average() const { return sum / static_cast<double>(count); }  // NaN if count is 0
};

// Threads: any. At most 2^32 - 1 values.
IntegerAggregates<int64_t> Aggregate(std::span<const int64_t> values, RowMasks rows);
IntegerAggregates<uint64_t> Aggregate(std::span<const uint64_t> values, RowMasks rows);
DoubleAggregates Aggregate(std::span<const double> values, RowMasks rows);

}  // namespace luma::encoding
