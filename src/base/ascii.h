// Letters of ASCII in texts that may have others, which stay as they are.
#pragma once

#include <string>
#include <string_view>

namespace luma {

inline std::string LowerAscii(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  }
  return lowered;
}

}  // namespace luma
