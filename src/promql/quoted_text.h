// Text in quotes, inside queries and messages.
#pragma once

#include <string>
#include <string_view>

namespace luma::promql {

// In double quotes and escaped as Go's strconv.Quote does it: "a\nb", "\x00", bytes that are not
// valid UTF-8 as \xNN. Of the characters that Go does not print, those of the C1 controls and
// invisible formatting are escaped as \uNNNN.
std::string QuotedText(std::string_view text);

}  // namespace luma::promql
