// YAML documents as trees.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"

namespace luma::rules {

constexpr size_t kYamlBytesMax = 16 << 20;
// Aliases count as often as they are used, in both.
constexpr size_t kYamlNodesMax = 300'000;
constexpr size_t kYamlTextBytesMax = 32 << 20;  // escapes make three bytes of two
constexpr int kYamlDepthMax = 50;

// Plain data.
struct YamlNode {
  enum class Kind : uint8_t { kScalar, kSequence, kMapping };
  Kind kind = Kind::kScalar;
  std::string text = {};  // of a scalar
  bool plain = false;     // a scalar without quotes, so that null is nothing and not a text
  std::vector<YamlNode> items = {};
  // In the order of the file; keys are unique.
  std::vector<std::pair<YamlNode, YamlNode>> entries = {};
  size_t line = 0;  // 1-based, where it begins
  size_t column = 0;

  // A plain scalar that stands for no value: empty, ~ or null.
  bool IsNull() const;
  const YamlNode* Find(std::string_view key) const;  // null when absent or not a mapping
};

// The first document of `text`; a null scalar when there is none. Errors: kInvalidArgument, "line
// 3: did not find expected key"; also for a key that is no scalar or comes twice.
Result<YamlNode> ParseYaml(std::string_view text);

}  // namespace luma::rules
