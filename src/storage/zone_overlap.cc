#include "storage/zone_overlap.h"

namespace luma::storage {
namespace {

template <typename T>
bool IsBelow(const ZoneBound& a, const ZoneBound& b) {
  return a.As<T>() < b.As<T>();
}

bool IsBelow(PhysicalType type, const ZoneBound& a, const ZoneBound& b) {
  switch (type) {
    case PhysicalType::kInt32:
      return IsBelow<int32_t>(a, b);
    case PhysicalType::kInt64:
      return IsBelow<int64_t>(a, b);
    case PhysicalType::kUInt32:
      return IsBelow<uint32_t>(a, b);
    case PhysicalType::kUInt64:
      return IsBelow<uint64_t>(a, b);
    case PhysicalType::kFloat64:
      return IsBelow<double>(a, b);
    case PhysicalType::kBytes:
      return a.Text() < b.Text();
    default:
      return false;
  }
}

// All of `a`, but for nulls and NaN, is below all of `b`.
bool EndsBefore(const ZoneMap& a, const ZoneMap& b) {
  return a.has_max && b.has_min && IsBelow(a.type, a.max, b.min);
}

}  // namespace

bool MayShareValues(const ZoneMap& a, const ZoneMap& b) {
  if (a.null_count > 0 && b.null_count > 0) return true;
  if (a.has_nan && b.has_nan) return true;
  if (a.value_count() == 0 || b.value_count() == 0) return false;
  return !EndsBefore(a, b) && !EndsBefore(b, a);
}

}  // namespace luma::storage
