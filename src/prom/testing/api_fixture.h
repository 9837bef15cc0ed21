// A real HTTP server with the write and query handlers over metrics in memory.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "model/testing/memory_metrics.h"
#include "net/http_server.h"
#include "net/testing/http_test_client.h"
#include "prom/query_api.h"
#include "prom/remote_write.h"

namespace luma::prom {

constexpr UnixMillis kTestNow = 1'700'000'000'000;

class ApiFixture : public testing::Test {
 protected:
  ApiFixture() {
    net::Router router;
    write_.AddRoutes(router);
    api_.AddRoutes(router);
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
    client_ = std::make_unique<net::TestHttpClient>(server_->port());
  }
  ~ApiFixture() override { server_.reset(); }

  net::TestHttpResponse Get(std::string_view target) { return client_->Request("GET", target); }
  net::TestHttpResponse PostForm(std::string_view target, std::string_view form) {
    return client_->Request("POST", target, form,
                            "Content-Type: application/x-www-form-urlencoded\r\n");
  }
  net::TestHttpResponse Write(std::string_view body,
                              std::string_view headers =
                                  "Content-Type: application/x-protobuf\r\n"
                                  "Content-Encoding: snappy\r\n"
                                  "X-Prometheus-Remote-Write-Version: 0.1.0\r\n") {
    return client_->Request("POST", "/api/v1/write", body, headers);
  }
  net::TestHttpResponse WriteV2(std::string_view body) {
    return Write(body,
                 "Content-Type: application/x-protobuf;proto=io.prometheus.write.v2.Request\r\n"
                 "Content-Encoding: snappy\r\n"
                 "X-Prometheus-Remote-Write-Version: 2.0.0\r\n");
  }

  ManualClock clock_{kTestNow};
  MemoryMetrics metrics_{clock_};
  storage::MemoryBudget budget_{64 << 20};
  RemoteWriteHandler write_{metrics_, {.budget = &budget_}};
  QueryApi api_{metrics_, clock_, {.exemplars = &metrics_, .budget = &budget_}};
  net::EventLoop loop_{1};
  net::WorkerPool workers_{2, 100};
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::TestHttpClient> client_;
};

}  // namespace luma::prom
