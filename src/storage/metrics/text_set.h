// A set of label names or values that a reader gives back, booked as it grows.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/status.h"
#include "model/metrics_source.h"

namespace luma::storage {

// Thread-compatible. Lifetime: `memory` outlives it.
class TextSet {
 public:
  // Null: nothing is booked.
  explicit TextSet(ResultMemory* memory) : memory_(memory) {}

  bool Contains(std::string_view text) const { return texts_.contains(text); }
  // Errors: kOutOfMemory.
  Status Add(std::string_view text);
  // Sorted.
  std::vector<std::string> Take() &&;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  ResultMemory* const memory_;
  uint64_t used_bytes_ = 0;
  uint64_t booked_bytes_ = 0;
  std::unordered_set<std::string, Hash, std::equal_to<>> texts_;
};

}  // namespace luma::storage
