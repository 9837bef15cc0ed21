#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <thread>

#include "net/http_client.h"
#include "net/testing/http_test_client.h"
#include "net/url.h"

namespace luma::net {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

class OnlyAda final : public PasswordCheck {
 public:
  bool Check(std::string_view username, std::string_view password) const override {
    return username == "ada" && password == "lace:y";
  }
};

class CountedAdmission final : public Admission {
 public:
  explicit CountedAdmission(int admitted_max) : left_(admitted_max) {}
  Decision Admit(std::string_view peer_address) override {
    EXPECT_EQ(peer_address, "127.0.0.1");
    return {.admitted = left_-- > 0, .retry_after = std::chrono::seconds(7)};
  }

 private:
  std::atomic<int> left_;
};

// A server with an echo route; tests change the options before Start.
class HttpServerTest : public testing::Test {
 protected:
  void Start() {
    router_.Add("POST", "/echo", {.body_bytes_max = 1 << 20}, [](HttpRequest request, Responder r) {
      HttpResponse response;
      response.body = std::move(request.body);
      r.Send(std::move(response));
    });
    router_.Add("GET", "/hello", {.anonymous = true}, [](HttpRequest request, Responder r) {
      r.Send(TextResponse(200, "hello " + request.query));
    });
    router_.Add("GET", "/all/{rest...}", {}, [](HttpRequest request, Responder r) {
      r.Send(TextResponse(200, std::string(request.PathParameter("rest"))));
    });
    router_.Add("GET", "/label/{name}/values", {}, [](HttpRequest request, Responder r) {
      r.Send(TextResponse(200, std::string(request.PathParameter("name"))));
    });
    router_.Add("GET", "/forget", {}, [](HttpRequest, Responder) {});
    router_.Add("GET", "/later", {}, [this](HttpRequest, Responder r) {
      later_.emplace_back([this, r] {
        release_.get_future().wait();
        r.Send(TextResponse(200, "later"));
      });
      started_.set_value();  // last: the test may end from here on
    });
    server_ = HttpServer::Start(loop_, workers_, std::move(router_), options_).value();
  }
  ~HttpServerTest() override {
    server_.reset();
    for (std::thread& thread : later_) thread.join();
  }
  uint16_t port() const { return server_->port(); }

