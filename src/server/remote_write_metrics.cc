#include "server/remote_write_metrics.h"

namespace luma::server {
namespace {

using prom::RemoteWriteCounters;

struct CounterMetric {
  std::string_view name;
  std::string_view help;
  std::atomic<uint64_t> RemoteWriteCounters::* counter;
};

constexpr CounterMetric kMetrics[] = {
    {"luma_remote_write_requests_total", "Requests received.", &RemoteWriteCounters::requests},
    {"luma_remote_write_requests_failed_total", "Requests that the sender was told to repeat.",
     &RemoteWriteCounters::requests_failed},
    {"luma_remote_write_requests_refused_total", "Requests refused for good, in whole or in part.",
     &RemoteWriteCounters::requests_refused},
    {"luma_remote_write_samples_stored_total", "Samples stored.",
     &RemoteWriteCounters::samples_stored},
    {"luma_remote_write_samples_refused_total", "Samples refused.",
     &RemoteWriteCounters::samples_refused},
    {"luma_remote_write_series_refused_total", "Series refused for their labels.",
     &RemoteWriteCounters::series_refused},
    {"luma_remote_write_histograms_refused_total", "Native histograms refused as impossible.",
     &RemoteWriteCounters::histograms_refused},
    {"luma_remote_write_exemplars_stored_total", "Exemplars stored.",
     &RemoteWriteCounters::exemplars_stored},
    {"luma_remote_write_exemplars_refused_total", "Exemplars refused for their labels or times.",
     &RemoteWriteCounters::exemplars_refused},
    {"luma_remote_write_exemplars_ignored_total",
     "Exemplars left out: their labels are too long, or there are too many.",
     &RemoteWriteCounters::exemplars_ignored},
    {"luma_remote_write_metadata_ignored_total", "Metadata entries for which there was no room.",
     &RemoteWriteCounters::metadata_ignored},
};

}  // namespace

std::vector<MetricsRegistry::Callback> RegisterRemoteWriteMetrics(
    const prom::RemoteWriteCounters& counters, MetricsRegistry& registry) {
  std::vector<MetricsRegistry::Callback> callbacks;
  for (const CounterMetric& metric : kMetrics) {
    const auto read = [&counter = counters.*metric.counter] {
      return static_cast<double>(counter.load(std::memory_order_relaxed));
    };
    callbacks.push_back(
        registry.AddCallback(MetricsRegistry::Kind::kCounter, metric.name, metric.help, read));
  }
  return callbacks;
}

}  // namespace luma::server
