// Single values of a ColumnBlock, whatever its shape.
#pragma once

#include <cstdint>

#include "storage/table_snapshot.h"

namespace luma::storage {

// A block over a span, which must stay alive as long as the block.
inline ColumnBlock FlatBlock(const ColumnSpan& span) {
  ColumnBlock block;
  block.row_count = span.count;
  block.flat = span;
  return block;
}

// The ValueBytes(type) bytes of row `row`; null for a null value. For single rows, not for loops.
inline const std::byte* ValueAt(const ColumnBlock& block, uint32_t row) {
  uint32_t index = row;
  if (block.shape == ColumnBlock::Shape::kConstant) {
    index = 0;
  } else if (block.shape == ColumnBlock::Shape::kDictionary) {
    const uint64_t* const words = block.code_validity;
    if (words != nullptr && ((words[row / 64] >> (row % 64)) & 1) == 0) return nullptr;
    index = block.codes[row];
  }
  if (block.flat.IsNull(index)) return nullptr;
  return block.flat.values + size_t{index} * ValueBytes(block.flat.type);
}

}  // namespace luma::storage
