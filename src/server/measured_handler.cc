#include "server/measured_handler.h"

#include <fmt/format.h>

#include <chrono>

namespace luma::server {

net::HttpHandler Measured(std::string_view name, net::HttpHandler handler,
                          MetricsRegistry& registry) {
  const std::string label(name);
  Histogram& seconds =
      registry.AddHistogram("luma_http_request_seconds", "Time from a whole request to its answer.",
                            kLatencySecondsBounds, {{"handler", label}});
  const auto count = [label, &registry](int status) {
    registry
        .AddCounter("luma_http_requests_total", "HTTP requests answered.",
                    {{"handler", label}, {"code", fmt::format("{}", status)}})
        .Add();
  };
  return [handler = std::move(handler), count, &seconds](net::HttpRequest request,
                                                         net::Responder responder) {
    const auto start = std::chrono::steady_clock::now();
    net::Responder measured([count, &seconds, responder, start](net::HttpResponse response) {
      count(response.status);
      seconds.Observe(
          std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
      responder.Send(std::move(response));
    });
    handler(std::move(request), std::move(measured));
  };
}

}  // namespace luma::server
