#include "prom/admin_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "net/http_server.h"
#include "net/testing/http_test_client.h"

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class FakeAdmin final : public MetricsAdmin {
 public:
  Result<uint64_t> DeleteSamples(const std::vector<Matchers>& selectors, TimeRange range) override {
    std::string call = "delete";
    for (const Matchers& matchers : selectors) {
      for (const Matcher& matcher : matchers) call += " " + matcher.ToString();
    }
    calls.push_back(call + " " + std::to_string(range.min) + ".." + std::to_string(range.max));
    if (!status.ok()) return status;
    return uint64_t{7};
  }
  Status CleanTombstones() override {
    calls.emplace_back("clean");
    return status;
  }
  void ConfirmClock() override { calls.emplace_back("confirm"); }

  Status status;
  std::vector<std::string> calls;
};

class AdminApiTest : public testing::Test {
 protected:
  void Start(bool enabled) {
    api_ = std::make_unique<AdminApi>(
        admin_, AdminApiOptions{.enabled = enabled, .snapshot = [this]() -> Result<std::string> {
                                  if (!admin_.status.ok()) return admin_.status;
                                  return std::string("20240102T030405Z-01");
                                }});
    net::Router router;
    api_->AddRoutes(router);
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
    client_ = std::make_unique<net::TestHttpClient>(server_->port());
  }
  ~AdminApiTest() override { server_.reset(); }

  net::TestHttpResponse Send(std::string_view verb, std::string_view target,
                             std::string_view form = "") {
    return client_->Request(verb, target, form,
                            "Content-Type: application/x-www-form-urlencoded\r\n");
  }

  FakeAdmin admin_;
  std::unique_ptr<AdminApi> api_;
  net::EventLoop loop_{1};
  net::WorkerPool workers_{2, 100};
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<net::TestHttpClient> client_;
};

TEST_F(AdminApiTest, DeletesWhatSelectorsAndTimesSay) {
  Start(true);
  const std::string path = "/api/v1/admin/tsdb/delete_series";
  EXPECT_EQ(Send("POST", path + "?match[]=up&match[]=%7Bjob=%22a%22%7D&start=1&end=2.5").status,
            204);
  EXPECT_EQ(Send("PUT", path, "match[]=up").status, 204);
  EXPECT_THAT(admin_.calls,
              ElementsAre("delete __name__=\"up\" job=\"a\" 1000..2500",
                          "delete __name__=\"up\" " + std::to_string(TimeRange().min) + ".." +
                              std::to_string(TimeRange().max)));
}

TEST_F(AdminApiTest, ASnapshotHasAName) {
  Start(true);
  const std::string path = "/api/v1/admin/tsdb/snapshot";
  for (const char* verb : {"POST", "PUT"}) {
    EXPECT_EQ(Send(verb, path + "?skip_head=false").body,
              R"({"status":"success","data":{"name":"20240102T030405Z-01"}})");
  }
  EXPECT_EQ(Send("POST", path + "?skip_head=perhaps").status, 400);
  admin_.status = Status::DiskFull("no room");
  EXPECT_GE(Send("POST", path).status, 500);
}

TEST_F(AdminApiTest, BadParametersAre400) {
  Start(true);
  const std::string path = "/api/v1/admin/tsdb/delete_series";
  for (const char* query :
       {"", "?match[]=up%7B", "?match[]=up&start=x", "?match[]=up&start=2&end=1"}) {
    const net::TestHttpResponse response = Send("POST", path + query);
    EXPECT_EQ(response.status, 400) << query;
    EXPECT_THAT(response.body, testing::HasSubstr(R"("errorType":"bad_data")"));
  }
  EXPECT_THAT(admin_.calls, IsEmpty());
}

TEST_F(AdminApiTest, CleansTombstonesAndConfirmsTheClock) {
  Start(true);
  EXPECT_EQ(Send("POST", "/api/v1/admin/tsdb/clean_tombstones").status, 204);
  EXPECT_EQ(Send("POST", "/-/confirm-clock").status, 204);
  EXPECT_THAT(admin_.calls, ElementsAre("clean", "confirm"));
}

TEST_F(AdminApiTest, ErrorsOfStorageComeThrough) {
  Start(true);
  admin_.status = Status::Unavailable("rows are being moved");
  const net::TestHttpResponse response =
      Send("POST", "/api/v1/admin/tsdb/delete_series?match[]=up");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.Header("Retry-After"), "1");
}

TEST_F(AdminApiTest, IsOffUnlessItIsAskedFor) {
  Start(false);
  for (const char* path : {"/api/v1/admin/tsdb/delete_series?match[]=up",
                           "/api/v1/admin/tsdb/clean_tombstones", "/-/confirm-clock"}) {
    const net::TestHttpResponse response = Send("POST", path);
    EXPECT_EQ(response.status, 503);
    EXPECT_EQ(response.body,
              R"({"status":"error","errorType":"unavailable","error":"admin APIs disabled"})");
  }
  EXPECT_THAT(admin_.calls, IsEmpty());
}

}  // namespace
}  // namespace luma::prom
