// The order in which a run of a table with a sort key goes to disk.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "storage/run_version.h"

namespace luma::storage {

// Positions of all rows of `run`, ordered by the columns as OrderedColumn says, equal ones by
// position. Empty when they are in order already.
// Memory: 8 to 16 bytes per row and column, and 8 per row. Errors: kIoError, kCorruption for a run
// on disk.
Result<std::vector<uint32_t>> SortedOrder(const RunVersion& run,
                                          std::span<const ColumnSchema* const> columns);

}  // namespace luma::storage
