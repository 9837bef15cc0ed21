#include "net/fetcher.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <atomic>

#include "net/compression.h"
#include "net/http_server.h"

namespace luma::net {
namespace {

using testing::HasSubstr;

class FetcherTest : public testing::Test {
 protected:
  FetcherTest() {
    Router router;
    router.Add("GET", "/page", {}, WithCompression([this](HttpRequest request, Responder r) {
                 ++served_;
                 r.Send(TextResponse(
                     200, std::string(20'000, 'x') + std::string(request.Header("Authorization"))));
               }));
    router.Add("GET", "/moved", {}, [](HttpRequest, Responder r) {
      HttpResponse response = TextResponse(302, "elsewhere");
      response.headers.push_back({"Location", "/page"});
      r.Send(std::move(response));
    });
    router.Add("GET", "/away", {}, [](HttpRequest, Responder r) {
      HttpResponse response = TextResponse(302, "elsewhere");
      response.headers.push_back({"Location", "http://169.254.169.254/latest/meta-data"});
      r.Send(std::move(response));
    });
    router.Add("GET", "/never", {}, [this](HttpRequest, Responder r) { held_ = r; });
    server_ = HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~FetcherTest() override {
    held_.reset();
    server_.reset();
  }

  FetchRequest Request(std::string path) {
    return {.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path};
  }

  std::atomic<int> served_{0};
  std::optional<Responder> held_;
  EventLoop loop_{1};
  WorkerPool workers_{1, 10};
  std::unique_ptr<HttpServer> server_;
  Fetcher fetcher_;
};

TEST_F(FetcherTest, FetchesAgainAndAgainAndDecompresses) {
  for (int i = 0; i < 3; ++i) {
    const Result<FetchResponse> response = fetcher_.FetchAndWait(Request("/page"));
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body.size(), 20'001u);
    EXPECT_THAT(response->content_type, HasSubstr("text/plain"));
  }
  EXPECT_EQ(served_, 3);
}

TEST_F(FetcherTest, ABodyOverTheLimitIsAnErrorAlsoWhenItCameCompressed) {
  for (const bool gzip : {false, true}) {
    FetchRequest request = Request("/page");
    request.accepts_gzip = gzip;
    request.body_bytes_max = 20'000;
    EXPECT_EQ(fetcher_.FetchAndWait(request).status().code(), StatusCode::kTooLarge);
    request.body_bytes_max = 20'001;
    EXPECT_TRUE(fetcher_.FetchAndWait(request).ok());
  }
}

TEST_F(FetcherTest, RedirectsAreFollowedOnlyWhenAskedTo) {
  FetchRequest request = Request("/moved");
  EXPECT_EQ(fetcher_.FetchAndWait(request)->status, 302);
  request.follows_redirects = true;
  EXPECT_EQ(fetcher_.FetchAndWait(request)->status, 200);
}

TEST_F(FetcherTest, LinkLocalAddressesAreRefusedAlsoBehindARedirect) {
  EXPECT_EQ(fetcher_.FetchAndWait({.url = "http://169.254.169.254/"}).status().code(),
            StatusCode::kPermissionDenied);
  EXPECT_EQ(fetcher_.FetchAndWait({.url = "http://[::ffff:169.254.0.1]/"}).status().code(),
            StatusCode::kPermissionDenied);
  FetchRequest request = Request("/away");
  request.follows_redirects = true;
  EXPECT_EQ(fetcher_.FetchAndWait(request).status().code(), StatusCode::kPermissionDenied);
}

TEST_F(FetcherTest, CredentialsAreSent) {
  FetchRequest request = Request("/page");
  request.username = "u";
  request.password = "p";
  EXPECT_THAT(fetcher_.FetchAndWait(request)->body, HasSubstr("Basic dTpw"));
}

TEST_F(FetcherTest, ErrorsSayWhatWentWrong) {
  FetchRequest slow = Request("/never");
  slow.timeout = std::chrono::milliseconds(50);
  EXPECT_EQ(fetcher_.FetchAndWait(slow).status().code(), StatusCode::kTimeout);
  EXPECT_EQ(fetcher_.FetchAndWait({.url = "http://127.0.0.1:1/"}).status().code(),
            StatusCode::kUnavailable);
  EXPECT_EQ(fetcher_.FetchAndWait({.url = "file:///etc/passwd"}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(FetcherTest, TransfersUnderWayEndWithTheFetcher) {
  std::atomic<int> cancelled{0};
  {
    Fetcher fetcher;
    for (int i = 0; i < 3; ++i) {
      fetcher.Fetch(Request("/never"), [&cancelled](const Result<FetchResponse>& response) {
        if (response.status().code() == StatusCode::kCancelled) ++cancelled;
      });
    }
  }
  EXPECT_EQ(cancelled, 3);
}

TEST(IsLinkLocalTest, KnowsTheAddresses) {
  const auto is_local = [](int family, const char* text) {
    sockaddr_storage storage{};
    storage.ss_family = static_cast<sa_family_t>(family);
    void* const to = family == AF_INET
                         ? static_cast<void*>(&reinterpret_cast<sockaddr_in&>(storage).sin_addr)
                         : static_cast<void*>(&reinterpret_cast<sockaddr_in6&>(storage).sin6_addr);
    EXPECT_EQ(inet_pton(family, text, to), 1);
    return IsLinkLocal(reinterpret_cast<const sockaddr&>(storage));
  };
  for (const char* text : {"169.254.169.254", "169.254.0.1", "100.100.100.200"}) {
    EXPECT_TRUE(is_local(AF_INET, text)) << text;
  }
  for (const char* text : {"127.0.0.1", "10.0.0.1", "169.253.0.1"}) {
    EXPECT_FALSE(is_local(AF_INET, text)) << text;
  }
  for (const char* text : {"fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254"}) {
    EXPECT_TRUE(is_local(AF_INET6, text)) << text;
  }
  for (const char* text : {"::1", "fd00::1", "2001:db8::1"}) {
    EXPECT_FALSE(is_local(AF_INET6, text)) << text;
  }
}

}  // namespace
}  // namespace luma::net
