#include "storage/key_values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/bytes.h"
#include "base/hash.h"

namespace luma::storage {
namespace {

// The bytes of a value such that equal values have equal bytes.
class KeyBytes {
 public:
  KeyBytes(PhysicalType type, const std::byte* value) {
    switch (type) {
      case PhysicalType::kBytes:
        text_ = reinterpret_cast<const StringRef*>(value);
        break;
      case PhysicalType::kFloat32:
        Keep(Canonical(LoadLe<float>(value)));
        break;
      case PhysicalType::kFloat64:
        Keep(Canonical(LoadLe<double>(value)));
        break;
      case PhysicalType::kInterval:
        Keep(Normalized(LoadLe<IntervalValue>(value)));
        break;
      default:
        size_ = ValueBytes(type);
        std::memcpy(fixed_.data(), value, size_);
    }
  }

  ByteSpan span() const {
    if (text_ != nullptr) return AsBytes(text_->view());
    return {fixed_.data(), size_};
  }

 private:
  template <typename T>
  static T Canonical(T value) {
    if (std::isnan(value)) return std::numeric_limits<T>::quiet_NaN();
    return value == 0 ? T{0} : value;
  }
  struct DaysAndMicros {
    int64_t days;
    int64_t micros;  // 0 .. one day - 1
  };
  static DaysAndMicros Normalized(const IntervalValue& value) {
    constexpr int64_t kDayMicros = int64_t{24} * 3600 * 1'000'000;
    const int64_t borrowed =
        value.micros % kDayMicros < 0 ? 1 : 0;  // rounds towards minus infinity
    const int64_t carried = value.micros / kDayMicros - borrowed;
    return {.days = int64_t{value.months} * 30 + value.days + carried,
            .micros = value.micros - carried * kDayMicros};
  }
  template <typename T>
  void Keep(T value) {
    size_ = sizeof(T);
    std::memcpy(fixed_.data(), &value, sizeof(T));
  }

  const StringRef* text_ = nullptr;
  size_t size_ = 0;
  std::array<std::byte, 16> fixed_{};
};

}  // namespace

std::optional<uint64_t> HashKey(const KeyBlocks& keys, uint32_t row) {
  uint64_t hash = 0;
  for (const ColumnBlock& block : keys) {
    const std::byte* const value = ValueAt(block, row);
    if (value == nullptr) return std::nullopt;
    hash = Hash64(KeyBytes(block.flat.type, value).span(), hash);
  }
  return hash;
}

bool KeysEqual(const KeyBlocks& a, uint32_t row_a, const KeyBlocks& b, uint32_t row_b) {
  for (size_t i = 0; i < a.size(); ++i) {
    const std::byte* const left = ValueAt(a[i], row_a);
    const std::byte* const right = ValueAt(b[i], row_b);
    if (left == nullptr || right == nullptr) return false;
    const KeyBytes left_bytes(a[i].flat.type, left);
    const KeyBytes right_bytes(b[i].flat.type, right);
    if (!std::ranges::equal(left_bytes.span(), right_bytes.span())) return false;
  }
  return true;
}

}  // namespace luma::storage
