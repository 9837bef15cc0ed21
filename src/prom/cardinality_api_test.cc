#include "prom/cardinality_api.h"

#include <gtest/gtest.h>

#include <optional>

namespace luma::prom {
namespace {

class CardinalityApiTest : public testing::Test {
 protected:
  CardinalityApiTest() { api_.AddRoutes(router_); }

  net::HttpResponse Get(std::string_view query = "") {
    net::HttpRequest request;
    request.method = "GET";
    request.query = query;
    std::optional<net::HttpResponse> answer;
    router_.Find("GET", "/api/v1/status/cardinality")
        .route->handler(std::move(request), net::Responder([&](net::HttpResponse response) {
                          answer = std::move(response);
                        }));
    return answer.value_or(net::HttpResponse());
  }
  void Add(std::string_view metric, std::string_view pod) {
    counts_.Add(Labels::Of({{"__name__", metric}, {"pod", pod}}).value());
  }

  storage::CardinalityCounts counts_{{.series = 7, .series_per_metric = 5, .values_per_label = 4}};
  CardinalityApi api_{counts_, [] { return 3; }};
  net::Router router_;
};

TEST_F(CardinalityApiTest, ShowsLimitsAndWhoIsNear) {
  Add("up", "a");
  Add("up", "b");
  Add("down", "c");
  counts_.CountRefused(storage::CardinalityLimit::kValuesPerLabel, {.series = 2, .samples = 9});
  EXPECT_EQ(
      Get("limit=1").body,
      R"({"status":"success","data":{"limits":[)"
      R"({"name":"series","limit":7,"current":3,"seriesRefused":0,"samplesRefused":0},)"
      R"({"name":"series_per_metric","limit":5,"current":2,"seriesRefused":0,"samplesRefused":0},)"
      R"({"name":"values_per_label","limit":4,"current":3,"seriesRefused":2,"samplesRefused":9}],)"
      R"("metrics":[{"name":"up","value":2}],"labels":[{"name":"pod","value":3}]}})");
}

TEST_F(CardinalityApiTest, LimitIsChecked) {
  EXPECT_EQ(Get("limit=0").status, 400);
  EXPECT_EQ(Get("limit=x").status, 400);
  EXPECT_EQ(Get("limit=10001").status, 400);
}

}  // namespace
}  // namespace luma::prom
