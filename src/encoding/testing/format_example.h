// Worked examples of docs/formats/*.md, as golden tests read them: the fenced block after the line
// "Bytes of NAME:", each line hex bytes and then, after '#', words for people.
#pragma once

#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"

namespace luma::encoding::testing {

// Tests run in the root of the source tree; ctest sees to it.
inline std::string FormatDocumentPath(std::string_view document) {
  return "docs/formats/" + std::string(document);
}

inline void AppendHex(std::string_view line, Bytes& out) {
  std::istringstream words(std::string(line.substr(0, line.find('#'))));
  for (std::string word; words >> word;) {
    out.push_back(static_cast<std::byte>(std::stoul(word, nullptr, 16)));
  }
}

// Aborts if the document has no such example.
inline Bytes FormatExample(std::string_view document, std::string_view name) {
  std::ifstream file(FormatDocumentPath(document));
  LUMA_CHECK(file.is_open());
  const std::string title = "Bytes of " + std::string(name) + ":";
  Bytes bytes;
  std::string line;
  while (std::getline(file, line) && line != title) {
  }
  LUMA_CHECK(std::getline(file, line) && line == "```");
  while (std::getline(file, line) && line != "```") AppendHex(line, bytes);
  LUMA_CHECK(!bytes.empty());
  return bytes;
}

// For failure messages and for writing new examples.
inline std::string ToHex(ByteSpan bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const std::byte byte : bytes) {
    const auto value = static_cast<uint8_t>(byte);
    text += {kDigits[value >> 4], kDigits[value & 15], ' '};
  }
  return text;
}

}  // namespace luma::encoding::testing