  EventLoop loop_{2, 3};
  WorkerPool workers_{2, 100};
  Router router_;
  HttpServerOptions options_;
  std::promise<void> started_;
  std::promise<void> release_;
  std::vector<std::thread> later_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, ServesSeveralRequestsOnOneConnection) {
  Start();
  TestHttpClient client(port());
  EXPECT_EQ(client.Request("GET", "/hello?a=1").body, "hello a=1\n");
  EXPECT_EQ(client.Request("GET", "/label/__name__/values").body, "__name__\n");
  EXPECT_EQ(client.Request("GET", "/all/of/it").body, "of/it\n");
  EXPECT_EQ(client.Request("GET", "/all").status, 404) << "there is no rest";
  EXPECT_EQ(client.Request("POST", "/echo", "body").body, "body");
  EXPECT_EQ(client.Request("GET", "http://elsewhere/hello?x").body, "hello x\n");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  Start();
  TestHttpClient client(port());
  client.Send("GET /hello?1 HTTP/1.1\r\nHost: x\r\n\r\nGET /hello?2 HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_EQ(client.Read().body, "hello 1\n");
  EXPECT_EQ(client.Read().body, "hello 2\n");
}

TEST_F(HttpServerTest, ReadsLargeAndChunkedBodies) {
  Start();
  TestHttpClient client(port());
  const std::string large(1 << 20, 'x');
  EXPECT_EQ(client.Request("POST", "/echo", large).body, large);
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body, "abcdefg");
}

TEST_F(HttpServerTest, InvitesABodyThatWaitsToBeInvited) {
  Start();
  TestHttpClient client(port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  client.Send("abc");
  EXPECT_EQ(client.Read().body, "abc");
}

TEST_F(HttpServerTest, HeadHasTheLengthButNotTheBody) {
  Start();
  TestHttpClient client(port());
  client.Send("HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_EQ(client.Read().Header("Content-Length"), "7");
  EXPECT_TRUE(client.ReadsEnd());
}

TEST_F(HttpServerTest, NamesWhatIsWrongWithARequest) {
  options_.header_bytes_max = 4096;
  Start();
  const std::string long_name(5000, 'a');
  const struct {
    std::string request;
    int status;
  } cases[] = {
      {"GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n", 404},
      {"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", 405},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400},
      {"GET\r\n\r\n", 400},
      {"GET / HTTP/9.9\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400},
      {"GET /" + long_name + " HTTP/1.1\r\n\r\n", 431},
      {"GET / HTTP/1.1\r\nX: " + long_name + "\r\n\r\n", 431},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n", 413},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: "
       "chunked\r\n\r\n0\r\n\r\n",
       400},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx",
       413},
      {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\nx", 400},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.request.substr(0, 80));
    TestHttpClient client(port());
    client.Send(test.request);
    const TestHttpResponse response = client.Read();
    EXPECT_EQ(response.status, test.status);
    EXPECT_FALSE(response.body.empty());
  }
  TestHttpClient client(port());
  EXPECT_EQ(client.Request("POST", "/hello").Header("Allow"), "GET");
}

TEST_F(HttpServerTest, ChunkedBodiesHaveTheSameLimit) {
  Start();
  TestHttpClient client(port());
  client.Send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string piece(1 << 16, 'x');
  for (int i = 0; i < 17; ++i) client.Send("10000\r\n" + piece + "\r\n");
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(HttpServerTest, BodiesOverTheBudgetAreToldToComeBack) {
  options_.body_bytes_in_flight_max = 1000;
  Start();
  TestHttpClient client(port());
  const TestHttpResponse response = client.Request("POST", "/echo", std::string(2000, 'x'));
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.Header("Retry-After"), "1");
  TestHttpClient other(port());
  EXPECT_EQ(other.Request("POST", "/echo", std::string(400, 'x')).status, 200);
}

TEST_F(HttpServerTest, AsksForCredentialsUnlessTheRouteIsAnonymous) {
  const OnlyAda check;
  options_.password_check = &check;
  Start();
  TestHttpClient client(port());
  EXPECT_EQ(client.Request("GET", "/hello").status, 200);
  const TestHttpResponse refused = client.Request("GET", "/label/a/values");
  EXPECT_EQ(refused.status, 401);
  EXPECT_THAT(refused.Header("WWW-Authenticate"), HasSubstr("Basic"));
  const auto status = [&](std::string_view credentials) {
    return client
        .Request("GET", "/label/a/values", "",
                 "Authorization: " + std::string(credentials) + "\r\n")
        .status;
  };
  EXPECT_EQ(status("Basic YWRhOmxhY2U6eQ=="), 200);  // ada:lace:y
  EXPECT_EQ(status("Basic YWRhOndyb25n"), 401);      // ada:wrong
  EXPECT_EQ(status("Basic !!"), 401);
  EXPECT_EQ(status("Token ada:lace:y"), 200);
  EXPECT_EQ(status("Token ada:wrong"), 401);
  EXPECT_EQ(status("Token ada"), 401);
  EXPECT_EQ(status("Bearer x"), 401);
}

TEST_F(HttpServerTest, AppliesTheRateLimit) {
  CountedAdmission admission(1);
  options_.admission = &admission;
  Start();
  TestHttpClient client(port());
  EXPECT_EQ(client.Request("GET", "/hello").status, 200);
  const TestHttpResponse refused = client.Request("GET", "/hello");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.Header("Retry-After"), "7");
}

TEST_F(HttpServerTest, TheRateLimitCountsRequestsThatMakeNoSense) {
  CountedAdmission admission(2);
  options_.admission = &admission;
  Start();
  EXPECT_EQ(TestHttpClient(port()).Request("GET", "/nothing/here").status, 404);
  TestHttpClient garbled(port());
  garbled.Send("GARBLED\r\n\r\n");
  EXPECT_EQ(garbled.Read().status, 400);
  EXPECT_EQ(TestHttpClient(port()).Request("GET", "/nothing/here").status, 429);
}

TEST_F(HttpServerTest, TellsOfRequestsThatNoHandlerSees) {
  std::atomic<int> refused = 0;
  options_.on_refusal = [&refused](int status) { refused = status; };
  Start();
  EXPECT_EQ(TestHttpClient(port()).Request("GET", "/hello").status, 200);
  EXPECT_EQ(refused, 0);
  EXPECT_EQ(TestHttpClient(port()).Request("GET", "/nothing").status, 404);
  EXPECT_EQ(refused, 404);
  server_.reset();
}

TEST_F(HttpServerTest, AHandlerThatForgetsToAnswerIsA500) {
  Start();
  TestHttpClient client(port());
  EXPECT_EQ(client.Request("GET", "/forget").status, 500);
}

TEST_F(HttpServerTest, ARouteWithWorkersOfItsOwnWaitsForNoOther) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  WorkerPool slow_workers(1, 10);
  router_.Add("GET", "/slow", {.workers = &slow_workers}, [released](HttpRequest, Responder r) {
    released.wait();
    r.Send(TextResponse(200, "slow"));
  });
  Start();
  TestHttpClient slow[3] = {TestHttpClient(port()), TestHttpClient(port()), TestHttpClient(port())};
  for (TestHttpClient& client : slow) client.Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  TestHttpClient other(port());
  EXPECT_EQ(other.Request("GET", "/hello").status, 200);
  release.set_value();
  for (TestHttpClient& client : slow) EXPECT_EQ(client.Read().body, "slow\n");
  server_.reset();
}

