// One decoded column block, kept in the shape it was encoded in.
#pragma once

#include <cstdint>

#include "base/column.h"
#include "encoding/aligned_buffer.h"

namespace luma::encoding {

// Owns everything it points to, StringRef bytes included. Immutable once built, so a
// shared_ptr<const DecodedBlock> may be read from any thread; move-only.
//
//   shape        values()                       codes()
//   kFlat        row_count() values             null
//   kConstant    one value, that of every row   null
//   kDictionary  dictionary_size() values       row_count() indexes into values()
//
// validity() goes with every shape and is null when no row is null. Null rows have an initialised
// value: zero, an empty string, or (kConstant, kDictionary) any value of the block.
class DecodedBlock {
 public:
  enum class Shape : uint8_t { kFlat, kConstant, kDictionary };

  // `heap` holds the bytes of strings longer than StringRef::kInlineBytes.
  static DecodedBlock Flat(PhysicalType type, uint32_t row_count, AlignedBuffer values,
                           AlignedBuffer heap);
  static DecodedBlock Constant(PhysicalType type, uint32_t row_count, AlignedBuffer value,
                               AlignedBuffer heap);
  static DecodedBlock Dictionary(PhysicalType type, uint32_t row_count, AlignedBuffer codes,
                                 uint32_t dictionary_size, AlignedBuffer values,
                                 AlignedBuffer heap);
  // `words` holds ValidityWords(row_count) words; see ColumnSpan::validity.
  void SetValidity(AlignedBuffer words) { validity_ = std::move(words); }

  PhysicalType type() const { return type_; }
  uint32_t row_count() const { return row_count_; }
  Shape shape() const { return shape_; }
  const uint64_t* validity() const { return validity_.As<uint64_t>(); }
  const std::byte* values() const { return values_.data(); }
  const uint32_t* codes() const { return codes_.As<uint32_t>(); }
  uint32_t dictionary_size() const { return dictionary_size_; }

  bool IsNull(uint32_t row) const {
    return validity() != nullptr && ((validity()[row / 64] >> (row % 64)) & 1) == 0;
  }
  // The value's bytes, ValueBytes(type()) of them, in any shape. For single rows, not for loops.
  const std::byte* ValueAt(uint32_t row) const;

  // All rows as one array. kFlat costs nothing and leaves `scratch` alone; other shapes fill it.
  // The span is valid while this block and `scratch` live and `scratch` is not reused.
  ColumnSpan Flatten(AlignedBuffer& scratch) const;

  // What the block holds in memory, for budgets.
  size_t memory_bytes() const {
    return values_.size() + codes_.size() + heap_.size() + validity_.size() + sizeof(*this);
  }

 private:
  DecodedBlock(PhysicalType type, uint32_t row_count, Shape shape, AlignedBuffer values,
               AlignedBuffer heap)
      : type_(type),
        shape_(shape),
        row_count_(row_count),
        values_(std::move(values)),
        heap_(std::move(heap)) {}

  PhysicalType type_;
  Shape shape_;
  uint32_t row_count_;
  uint32_t dictionary_size_ = 0;
  AlignedBuffer values_;
  AlignedBuffer codes_;
  AlignedBuffer heap_;
  AlignedBuffer validity_;
};

}  // namespace luma::encoding
