// Text from queries inside messages.
#pragma once

#include <string>
#include <string_view>

namespace luma::promql {

// In double quotes, with \xNN for bytes that are not valid UTF-8: "a\xc5z".
std::string QuotedText(std::string_view text);

}  // namespace luma::promql
