#include "net/fetcher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

#include "base/mutex.h"
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
    router.Add("POST", "/echo", {}, [](HttpRequest request, Responder r) {
      r.Send(TextResponse(200, std::string(request.Header("Content-Type")) + request.body));
    });
    router.Add("GET", "/never", {}, [this](HttpRequest, Responder r) {
      MutexLock lock(mutex_);
      if (!ending_) held_ = r;
    });
    server_ = HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~FetcherTest() override {
    {
      MutexLock lock(mutex_);
      ending_ = true;  // a request that comes now is not held, or the server would wait for it
      held_.reset();
    }
    server_.reset();
  }

  FetchRequest Request(std::string path) {
    return {.url = "http://127.0.0.1:" + std::to_string(server_->port()) + path};
  }

  std::atomic<int> served_{0};
  Mutex mutex_;
  bool ending_ LUMA_GUARDED_BY(mutex_) = false;
  std::optional<Responder> held_ LUMA_GUARDED_BY(mutex_);
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

// Counts what is booked, and refuses what goes beyond its limit.
class TestAccount final : public MemoryAccount {
 public:
  explicit TestAccount(uint64_t limit) : limit_(limit) {}
  std::shared_ptr<const void> Take(uint64_t bytes) override {
    if (booked_ + bytes > limit_) return nullptr;
    return TakeAlways(bytes);
  }
  std::shared_ptr<const void> TakeAlways(uint64_t bytes) override {
    booked_ += bytes;
    return std::shared_ptr<const void>(this, [this, bytes](const void*) { booked_ -= bytes; });
  }
  uint64_t booked() const { return booked_; }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> booked_{0};
};

TEST_F(FetcherTest, BodiesAreBookedAsTheyGrowAndRefusedWithoutMemory) {
  TestAccount account(100'000);
  Fetcher fetcher({.memory = &account});
  {
    const Result<FetchResponse> response = fetcher.FetchAndWait(Request("/page"));
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_GE(account.booked(), response->body.capacity());
  }
  TestAccount small(20'000);
  Fetcher poor({.memory = &small});
  EXPECT_EQ(poor.FetchAndWait(Request("/page")).status().code(), StatusCode::kOutOfMemory);
  fetcher.Stop();
  poor.Stop();
  EXPECT_EQ(account.booked() + small.booked(), 0u);
}

TEST_F(FetcherTest, ErrorsDoNotShowThePasswordOfTheUrl) {
  const Status refused = fetcher_.FetchAndWait({.url = "http://u:geheim@127.0.0.1:1/"}).status();
  EXPECT_THAT(std::string(refused.message()), HasSubstr("u:xxxxx@127.0.0.1"));
  EXPECT_THAT(std::string(refused.message()), testing::Not(HasSubstr("geheim")));
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

TEST_F(FetcherTest, ABodyIsPosted) {
  FetchRequest request = Request("/echo");
  request.headers = {"Content-Type: text/x"};
  request.body = std::string(100'000, 'b');
  const Result<FetchResponse> response = fetcher_.FetchAndWait(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->body, "text/x" + request.body + "\n");
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

}  // namespace
}  // namespace luma::net
