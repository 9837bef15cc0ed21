// scrape_failure_log_file: why scrapes failed, for people who look at one job.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/status.h"

namespace luma::prom {

struct ScrapeFailure {
  UnixMillis time = 0;
  std::string_view job;
  std::string_view target;  // its URL
  std::string_view reason;
};

// Appends a line of JSON, as Prometheus writes it: {"time":...,"level":"ERROR","msg":...,
// "job_name":...,"target":...}. The file is opened anew, so that it can be rotated. Blocks.
// Threads: any. Errors: kIoError.
Status AppendScrapeFailure(const std::string& path, const ScrapeFailure& failure);

}  // namespace luma::prom
