// PromQL strings: "..." and '...' with Go's escapes, `...` without any.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace luma::promql {

// Reads the literal at the start of `text` (a quote) into `out`. Returns the bytes it takes with
// both quotes; 0 on an error, which `error` then names. The result is valid UTF-8 whenever the
// text is, except for what \x and octal escapes put in.
size_t ReadStringLiteral(std::string_view text, std::string& out, std::string_view& error);

}  // namespace luma::promql
