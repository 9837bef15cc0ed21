#include "server/lifecycle_api.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "net/http_server.h"
#include "net/testing/http_test_client.h"

namespace luma::server {
namespace {

class LifecycleApiTest : public testing::Test {
 protected:
  void Start(LifecycleApi& api) {
    net::Router router;
    api.AddRoutes(router);
    router.Add("GET", "/hello", {}, [](const net::HttpRequest&, const net::Responder& responder) {
      responder.Send(net::TextResponse(200, "hello"));
    });
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  int StatusOf(std::string_view method, std::string_view target) {
    return net::TestHttpClient(server_->port()).Request(method, target).status;
  }

  net::EventLoop loop_{1};
  net::WorkerPool workers_{1, 8};
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(LifecycleApiTest, ReloadsThatWaitHoldUpNoOtherRequest) {
  std::promise<void> started;
  std::promise<void> may_end;
  LifecycleApi api(true);
  api.SetReload([&] {
    started.set_value();
    may_end.get_future().wait();
    return Status::Ok();
  });
  Start(api);
  int reloaded = 0;
  std::thread reload([&] { reloaded = StatusOf("POST", "/-/reload"); });
  started.get_future().wait();
  EXPECT_EQ(StatusOf("GET", "/hello"), 200);
  may_end.set_value();
  reload.join();
  EXPECT_EQ(reloaded, 200);
  server_.reset();
}

}  // namespace
}  // namespace luma::server
