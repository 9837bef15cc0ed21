// Decoded blocks of files as readers of tables want them.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "model/schema.h"
#include "storage/block_cache.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Shares the block, which has the column's values. Errors: kInternal for values of another type.
Result<ColumnBlock> ColumnBlockOf(const ColumnSchema& column, DecodedBlockPtr decoded);
// Rows [first, first + rows) of it; `first` is a multiple of 64.
Result<ColumnBlock> ColumnBlockOf(const ColumnSchema& column, DecodedBlockPtr decoded,
                                  uint32_t first, uint32_t rows);

}  // namespace luma::storage
