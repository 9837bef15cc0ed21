#include "server/scraper_metrics.h"

namespace luma::server {
namespace {

using prom::ScraperCounters;

struct CounterMetric {
  std::string_view name;
  std::string_view help;
  std::atomic<uint64_t> ScraperCounters::* counter;
};

constexpr CounterMetric kMetrics[] = {
    {"luma_scrape_scrapes_total", "Scrapes started.", &ScraperCounters::scrapes},
    {"luma_scrape_scrapes_failed_total", "Scrapes whose target was down or sent nonsense.",
     &ScraperCounters::scrapes_failed},
    {"luma_scrape_scrapes_missed_total",
     "Scrapes that did not start since the one before was not over.",
     &ScraperCounters::scrapes_missed},
    {"luma_scrape_samples_stored_total", "Samples stored.", &ScraperCounters::samples_stored},
    {"luma_scrape_samples_refused_total",
     "Samples that storage refused: of new series beyond a limit, or from the future.",
     &ScraperCounters::samples_refused},
    {"luma_scrape_samples_duplicate_total",
     "Samples left out: the page had the series before, at the same time.",
     &ScraperCounters::samples_duplicate},
    {"luma_scrape_samples_out_of_order_total",
     "Samples older than the one before of the same series and page.",
     &ScraperCounters::samples_out_of_order},
    {"luma_scrape_exemplars_stored_total", "Exemplars stored.", &ScraperCounters::exemplars_stored},
    {"luma_scrape_exemplars_refused_total", "Exemplars with labels that cannot be.",
     &ScraperCounters::exemplars_refused},
    {"luma_scrape_writes_failed_total", "Scrapes that were lost because they could not be stored.",
     &ScraperCounters::writes_failed},
};

}  // namespace

std::vector<MetricsRegistry::Callback> RegisterScraperMetrics(const ScraperCounters& counters,
                                                              MetricsRegistry& registry) {
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
