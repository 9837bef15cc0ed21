// Keys of unique constraints: when two are equal, and a hash that agrees with that.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "storage/column_block.h"

namespace luma::storage {

// The key columns of some rows, in the order of the constraint.
using KeyBlocks = std::vector<ColumnBlock>;

// Equality is that of SQL: -0.0 equals 0.0, NaN equals NaN, one month is 30 days is 720 hours.
// Not stored on disk. Nothing when a column is null: such a key equals no other.
std::optional<uint64_t> HashKey(const KeyBlocks& keys, uint32_t row);
bool KeysEqual(const KeyBlocks& a, uint32_t row_a, const KeyBlocks& b, uint32_t row_b);

}  // namespace luma::storage
