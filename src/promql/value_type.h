// The four types of PromQL values.
#pragma once

#include <cstdint>
#include <string_view>

namespace luma::promql {

enum class ValueType : uint8_t { kScalar, kString, kVector, kMatrix };

// As in messages: "instant vector".
inline std::string_view ValueTypeText(ValueType type) {
  switch (type) {
    case ValueType::kScalar:
      return "scalar";
    case ValueType::kString:
      return "string";
    case ValueType::kVector:
      return "instant vector";
    case ValueType::kMatrix:
      return "range vector";
  }
  return "";
}

}  // namespace luma::promql
