// Integer columns of any width as the 64-bit words on which the integer codecs work, and back.
#pragma once

#include <cstdint>
#include <span>

#include "base/column.h"
#include "encoding/aligned_buffer.h"

namespace luma::encoding {

// True for kBool, all integers and, if their values fit, 128-bit integers.
bool IsIntegerType(PhysicalType type);

// The column's values, sign-extended (signed types) or zero-extended. 64-bit columns are not
// copied: the column must outlive this. Validity is ignored.
class WideIntegers {
 public:
  explicit WideIntegers(const ColumnSpan& column);

  // False: a 128-bit value does not fit; values() is then unspecified.
  bool fits() const { return fits_; }
  std::span<const uint64_t> values() const { return values_; }

 private:
  AlignedBuffer buffer_;
  std::span<const uint64_t> values_;
  bool fits_ = true;
};

// Writes each word's low ValueBytes(type) bytes to `out` (kBool: 0 or 1; 128-bit: extended).
// `out` must not overlap the words, except that 64-bit types may be given in place.
void NarrowIntegers(std::span<const uint64_t> words, PhysicalType type, std::byte* out);

}  // namespace luma::encoding
