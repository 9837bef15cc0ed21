// Whether two stretches of rows can have a value in common, by their zone maps.
#pragma once

#include "storage/zone_map.h"

namespace luma::storage {

// False only when no value of one, null and NaN included, is a value of the other. Both are of one
// type. Bounds of types that are rarely sorted by are not compared: those share.
bool MayShareValues(const ZoneMap& a, const ZoneMap& b);

}  // namespace luma::storage
