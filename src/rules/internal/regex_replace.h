// reReplaceAll of templates.
#pragma once

#include <re2/re2.h>

#include <string>
#include <string_view>

#include "base/status.h"

namespace luma::rules {

// Go's Regexp.ReplaceAllString: every match becomes the replacement with its groups put in. Errors:
// kTooLarge when the result is longer than kExpandedBytesMax.
Result<std::string> ReplaceAll(const re2::RE2& regex, std::string_view text,
                               std::string_view replacement);

}  // namespace luma::rules
