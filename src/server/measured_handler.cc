#include "server/measured_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <utility>

namespace luma::server {
namespace {

// One handler's luma_http_requests_total by status. A counter is looked up once: answers come on
// the thread of the log too, which must not wait while somebody renders the registry.
class AnswerCounters {
 public:
  AnswerCounters(std::string handler, MetricsRegistry& registry)
      : handler_(std::move(handler)), registry_(registry) {}

  void Count(int status) {
    std::atomic<Counter*>& known =
        counters_[static_cast<size_t>(std::clamp(status, 0, kStatusMax))];
    Counter* counter = known.load(std::memory_order_acquire);
    if (counter == nullptr) {
      counter = &registry_.AddCounter("luma_http_requests_total", "HTTP requests answered.",
                                      {{"handler", handler_}, {"code", fmt::format("{}", status)}});
      known.store(counter, std::memory_order_release);
    }
    counter->Add();
  }

 private:
  static constexpr int kStatusMax = 599;
  const std::string handler_;
  MetricsRegistry& registry_;
  std::array<std::atomic<Counter*>, kStatusMax + 1> counters_{};
};

}  // namespace

net::HttpHandler Measured(std::string_view name, net::HttpHandler handler,
                          MetricsRegistry& registry) {
  const std::string label(name);
  Histogram& seconds =
      registry.AddHistogram("luma_http_request_seconds", "Time from a whole request to its answer.",
                            kLatencySecondsBounds, {{"handler", label}});
  const auto answers = std::make_shared<AnswerCounters>(label, registry);
  return [handler = std::move(handler), answers, &seconds](net::HttpRequest request,
                                                           net::Responder responder) {
    const auto start = std::chrono::steady_clock::now();
    net::Responder measured([answers, &seconds, responder, start](net::HttpResponse response) {
      answers->Count(response.status);
      seconds.Observe(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      responder.Send(std::move(response));
    });
    handler(std::move(request), std::move(measured));
  };
}

}  // namespace luma::server