// Goal: no number of slow handlers keeps the server from reading requests and answering quick ones.
// Method: more of them than threads of the sockets can take, each on a connection of its own.
TEST_F(HttpServerTest, SlowHandlersOnTheThreadsOfSocketsHoldUpNobody) {
  constexpr size_t kSlow = 8;
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  WorkerPool slow_workers(kSlow, kSlow);
  router_.Add("GET", "/slow", {.workers = &slow_workers}, [released](HttpRequest, Responder r) {
    released.wait();
    r.Send(TextResponse(200, "slow"));
  });
  Start();
  std::deque<TestHttpClient> slow;
  for (size_t i = 0; i < kSlow; ++i) {
    slow.emplace_back(port()).Send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
  }
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(TestHttpClient(port()).Request("GET", "/hello").status, 200);
  }
  release.set_value();
  for (TestHttpClient& client : slow) EXPECT_EQ(client.Read().body, "slow\n");
  server_.reset();
}

thread_local bool is_worker = false;

// Whether a request is answered by a worker, by a server whose sockets have so many threads.
bool AnsweredByWorker(int threads_of_sockets) {
  EventLoop loop(1, threads_of_sockets);
  WorkerPool workers(1, 10);
  EXPECT_TRUE(workers.TrySubmit([] { is_worker = true; }));
  while (!workers.TryRunHere([] {})) std::this_thread::yield();  // until its place is free
  Router router;
  router.Add("GET", "/who", {}, [](HttpRequest, Responder r) {
    r.Send(TextResponse(200, is_worker ? "worker" : "other"));
  });
  const auto server = HttpServer::Start(loop, workers, std::move(router), {}).value();
  return TestHttpClient(server->port()).Request("GET", "/who").body == "worker\n";
}

TEST(HttpThreadsTest, TheThreadOfASocketAnswersIfAnotherOneCanTakeItsPlace) {
  EXPECT_TRUE(AnsweredByWorker(1));
  EXPECT_FALSE(AnsweredByWorker(2));
}

TEST_F(HttpServerTest, SilentAndSlowPeersAreDropped) {
  options_.first_byte_timeout = milliseconds(50);
  options_.header_timeout = milliseconds(50);
  options_.body_timeout = milliseconds(50);
  options_.idle_timeout = milliseconds(50);
  Start();
  TestHttpClient silent(port());
  EXPECT_TRUE(silent.ReadsEnd());
  TestHttpClient half_header(port());
  half_header.Send("GET /hello HT");
  EXPECT_EQ(half_header.Read().status, 408);
  TestHttpClient half_body(port());
  half_body.Send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc");
  EXPECT_EQ(half_body.Read().status, 408);
  TestHttpClient idle(port());
  EXPECT_EQ(idle.Request("GET", "/hello").status, 200);
  EXPECT_TRUE(idle.ReadsEnd());
}

TEST_F(HttpServerTest, ANewcomerTakesThePlaceOfTheLongestIdle) {
  options_.connections_max = 2;
  Start();
  TestHttpClient first(port());
  EXPECT_EQ(first.Request("GET", "/hello").status, 200);
  TestHttpClient second(port());
  EXPECT_EQ(second.Request("GET", "/hello").status, 200);
  TestHttpClient third(port());
  EXPECT_EQ(third.Request("GET", "/hello").status, 200);
  EXPECT_TRUE(first.ReadsEnd());
  EXPECT_EQ(second.Request("GET", "/hello").status, 200);
}

TEST_F(HttpServerTest, DrainLetsRequestsAtWorkFinish) {
  Start();
  TestHttpClient busy(port());
  TestHttpClient idle(port());
  EXPECT_EQ(idle.Request("GET", "/hello").status, 200);
  busy.Send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  started_.get_future().wait();
  const uint16_t stopped_port = port();
  std::thread stopper([this] { server_->Stop(std::chrono::seconds(30)); });
  EXPECT_TRUE(idle.ReadsEnd());
  release_.set_value();
  EXPECT_EQ(busy.Read().body, "later\n");
  stopper.join();
  EXPECT_EQ(TestHttpClient(stopped_port).connected(), false);
}

TEST_F(HttpServerTest, HandlersThatOutlastTheDrainAreToldToHurry) {
  Start();
  TestHttpClient busy(port());
  busy.Send("GET /later HTTP/1.1\r\nHost: x\r\n\r\n");
  started_.get_future().wait();
  server_->Stop(milliseconds(1), [this] { release_.set_value(); });  // else it would not return
}

}  // namespace
}  // namespace luma::net
