// Zone maps as bytes: docs/formats/segment.md, "Zone map". Segment files and cold sidecars have
// them.
#pragma once

#include "base/bytes.h"
#include "storage/zone_map.h"

namespace luma::storage {

// Flags and null count.
inline constexpr size_t kZoneMapBytesMin = 2;

void WriteZoneMap(const ZoneMap& zone, ByteWriter& writer);
// `zone` comes with type and row count. False: not a zone map.
bool ReadZoneMap(ByteReader& reader, ZoneMap& zone);

}  // namespace luma::storage
