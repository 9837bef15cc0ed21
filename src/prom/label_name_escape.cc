#include "prom/label_name_escape.h"

#include <charconv>
#include <cstdint>

#include "model/utf8.h"

namespace luma::prom {
namespace {

constexpr std::string_view kPrefix = "U__";

void AppendUtf8(uint32_t code, std::string& out) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80 | (code >> shift & 0x3f)));
  };
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xf0 | code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

}  // namespace

std::string UnescapeLabelName(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::string(text);
  std::string name;
  for (std::string_view rest = text.substr(kPrefix.size()); !rest.empty();) {
    if (rest[0] != '_') {
      name.push_back(rest[0]);
      rest.remove_prefix(1);
      continue;
    }
    const size_t end = rest.find('_', 1);
    if (end == std::string_view::npos) return std::string(text);
    uint32_t code = '_';
    if (end > 1) {
      const auto [stop, error] = std::from_chars(rest.data() + 1, rest.data() + end, code, 16);
      if (error != std::errc() || stop != rest.data() + end || code > 0x10ffff) {
        return std::string(text);
      }
    }
    AppendUtf8(code, name);
    rest.remove_prefix(end + 1);
  }
  return IsValidUtf8(name) ? name : std::string(text);
}

}  // namespace luma::prom
