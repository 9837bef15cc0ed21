// One value outside a column: defaults of added columns, zone-map bounds, keys.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/column.h"

namespace luma {

// Owns its bytes. A null Value still knows its type.
class Value {
 public:
  Value() = default;
  static Value Null(PhysicalType type) {
    Value value;
    value.type_ = type;
    return value;
  }
  // `fixed` points at ValueBytes(type) bytes; not for kBytes.
  static Value Fixed(PhysicalType type, const void* fixed) {
    Value value = Null(type);
    value.is_null_ = false;
    value.bytes_.assign(static_cast<const char*>(fixed), ValueBytes(type));
    return value;
  }
  static Value Text(std::string text) {
    Value value = Null(PhysicalType::kBytes);
    value.is_null_ = false;
    value.bytes_ = std::move(text);
    return value;
  }

  PhysicalType type() const { return type_; }
  bool is_null() const { return is_null_; }
  // The value's bytes: ValueBytes(type) of them, or the text of a kBytes value; empty when null.
  const std::string& bytes() const { return bytes_; }
  template <typename T>
  T As() const {
    LUMA_CHECK(!is_null_ && bytes_.size() == sizeof(T));
    return LoadLe<T>(reinterpret_cast<const std::byte*>(bytes_.data()));
  }
  bool operator==(const Value&) const = default;

 private:
  PhysicalType type_ = PhysicalType::kInt64;
  bool is_null_ = true;
  std::string bytes_;
};

}  // namespace luma
