// Comparing a column with constants: which rows lie in a range.
#pragma once

#include <cstdint>
#include <span>

namespace luma::encoding {

// Sets bit i of word i / 64 of `selection` for each value with min <= value <= max, and clears all
// other bits of the (values.size() + 63) / 64 words. One bound at its type's limit compares with
// the other alone. Threads: any.
void SelectRange(std::span<const int64_t> values, int64_t min, int64_t max, uint64_t* selection);

}  // namespace luma::encoding
