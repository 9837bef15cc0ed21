#include "storage/zone_map.h"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "encoding/simd/aggregates.h"

namespace luma::storage {
namespace {

__extension__ using Wide = __int128;
__extension__ using UnsignedWide = unsigned __int128;

constexpr size_t kTextBytes = sizeof(ZoneBound::bytes);

Int128 ToInt128(Wide value) {
  return {static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)};
}
Wide FromInt128(const Int128& value) {
  return static_cast<Wide>((static_cast<UnsignedWide>(static_cast<uint64_t>(value.high)) << 64) |
                           value.low);
}

template <typename T>
ZoneBound BoundOf(const T& value) {
  ZoneBound bound;
  bound.size = sizeof(T);
  std::memcpy(bound.bytes.data(), &value, sizeof(T));
  return bound;
}

template <typename T>
bool IsNan(T value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

// Calls fn(value) for every row that is not null.
template <typename T, typename Fn>
void ForEachValue(const ColumnSpan& column, Fn&& fn) {
  const T* values = column.As<T>();
  for (uint32_t row = 0; row < column.count; ++row) {
    if (!column.IsNull(row)) fn(values[row]);
  }
}

template <typename T>
void AddBounds(const ColumnSpan& column, ZoneMap& zone) {
  bool any = false;
  T min{};
  T max{};
  ForEachValue<T>(column, [&](T value) {
    if (IsNan(value)) {
      zone.has_nan = true;
      return;
    }
    min = any ? std::min(min, value) : value;
    max = any ? std::max(max, value) : value;
    any = true;
  });
  if (!any) return;
  zone.has_min = zone.has_max = zone.min_exact = zone.max_exact = true;
  zone.min = BoundOf(min);
  zone.max = BoundOf(max);
}

// Of up to 32 bits.
template <typename T>
void AddIntegerZone(const ColumnSpan& column, ZoneMap& zone) {
  AddBounds<T>(column, zone);
  Wide sum = 0;
  ForEachValue<T>(column, [&](T value) { sum += value; });
  zone.sum_kind = ZoneMap::Sum::kInt128;
  zone.sum_int128 = ToInt128(sum);
}

void AddFloatZone(const ColumnSpan& column, ZoneMap& zone) {
  AddBounds<float>(column, zone);
  ForEachValue<float>(column, [&](float value) { zone.sum_double += double{value}; });
  zone.sum_kind = ZoneMap::Sum::kDouble;
}

// Integers of 64 bits and doubles, which most columns are.
template <typename T, typename Aggregates>
void SetBounds(const Aggregates& aggregates, ZoneMap& zone) {
  zone.has_min = zone.has_max = zone.min_exact = zone.max_exact = true;
  zone.min = BoundOf<T>(aggregates.min);
  zone.max = BoundOf<T>(aggregates.max);
}

template <typename T>
void AddWordZone(const ColumnSpan& column, ZoneMap& zone) {
  const std::span<const T> values(column.As<T>(), column.count);
  const auto aggregates = encoding::Aggregate(values, {.validity = column.validity});
  if (aggregates.count > 0) SetBounds<T>(aggregates, zone);
  zone.sum_kind = ZoneMap::Sum::kInt128;
  zone.sum_int128 = aggregates.sum;
}

void AddDoubleZone(const ColumnSpan& column, ZoneMap& zone) {
  const std::span<const double> values(column.As<double>(), column.count);
  const auto aggregates = encoding::Aggregate(values, {.validity = column.validity});
  zone.has_nan = aggregates.has_nan;
  if (aggregates.has_number()) SetBounds<double>(aggregates, zone);
  zone.sum_kind = ZoneMap::Sum::kDouble;
  zone.sum_double = aggregates.sum;
}

void AddInt128Zone(const ColumnSpan& column, ZoneMap& zone) {
  AddBounds<Wide>(column, zone);
  Wide sum = 0;
  bool overflow = false;
  ForEachValue<Wide>(column,
                     [&](Wide value) { overflow |= __builtin_add_overflow(sum, value, &sum); });
  if (overflow) return;
  zone.sum_kind = ZoneMap::Sum::kInt128;
  zone.sum_int128 = ToInt128(sum);
}

ZoneBound TextPrefix(std::string_view text) {
  ZoneBound bound;
  bound.size = static_cast<uint8_t>(std::min(text.size(), kTextBytes));
  if (bound.size > 0) std::memcpy(bound.bytes.data(), text.data(), bound.size);
  return bound;
}

// The smallest string of at most 16 bytes above every string that begins with `prefix`: its last
// byte below 0xff counts one up. False: there is none.
bool RoundUp(ZoneBound& prefix) {
  while (prefix.size > 0 && prefix.bytes[prefix.size - 1] == std::byte{0xff}) {
    prefix.bytes[--prefix.size] = std::byte{0};
  }
  if (prefix.size == 0) return false;
  std::byte& last = prefix.bytes[prefix.size - 1];
  last = static_cast<std::byte>(static_cast<uint8_t>(last) + 1);
  return true;
}

void SetTextBounds(std::string_view min, std::string_view max, ZoneMap& zone) {
  zone.has_min = true;
  zone.min = TextPrefix(min);
  zone.min_exact = min.size() <= kTextBytes;
  zone.max = TextPrefix(max);
  zone.max_exact = max.size() <= kTextBytes;
  zone.has_max = zone.max_exact || RoundUp(zone.max);
}

void AddTextZone(const ColumnSpan& column, ZoneMap& zone) {
  bool any = false;
  std::string_view min;
  std::string_view max;
  const auto* values = column.As<StringRef>();
  for (uint32_t row = 0; row < column.count; ++row) {
    if (column.IsNull(row)) continue;
    const std::string_view text = values[row].view();
    min = any ? std::min(min, text) : text;
    max = any ? std::max(max, text) : text;
    any = true;
  }
  if (any) SetTextBounds(min, max, zone);
}

void AddZone(const ColumnSpan& column, ZoneMap& zone) {
  switch (column.type) {
    case PhysicalType::kBool:
      return AddBounds<uint8_t>(column, zone);
    case PhysicalType::kInt8:
      return AddIntegerZone<int8_t>(column, zone);
    case PhysicalType::kInt16:
      return AddIntegerZone<int16_t>(column, zone);
    case PhysicalType::kInt32:
      return AddIntegerZone<int32_t>(column, zone);
    case PhysicalType::kInt64:
      return AddWordZone<int64_t>(column, zone);
    case PhysicalType::kUInt8:
      return AddIntegerZone<uint8_t>(column, zone);
    case PhysicalType::kUInt16:
      return AddIntegerZone<uint16_t>(column, zone);
    case PhysicalType::kUInt32:
      return AddIntegerZone<uint32_t>(column, zone);
    case PhysicalType::kUInt64:
      return AddWordZone<uint64_t>(column, zone);
    case PhysicalType::kInt128:
      return AddInt128Zone(column, zone);
    case PhysicalType::kUInt128:
      return AddBounds<UnsignedWide>(column, zone);
    case PhysicalType::kFloat32:
      return AddFloatZone(column, zone);
    case PhysicalType::kFloat64:
      return AddDoubleZone(column, zone);
    case PhysicalType::kBytes:
      return AddTextZone(column, zone);
    case PhysicalType::kInterval:
      return;
  }
}

uint32_t CountNulls(const ColumnSpan& column) {
  uint32_t nulls = 0;
  for (uint32_t row = 0; row < column.count; ++row) nulls += column.IsNull(row) ? 1 : 0;
  return nulls;
}

template <typename T>
bool LessAs(const ZoneBound& a, const ZoneBound& b) {
  return a.As<T>() < b.As<T>();
}

bool Less(PhysicalType type, const ZoneBound& a, const ZoneBound& b) {
  switch (type) {
    case PhysicalType::kInt8:
      return LessAs<int8_t>(a, b);
    case PhysicalType::kInt16:
      return LessAs<int16_t>(a, b);
    case PhysicalType::kInt32:
      return LessAs<int32_t>(a, b);
    case PhysicalType::kInt64:
      return LessAs<int64_t>(a, b);
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return LessAs<uint8_t>(a, b);
    case PhysicalType::kUInt16:
      return LessAs<uint16_t>(a, b);
    case PhysicalType::kUInt32:
      return LessAs<uint32_t>(a, b);
    case PhysicalType::kUInt64:
      return LessAs<uint64_t>(a, b);
    case PhysicalType::kInt128:
      return LessAs<Wide>(a, b);
    case PhysicalType::kUInt128:
      return LessAs<UnsignedWide>(a, b);
    case PhysicalType::kFloat32:
      return LessAs<float>(a, b);
    case PhysicalType::kFloat64:
      return LessAs<double>(a, b);
    case PhysicalType::kBytes:
      return a.Text() < b.Text();
    case PhysicalType::kInterval:
      return false;
  }
  return false;
}

// A zone all of whose values are null or NaN bounds nothing and takes the other's bounds; one that
// has values but no bound leaves the whole without.
bool BoundsNothing(const ZoneMap& zone) { return !zone.has_min && !zone.has_max; }

void MergeBounds(ZoneMap& zone, const ZoneMap& other) {
  if (BoundsNothing(other)) return;
  const bool take_all = BoundsNothing(zone);
  if (take_all || Less(zone.type, other.min, zone.min)) {
    zone.min = other.min;
    zone.min_exact = other.min_exact;
  }
  if (take_all || Less(zone.type, zone.max, other.max)) {
    zone.max = other.max;
    zone.max_exact = other.max_exact;
  }
  zone.has_max = other.has_max && (take_all || zone.has_max);
  zone.has_min = other.has_min && (take_all || zone.has_min);
}

void MergeSums(ZoneMap& zone, const ZoneMap& other) {
  if (zone.sum_kind != other.sum_kind) zone.sum_kind = ZoneMap::Sum::kNone;
  if (zone.sum_kind == ZoneMap::Sum::kDouble) zone.sum_double += other.sum_double;
  if (zone.sum_kind != ZoneMap::Sum::kInt128) return;
  Wide sum;
  if (__builtin_add_overflow(FromInt128(zone.sum_int128), FromInt128(other.sum_int128), &sum)) {
    zone.sum_kind = ZoneMap::Sum::kNone;
  } else {
    zone.sum_int128 = ToInt128(sum);
  }
}

}  // namespace

ZoneMap ComputeZoneMap(const ColumnSpan& column) {
  ZoneMap zone;
  zone.type = column.type;
  zone.row_count = column.count;
  zone.null_count = column.validity == nullptr ? 0 : CountNulls(column);
  AddZone(column, zone);
  return zone;
}

void MergeZoneMap(ZoneMap& zone, const ZoneMap& other) {
  LUMA_DCHECK(zone.type == other.type);
  if (other.row_count == 0) return;
  if (zone.row_count == 0) {
    zone = other;
    return;
  }
  MergeBounds(zone, other);
  MergeSums(zone, other);
  zone.row_count += other.row_count;
  zone.null_count += other.null_count;
  zone.has_nan |= other.has_nan;
}

}  // namespace luma::storage
