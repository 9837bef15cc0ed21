// Bounds and counts of one column over a stretch of rows, by which scans skip blocks and aggregates
// answer without reading them. Blocks in memory and in segment files have the same.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"
#include "base/column.h"

namespace luma::storage {

// A value's bytes as they lie in a column or, for kBytes, up to 16 bytes of a string.
struct ZoneBound {
  alignas(16) std::array<std::byte, 16> bytes{};
  uint8_t size = 0;

  template <typename T>
  T As() const {
    static_assert(sizeof(T) <= sizeof(bytes));
    T value;
    std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view Text() const { return {reinterpret_cast<const char*>(bytes.data()), size}; }
  bool operator==(const ZoneBound&) const = default;
};

// Order: numbers by value (-0.0 equals 0.0), booleans false first, strings by unsigned bytes.
// kInterval has no bounds and no sum.
struct ZoneMap {
  enum class Sum : uint8_t { kNone, kInt128, kDouble };

  PhysicalType type = PhysicalType::kInt64;
  uint32_t row_count = 0;  // nulls included
  uint32_t null_count = 0;
  // Every value that is neither null nor NaN is >= min if has_min, and <= max if has_max. Neither
  // is set when there is no such value; max is missing also when no short string is above all.
  bool has_min = false;
  bool has_max = false;
  // Whether the bound is itself a value of a row; false for the cut-off bounds of long strings.
  bool min_exact = false;
  bool max_exact = false;
  bool has_nan =
      false;  // NaN, in PostgreSQL's order above every other value, is outside the bounds
  Sum sum_kind = Sum::kNone;  // of the values that are not null; kNone: not kept, or overflowed
  ZoneBound min;
  ZoneBound max;
  Int128 sum_int128;      // kInt128: exact, for integers except kUInt128
  double sum_double = 0;  // kDouble: rounded; rows are not added one after another

  uint32_t value_count() const { return row_count - null_count; }
};

ZoneMap ComputeZoneMap(const ColumnSpan& column);

// Extends `zone` to cover the rows of `other` too, which follow its own; of the same type.
void MergeZoneMap(ZoneMap& zone, const ZoneMap& other);

}  // namespace luma::storage
