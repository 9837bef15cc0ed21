// [[downsampling.rules]] of a configuration file.
#pragma once

#include <vector>

#include "base/status.h"
#include "server/config.h"
#include "server/internal/toml.h"

namespace luma::server {

// Every selector can be parsed, and the rules make sense together (docs/guides/downsampling.md).
// Errors: kInvalidArgument and kSyntaxError, with the number of the rule, 1 for the first.
Result<std::vector<DownsamplingRule>> ReadDownsamplingRules(const toml::node& rules);

}  // namespace luma::server
