#include "server/measured_handler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::server {
namespace {

using testing::HasSubstr;

TEST(MeasuredHandlerTest, CountsAnswersByRouteAndStatusAndPassesThemOn) {
  MetricsRegistry registry;
  const net::HttpHandler handler = Measured(
      "/a/{name}",
      [](const net::HttpRequest&, const net::Responder& responder) {
        responder.Send(net::TextResponse(418, "short and stout"));
      },
      registry);
  int status = 0;
  handler({}, net::Responder([&](const net::HttpResponse& response) { status = response.status; }));
  EXPECT_EQ(status, 418);
  EXPECT_THAT(registry.Text(),
              HasSubstr("luma_http_requests_total{handler=\"/a/{name}\",code=\"418\"} 1\n"));
  EXPECT_THAT(registry.Text(),
              HasSubstr("luma_http_request_seconds_count{handler=\"/a/{name}\"} 1"));
}

TEST(MeasuredHandlerTest, ADroppedRequestIsCountedAsTheErrorItIs) {
  MetricsRegistry registry;
  const net::HttpHandler handler =
      Measured("/a", [](const net::HttpRequest&, const net::Responder&) {}, registry);
  int status = 0;
  handler({}, net::Responder([&](const net::HttpResponse& response) { status = response.status; }));
  EXPECT_EQ(status, 500);
  EXPECT_THAT(registry.Text(), HasSubstr("code=\"500\"} 1\n"));
}

}  // namespace
}  // namespace luma::server
