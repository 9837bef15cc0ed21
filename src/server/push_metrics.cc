#include "server/push_metrics.h"

#include <fmt/format.h>

namespace luma::server {
namespace {

using prom::PushCounters;

struct CounterMetric {
  std::string_view name;
  std::string_view help;
  std::atomic<uint64_t> PushCounters::* counter;
};

constexpr CounterMetric kMetrics[] = {
    {"requests_total", "Requests received.", &PushCounters::requests},
    {"requests_failed_total", "Requests that the sender may repeat.",
     &PushCounters::requests_failed},
    {"requests_refused_total", "Requests refused for good, in whole or in part.",
     &PushCounters::requests_refused},
    {"samples_stored_total", "Samples stored.", &PushCounters::samples_stored},
    {"samples_refused_total", "Samples refused.", &PushCounters::samples_refused},
};
constexpr CounterMetric kPageMetrics[] = {
    {"exemplars_stored_total", "Exemplars stored.", &PushCounters::exemplars_stored},
    {"exemplars_refused_total", "Exemplars refused for their labels or times, or as too many.",
     &PushCounters::exemplars_refused},
};
constexpr CounterMetric kLineMetrics[] = {
    {"lines_refused_total", "Lines that could not be read.", &PushCounters::lines_refused},
    {"strings_ignored_total", "Fields left out because they are texts.",
     &PushCounters::strings_ignored},
};

}  // namespace

std::vector<MetricsRegistry::Callback> RegisterPushMetrics(const PushCounters& import,
                                                           const PushCounters& influx,
                                                           MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  const auto add = [&](std::string_view prefix, const CounterMetric& metric,
                       const PushCounters& counters) {
    const auto read = [&counter = counters.*metric.counter] {
      return static_cast<double>(counter.load(std::memory_order_relaxed));
    };
    callbacks.push_back(registry.AddCallback(MetricsRegistry::Kind::kCounter,
                                             fmt::format("luma_{}_{}", prefix, metric.name),
                                             metric.help, read));
  };
  for (const CounterMetric& metric : kMetrics) {
    add("import", metric, import);
    add("influx", metric, influx);
  }
  for (const CounterMetric& metric : kPageMetrics) add("import", metric, import);
  for (const CounterMetric& metric : kLineMetrics) add("influx", metric, influx);
  return callbacks;
}

}  // namespace luma::server
