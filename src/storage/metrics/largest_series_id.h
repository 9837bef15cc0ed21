#ifndef LUMA_STORAGE_METRICS_LARGEST_SERIES_ID_H_
#define LUMA_STORAGE_METRICS_LARGEST_SERIES_ID_H_

#include <cstdint>

#include "base/status.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// The largest series id that rows of `table`, which has a series_id, have, deleted rows included; 0
// without rows. Reads zone maps, and rows only where a block has none.
//
// Cold rows out of reach are left out with a warning, as a start must not wait for the object
// store. Every other failure to read is returned.
Result<uint64_t> LargestSeriesId(const TableSnapshot& table);

}  // namespace luma::storage

#endif  // LUMA_STORAGE_METRICS_LARGEST_SERIES_ID_H_
