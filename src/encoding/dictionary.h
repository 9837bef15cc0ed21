// Dictionary encoding: distinct strings in the order of their first row, and per row an index.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/column.h"

namespace luma::encoding {

// Entries refer to the bytes of the strings the dictionary was built from.
struct StringDictionary {
  std::vector<StringRef> entries;
  std::vector<uint32_t> codes;  // one per row, each below entries.size()
};

// Nothing if there are more than `entries_max` distinct strings.
std::optional<StringDictionary> BuildDictionary(std::span<const StringRef> strings,
                                                size_t entries_max);

}  // namespace luma::encoding
