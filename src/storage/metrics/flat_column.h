// A column of one block as a plain array, whatever shape the block has.
#pragma once

#include <cstdint>
#include <vector>

#include "base/status.h"
#include "storage/table_snapshot.h"

namespace luma::storage {

// Keeps its memory from block to block. T is the column's value type; the column has no nulls.
template <typename T>
class FlatColumn {
 public:
  // Reads the block; the values are valid until the next Read. Errors: those of RunView::Read.
  Status Read(const RunView& run, const ColumnSchema& column, uint32_t block) {
    LUMA_ASSIGN_OR_RETURN(block_, run.Read(column, block));
    LUMA_CHECK(ValueBytes(block_.flat.type) == sizeof(T));
    const T* const flat = block_.flat.As<T>();
    switch (block_.shape) {
      case ColumnBlock::Shape::kFlat:
        values_ = flat;
        return Status::Ok();
      case ColumnBlock::Shape::kConstant:
        expanded_.assign(block_.row_count, *flat);
        break;
      case ColumnBlock::Shape::kDictionary:
        expanded_.resize(block_.row_count);
        for (uint32_t i = 0; i < block_.row_count; ++i) expanded_[i] = flat[block_.codes[i]];
        break;
    }
    values_ = expanded_.data();
    return Status::Ok();
  }
  const T* values() const { return values_; }
  uint32_t size() const { return block_.row_count; }

 private:
  ColumnBlock block_;
  std::vector<T> expanded_;
  const T* values_ = nullptr;
};

}  // namespace luma::storage
