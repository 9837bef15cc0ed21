// Run-length encoding over values of 1, 2, 4, 8 or 16 bytes, which are equal if their bits are.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/column.h"
#include "encoding/aligned_buffer.h"

namespace luma::encoding {

struct Runs {
  AlignedBuffer values;  // one value per run
  std::vector<uint32_t> lengths;
};

// Columns of any type but kBytes; validity is ignored.
uint32_t CountRuns(const ColumnSpan& column);
Runs FindRuns(const ColumnSpan& column);

// Writes each value as often as its length says. The lengths must add up to the values `out` holds.
void ExpandRuns(const std::byte* values, std::span<const uint32_t> lengths, size_t value_bytes,
                std::byte* out);

}  // namespace luma::encoding
