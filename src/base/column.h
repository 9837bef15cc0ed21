// Column values in memory, as every layer passes them: storage, codecs and the SQL executor share
// one layout so that a scan hands out pointers instead of copies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/check.h"

namespace luma {

// How a value lies in memory. What it means (DATE, DECIMAL(9,2), ...) is the schema's business.
enum class PhysicalType : uint8_t {
  kBool = 0,     // one byte, 0 or 1
  kInt8 = 1,
  kInt16 = 2,
  kInt32 = 3,
  kInt64 = 4,
  kUInt8 = 5,
  kUInt16 = 6,
  kUInt32 = 7,
  kUInt64 = 8,
  kInt128 = 9,   // uint64 low half, int64 high half
  kUInt128 = 10, // uint64 low half, uint64 high half
  kFloat32 = 11,
  kFloat64 = 12,
  kInterval = 13,  // int32 months, int32 days, int64 microseconds; has no order of its bytes
  kBytes = 14,     // StringRef
};
inline constexpr int kPhysicalTypeCount = 15;

// Bytes one value takes in a values array; 16 for kBytes (a StringRef).
constexpr uint32_t ValueBytes(PhysicalType type) {
  switch (type) {
    case PhysicalType::kBool:
    case PhysicalType::kInt8:
    case PhysicalType::kUInt8:
      return 1;
    case PhysicalType::kInt16:
    case PhysicalType::kUInt16:
      return 2;
    case PhysicalType::kInt32:
    case PhysicalType::kUInt32:
    case PhysicalType::kFloat32:
      return 4;
    case PhysicalType::kInt64:
    case PhysicalType::kUInt64:
    case PhysicalType::kFloat64:
      return 8;
    case PhysicalType::kInt128:
    case PhysicalType::kUInt128:
    case PhysicalType::kInterval:
    case PhysicalType::kBytes:
      return 16;
  }
  return 0;
}

struct Int128 {
  uint64_t low = 0;
  int64_t high = 0;
};
struct IntervalValue {
  int32_t months = 0;
  int32_t days = 0;
  int64_t micros = 0;
};

// A string or blob of up to 4 GiB: 12 bytes or less lie inside, longer ones behind a pointer with
// their first four bytes kept beside the length (Neumann and Freitag, "Umbra", CIDR 2020). The
// layout equals that of DuckDB's string_t, which src/sql asserts. Does not own its bytes.
class StringRef {
 public:
  static constexpr uint32_t kInlineBytes = 12;

  StringRef() : StringRef(nullptr, 0) {}
  // `data` must outlive the reference when length > kInlineBytes.
  StringRef(const char* data, uint32_t length) {
    std::memset(this, 0, sizeof(*this));
    length_ = length;
    if (length <= kInlineBytes) {
      if (length > 0) std::memcpy(inlined_, data, length);
    } else {
      std::memcpy(inlined_, data, 4);
      std::memcpy(inlined_ + 4, &data, sizeof(data));
    }
  }
  explicit StringRef(std::string_view text)
      : StringRef(text.data(), static_cast<uint32_t>(text.size())) {}

  uint32_t size() const { return length_; }
  bool inlined() const { return length_ <= kInlineBytes; }
  const char* data() const {
    if (inlined()) return inlined_;
    const char* pointer;
    std::memcpy(&pointer, inlined_ + 4, sizeof(pointer));
    return pointer;
  }
  std::string_view view() const { return {data(), length_}; }

 private:
  uint32_t length_;
  char inlined_[kInlineBytes];
};
static_assert(sizeof(StringRef) == 16);
static_assert(sizeof(Int128) == 16 && sizeof(IntervalValue) == 16);

// A read-only run of one column. Values of null rows are unspecified but initialised; a null
// kBytes value is a valid (for example empty) StringRef.
struct ColumnSpan {
  PhysicalType type = PhysicalType::kInt64;
  uint32_t count = 0;
  const std::byte* values = nullptr;    // count * ValueBytes(type), aligned to the value's size
  const uint64_t* validity = nullptr;   // bit i of word i/64 set: row i is not null; null: no nulls

  bool IsNull(uint32_t row) const {
    return validity != nullptr && ((validity[row / 64] >> (row % 64)) & 1) == 0;
  }
  template <typename T>
  const T* As() const {
    return reinterpret_cast<const T*>(values);
  }
};

constexpr size_t ValidityWords(size_t rows) { return (rows + 63) / 64; }

}  // namespace luma
