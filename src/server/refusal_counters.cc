#include "server/refusal_counters.h"

#include <fmt/format.h>

namespace luma::server {
namespace {

// What net refuses with, and 0 for anything else.
constexpr std::array<int, 11> kStatuses = {400, 401, 404, 405, 408, 413, 429, 431, 503, 505, 0};

}  // namespace

RefusalCounters::RefusalCounters(MetricsRegistry& registry) {
  for (size_t i = 0; i < kStatuses.size(); ++i) {
    const int status = kStatuses[i];
    const std::string code = status == 0 ? "other" : fmt::format("{}", status);
    by_status_[i] = {status, &registry.AddCounter("luma_http_refusals_total",
                                                  "HTTP requests answered without a handler.",
                                                  {{"code", code}})};
  }
}

void RefusalCounters::Count(int status) const {
  for (const auto& [known, counter] : by_status_) {
    if (known == status || known == 0) return counter->Add();
  }
}

}  // namespace luma::server
