// The zone map of a decoded block, as the writer of a segment file makes it of the same rows.
#pragma once

#include "storage/table_snapshot.h"
#include "storage/zone_map.h"

namespace luma::storage {

ZoneMap ZoneOf(const ColumnBlock& block);

}  // namespace luma::storage
