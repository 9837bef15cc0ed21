#include "encoding/decoded_block.h"

#include <cstring>

namespace luma::encoding {
namespace {

// Repeats values by index: one copy of kBytes per row, so that the compiler makes it a plain move.
template <size_t kBytes>
void Gather(const std::byte* values, const uint32_t* codes, uint32_t count, std::byte* out) {
  for (uint32_t row = 0; row < count; ++row) {
    const size_t code = codes == nullptr ? 0 : codes[row];
    std::memcpy(out + row * kBytes, values + code * kBytes, kBytes);
  }
}

void GatherBySize(size_t value_bytes, const std::byte* values, const uint32_t* codes,
                  uint32_t count, std::byte* out) {
  switch (value_bytes) {
    case 1:
      return Gather<1>(values, codes, count, out);
    case 2:
      return Gather<2>(values, codes, count, out);
    case 4:
      return Gather<4>(values, codes, count, out);
    case 8:
      return Gather<8>(values, codes, count, out);
    default:
      return Gather<16>(values, codes, count, out);
  }
}

}  // namespace

DecodedBlock DecodedBlock::Flat(PhysicalType type, uint32_t row_count, AlignedBuffer values,
                                AlignedBuffer heap) {
  return DecodedBlock(type, row_count, Shape::kFlat, std::move(values), std::move(heap));
}

DecodedBlock DecodedBlock::Constant(PhysicalType type, uint32_t row_count, AlignedBuffer value,
                                    AlignedBuffer heap) {
  return DecodedBlock(type, row_count, Shape::kConstant, std::move(value), std::move(heap));
}

DecodedBlock DecodedBlock::Dictionary(PhysicalType type, uint32_t row_count, AlignedBuffer codes,
                                      uint32_t dictionary_size, AlignedBuffer values,
                                      AlignedBuffer heap) {
  DecodedBlock block(type, row_count, Shape::kDictionary, std::move(values), std::move(heap));
  block.codes_ = std::move(codes);
  block.dictionary_size_ = dictionary_size;
  return block;
}

const std::byte* DecodedBlock::ValueAt(uint32_t row) const {
  LUMA_DCHECK(row < row_count_);
  const size_t index = shape_ == Shape::kFlat ? row : shape_ == Shape::kConstant ? 0 : codes()[row];
  return values() + index * ValueBytes(type_);
}

ColumnSpan DecodedBlock::Flatten(AlignedBuffer& scratch) const {
  ColumnSpan span{type_, row_count_, values(), validity()};
  if (shape_ == Shape::kFlat) return span;
  const size_t value_bytes = ValueBytes(type_);
  scratch = AlignedBuffer(row_count_ * value_bytes);
  GatherBySize(value_bytes, values(), codes(), row_count_, scratch.data());
  span.values = scratch.data();
  return span;
}

}  // namespace luma::encoding
