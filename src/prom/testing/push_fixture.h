// Handlers of pushed text over metrics in memory, called without a server.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "model/testing/memory_metrics.h"
#include "net/compression.h"
#include "net/router.h"
#include "prom/number_text.h"
#include "storage/budget.h"

namespace luma::prom {

// Passes writes on, and says of each that so many new series were beyond a limit, and so many
// exemplars refused.
class LimitingSink final : public MetricsSink {
 public:
  explicit LimitingSink(MetricsSink& sink) : sink_(sink) {}
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    sink_.Write(batch, [this, done = std::move(done)](Result<WriteSummary> stored) {
      if (stored.ok() && refused > 0) {
        stored->series_over_limit = stored->samples_over_limit = refused;
        stored->samples_refused += refused;
        stored->first_over_limit = "too many series: limit=1";
        if (stored->first_refusal.empty()) stored->first_refusal = stored->first_over_limit;
      }
      if (stored.ok()) stored->exemplars_refused += exemplars_refused;
      done(std::move(stored));
    });
  }
  uint64_t refused = 0;
  uint64_t exemplars_refused = 0;

 private:
  MetricsSink& sink_;
};

class PushFixture : public testing::Test {
 protected:
  static constexpr UnixMillis kNow = 1'700'000'000'123;

  // `target` is a path with parameters, percent-encoded as far as a test needs it.
  net::HttpResponse Send(std::string_view method, std::string_view target, std::string body = {},
                         std::vector<net::HttpHeader> headers = {}) {
    const size_t mark = std::min(target.find('?'), target.size());
    net::HttpRequest request{.method = std::string(method),
                             .path = std::string(target.substr(0, mark)),
                             .query = std::string(target.substr(std::min(mark + 1, target.size()))),
                             .headers = std::move(headers),
                             .body = std::move(body),
                             .peer_address = {},
                             .path_parameters = {}};
    net::Router::Match match = router_.Find(method, request.path);
    if (match.route == nullptr) return {.status = 404};
    request.path_parameters = std::move(match.parameters);
    std::optional<net::HttpResponse> answer;
    match.route->handler(std::move(request), net::Responder([&](net::HttpResponse response) {
                           answer = std::move(response);
                         }));
    EXPECT_TRUE(answer.has_value()) << "metrics in memory answer at once";
    return answer.value_or(net::HttpResponse());
  }
  static std::string Header(const net::HttpResponse& response, std::string_view name) {
    for (const net::HttpHeader& header : response.headers) {
      if (header.name == name) return header.value;
    }
    return {};
  }
  // One text for each sample: m{a="b"} 1.5 @1700000000123
  std::vector<std::string> Stored() {
    std::vector<std::string> texts;
    for (const SeriesSamples& series : metrics_.Select({}, {}, {}).value()) {
      for (size_t i = 0; i < series.timestamps.size(); ++i) {
        std::string text = series.labels.ToString() + " ";
        AppendFloat(series.values[i], text);
        texts.push_back(text + " @" + std::to_string(series.timestamps[i]));
      }
    }
    return texts;
  }

  ManualClock clock_{kNow};
  MemoryMetrics metrics_{clock_};
  LimitingSink sink_{metrics_};
  storage::MemoryBudget budget_{64 << 20};
  net::Router router_;
};

}  // namespace luma::prom
