// The keys of [rules] as their users need them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "prom/alert_notifier.h"
#include "server/config.h"

namespace luma::server {

// The names in a list with commas, without spaces around them.
std::vector<std::string> SplitList(std::string_view text);

// Errors: kInvalidArgument for an address or a label that cannot be.
Result<prom::AlertNotifierOptions> AlertNotifierOptionsOf(const Config& config);

}  // namespace luma::server
