// UTF-8 checks for text from outside. Threads: any. None allocates.
#pragma once

#include <cstddef>
#include <string_view>

namespace luma {

// True when `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
// A zero byte is well-formed. ASCII runs cost about one cycle per eight bytes.
bool IsValidUtf8(std::string_view text);

// True when no byte is 0x80 or above.
bool IsAscii(std::string_view text);

}  // namespace luma
