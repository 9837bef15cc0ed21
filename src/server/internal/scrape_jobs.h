// [[scrape.jobs]] of a configuration file.
#pragma once

#include <vector>

#include "base/status.h"
#include "server/config.h"
#include "server/internal/toml.h"

namespace luma::server {

// Errors: kInvalidArgument, without file and line.
Result<std::vector<ScrapeJob>> ReadScrapeJobs(const toml::node& jobs);

// After such an error: the part of `jobs` at fault, for its line.
const toml::node& FaultOfScrapeJobs(const toml::node& jobs);

}  // namespace luma::server
