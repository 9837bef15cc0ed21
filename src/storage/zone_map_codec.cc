#include "storage/zone_map_codec.h"

#include <algorithm>

namespace luma::storage {
namespace {

constexpr uint8_t kZoneHasMin = 0x01;
constexpr uint8_t kZoneHasMax = 0x02;
constexpr uint8_t kZoneMinExact = 0x04;
constexpr uint8_t kZoneMaxExact = 0x08;
constexpr uint8_t kZoneHasNan = 0x10;
constexpr uint8_t kZoneSumInt128 = 0x20;
constexpr uint8_t kZoneSumDouble = 0x40;
constexpr uint8_t kZoneFlagsKnown = 0x7f;

uint8_t FlagIf(bool condition, uint8_t flag) { return condition ? flag : 0; }

uint8_t ZoneFlags(const ZoneMap& zone) {
  return FlagIf(zone.has_min, kZoneHasMin) | FlagIf(zone.has_max, kZoneHasMax) |
         FlagIf(zone.min_exact, kZoneMinExact) | FlagIf(zone.max_exact, kZoneMaxExact) |
         FlagIf(zone.has_nan, kZoneHasNan) |
         FlagIf(zone.sum_kind == ZoneMap::Sum::kInt128, kZoneSumInt128) |
         FlagIf(zone.sum_kind == ZoneMap::Sum::kDouble, kZoneSumDouble);
}

void WriteBound(const ZoneBound& bound, PhysicalType type, ByteWriter& writer) {
  if (type == PhysicalType::kBytes) writer.Fixed(bound.size);
  writer.Raw(ByteSpan(bound.bytes).first(bound.size));
}

bool ReadBound(ByteReader& reader, PhysicalType type, ZoneBound& bound) {
  bound.size = type == PhysicalType::kBytes ? reader.Fixed<uint8_t>()
                                            : static_cast<uint8_t>(ValueBytes(type));
  if (bound.size > bound.bytes.size()) return false;
  const ByteSpan bytes = reader.Raw(bound.size);
  std::copy(bytes.begin(), bytes.end(), bound.bytes.begin());
  return reader.ok();
}

ZoneMap::Sum SumKind(uint8_t flags) {
  if ((flags & kZoneSumInt128) != 0) return ZoneMap::Sum::kInt128;
  return (flags & kZoneSumDouble) != 0 ? ZoneMap::Sum::kDouble : ZoneMap::Sum::kNone;
}

}  // namespace

void WriteZoneMap(const ZoneMap& zone, ByteWriter& writer) {
  writer.Fixed(ZoneFlags(zone));
  writer.Varint(zone.null_count);
  if (zone.has_min) WriteBound(zone.min, zone.type, writer);
  if (zone.has_max) WriteBound(zone.max, zone.type, writer);
  if (zone.sum_kind == ZoneMap::Sum::kInt128) writer.Fixed(zone.sum_int128);
  if (zone.sum_kind == ZoneMap::Sum::kDouble) writer.Fixed(zone.sum_double);
}

bool ReadZoneMap(ByteReader& reader, ZoneMap& zone) {
  const auto flags = reader.Fixed<uint8_t>();
  const uint64_t null_count = reader.Varint();
  const bool two_sums = (flags & kZoneSumInt128) != 0 && (flags & kZoneSumDouble) != 0;
  if ((flags & ~kZoneFlagsKnown) != 0 || two_sums || null_count > zone.row_count) return false;
  zone.null_count = static_cast<uint32_t>(null_count);
  zone.has_min = (flags & kZoneHasMin) != 0;
  zone.has_max = (flags & kZoneHasMax) != 0;
  zone.min_exact = (flags & kZoneMinExact) != 0;
  zone.max_exact = (flags & kZoneMaxExact) != 0;
  zone.has_nan = (flags & kZoneHasNan) != 0;
  zone.sum_kind = SumKind(flags);
  if (zone.has_min && !ReadBound(reader, zone.type, zone.min)) return false;
  if (zone.has_max && !ReadBound(reader, zone.type, zone.max)) return false;
  if (zone.sum_kind == ZoneMap::Sum::kInt128) zone.sum_int128 = reader.Fixed<Int128>();
  if (zone.sum_kind == ZoneMap::Sum::kDouble) zone.sum_double = reader.Fixed<double>();
  return reader.ok();
}

}  // namespace luma::storage
