#include "storage/cold/block_zone.h"

#include <cstring>
#include <vector>

#include "encoding/aligned_buffer.h"
#include "storage/column_block.h"

namespace luma::storage {

ZoneMap ZoneOf(const ColumnBlock& block) {
  const uint32_t width = ValueBytes(block.flat.type);
  encoding::AlignedBuffer values(size_t{block.row_count} * width);
  std::vector<uint64_t> validity(ValidityWords(block.row_count), 0);
  for (uint32_t row = 0; row < block.row_count; ++row) {
    std::byte* const to = values.data() + size_t{row} * width;
    const std::byte* const value = ValueAt(block, row);
    if (value == nullptr) {
      std::memset(to, 0, width);
      continue;
    }
    std::memcpy(to, value, width);
    validity[row / 64] |= uint64_t{1} << (row % 64);
  }
  return ComputeZoneMap({.type = block.flat.type,
                         .count = block.row_count,
                         .values = values.data(),
                         .validity = validity.data()});
}

}  // namespace luma::storage
