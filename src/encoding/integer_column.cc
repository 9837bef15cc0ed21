#include "encoding/integer_column.h"

#include "base/bytes.h"

namespace luma::encoding {
namespace {

template <typename T>
bool Widen(const ColumnSpan& column, uint64_t* out) {
  const T* values = column.As<T>();
  for (uint32_t i = 0; i < column.count; ++i) {
    out[i] = static_cast<uint64_t>(static_cast<int64_t>(values[i]));
  }
  return true;
}

// The high half that a 128-bit value of this low half has if it fits 64 bits.
int64_t ExpectedHigh(PhysicalType type, uint64_t low) {
  return type == PhysicalType::kInt128 && static_cast<int64_t>(low) < 0 ? -1 : 0;
}

bool Widen128(const ColumnSpan& column, uint64_t* out) {
  const auto* values = column.As<Int128>();
  bool fits = true;
  for (uint32_t i = 0; i < column.count; ++i) {
    out[i] = values[i].low;
    fits &= values[i].high == ExpectedHigh(column.type, values[i].low);
  }
  return fits;
}

// False: a value does not fit.
bool WidenByType(const ColumnSpan& column, uint64_t* out) {
  switch (column.type) {
    case PhysicalType::kInt8:
      return Widen<int8_t>(column, out);
    case PhysicalType::kInt16:
      return Widen<int16_t>(column, out);
    case PhysicalType::kInt32:
      return Widen<int32_t>(column, out);
    case PhysicalType::kBool:
    case PhysicalType::kUInt8:
      return Widen<uint8_t>(column, out);
    case PhysicalType::kUInt16:
      return Widen<uint16_t>(column, out);
    case PhysicalType::kUInt32:
      return Widen<uint32_t>(column, out);
    default:
      return Widen128(column, out);
  }
}

template <typename T>
void Narrow(std::span<const uint64_t> words, std::byte* out) {
  for (size_t i = 0; i < words.size(); ++i) {
    StoreLe(out + i * sizeof(T), static_cast<T>(words[i]));
  }
}

void NarrowToBool(std::span<const uint64_t> words, std::byte* out) {
  for (size_t i = 0; i < words.size(); ++i) out[i] = static_cast<std::byte>(words[i] != 0);
}

void ExtendTo128(std::span<const uint64_t> words, PhysicalType type, std::byte* out) {
  for (size_t i = 0; i < words.size(); ++i) {
    StoreLe(out + i * sizeof(Int128), Int128{words[i], ExpectedHigh(type, words[i])});
  }
}

}  // namespace

bool IsIntegerType(PhysicalType type) { return type <= PhysicalType::kUInt128; }

WideIntegers::WideIntegers(const ColumnSpan& column) {
  if (column.type == PhysicalType::kInt64 || column.type == PhysicalType::kUInt64) {
    values_ = {column.As<uint64_t>(), column.count};
    return;
  }
  buffer_ = AlignedBuffer(column.count * sizeof(uint64_t));
  values_ = {buffer_.As<uint64_t>(), column.count};
  fits_ = WidenByType(column, buffer_.As<uint64_t>());
}

void NarrowIntegers(std::span<const uint64_t> words, PhysicalType type, std::byte* out) {
  switch (type) {
    case PhysicalType::kBool:
      return NarrowToBool(words, out);
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8:
      return Narrow<uint8_t>(words, out);
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16:
      return Narrow<uint16_t>(words, out);
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32:
      return Narrow<uint32_t>(words, out);
    case PhysicalType::kInt128:
    case PhysicalType::kUInt128:
      return ExtendTo128(words, type, out);
    default:
      if (static_cast<const void*>(out) != words.data()) Narrow<uint64_t>(words, out);
  }
}

}  // namespace luma::encoding
