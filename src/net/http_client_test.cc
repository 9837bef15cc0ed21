#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "net/http_server.h"

namespace luma::net {
namespace {

class HttpClientTest : public testing::Test {
 protected:
  HttpClientTest() {
    Router router;
    router.Add("GET", "/metrics", {}, [](HttpRequest request, Responder r) {
      r.Send(TextResponse(200, request.query + " " + std::string(request.Header("Accept"))));
    });
    router.Add("GET", "/moved", {}, [](HttpRequest, Responder r) {
      HttpResponse response = TextResponse(302, "elsewhere");
      response.headers.push_back({"Location", "/metrics"});
      r.Send(std::move(response));
    });
    router.Add("GET", "/never", {}, [this](HttpRequest, Responder r) { held_ = r; });
    server_ = HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~HttpClientTest() override {
    held_.reset();
    server_.reset();
  }

  Result<HttpResponse> Get(HttpGetRequest request) {
    std::promise<Result<HttpResponse>> promise;
    auto future = promise.get_future();
    HttpGet(loop_, std::move(request),
            [&promise](Result<HttpResponse> response) { promise.set_value(std::move(response)); });
    return future.get();
  }

  EventLoop loop_{1};
  WorkerPool workers_{1, 10};
  std::optional<Responder> held_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpClientTest, GetsWithHeadersAndQuery) {
  const Result<HttpResponse> response = Get({.host = "localhost",
                                             .port = server_->port(),
                                             .target = "/metrics?a=b",
                                             .headers = {{"Accept", "text/plain"}}});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "a=b text/plain\n");
}

TEST_F(HttpClientTest, DoesNotFollowRedirects) {
  EXPECT_EQ(Get({.host = "127.0.0.1", .port = server_->port(), .target = "/moved"})->status, 302);
}

TEST_F(HttpClientTest, ReportsWhyThereIsNoAnswer) {
  const uint16_t port = server_->port();
  EXPECT_EQ(Get({.host = "127.0.0.1",
                 .port = port,
                 .target = "/never",
                 .timeout = std::chrono::milliseconds(50)})
                .status()
                .code(),
            StatusCode::kTimeout);
  EXPECT_EQ(Get({.host = "127.0.0.1", .port = port, .target = "/metrics?long", .body_bytes_max = 3})
                .status()
                .code(),
            StatusCode::kTooLarge);
  held_.reset();
  server_.reset();
  EXPECT_EQ(Get({.host = "127.0.0.1", .port = port}).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace luma::net
