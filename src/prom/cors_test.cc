#include "prom/cors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/http_server.h"
#include "net/testing/http_test_client.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;
using testing::Not;

class CorsTest : public testing::Test {
 protected:
  void Start(const std::string& origins) {
    const Cors cors = Cors::Create(origins).value();
    net::Router router([cors](std::string_view, net::HttpHandler handler) {
      return cors.Wrap(std::move(handler));
    });
    router.Add("GET", "/api/v1/query", {},
               [](const net::HttpRequest&, const net::Responder& responder) {
                 responder.Send(net::TextResponse(200, "answer"));
               });
    Cors::AddRoutes(router);
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~CorsTest() override { server_.reset(); }

  net::TestHttpResponse Send(std::string_view verb, std::string_view target,
                             const std::string& origin) {
    const std::string header = origin.empty() ? "" : "Origin: " + origin + "\r\n";
    return net::TestHttpClient(server_->port()).Request(verb, target, "", header);
  }

  net::EventLoop loop_{1};
  net::WorkerPool workers_{1, 100};
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(CorsTest, EveryOriginMayByDefault) {
  Start(".*");
  const net::TestHttpResponse answer = Send("GET", "/api/v1/query", "http://page");
  EXPECT_EQ(answer.status, 200);
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Origin: *\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Access-Control-Expose-Headers: Date\r\n"));
  EXPECT_THAT(answer.head, HasSubstr("Vary: Origin\r\n"));
}

TEST_F(CorsTest, WithoutAnOriginNothingIsAllowed) {
  Start(".*");
  const net::TestHttpResponse answer = Send("GET", "/api/v1/query", "");
  EXPECT_THAT(answer.head, HasSubstr("Vary: Origin\r\n"));
  EXPECT_THAT(answer.head, Not(HasSubstr("Access-Control")));
}

TEST_F(CorsTest, OtherOriginsMustMatchWholly) {
  Start("https://(a|b)\\.example");
  EXPECT_THAT(Send("GET", "/api/v1/query", "https://b.example").head,
              HasSubstr("Access-Control-Allow-Origin: https://b.example\r\n"));
  EXPECT_THAT(Send("GET", "/api/v1/query", "https://b.example.evil").head,
              Not(HasSubstr("Access-Control-Allow-Origin")));
}

TEST_F(CorsTest, PreflightsAreAnsweredOnEveryPathOfTheApi) {
  Start(".*");
  for (const char* target : {"/api/v1/query", "/api/v1/label/a/values", "/api/v1/nothing"}) {
    const net::TestHttpResponse answer = Send("OPTIONS", target, "http://page");
    EXPECT_EQ(answer.status, 204) << target;
    EXPECT_THAT(answer.head, HasSubstr("Access-Control-Allow-Origin: *\r\n"));
  }
  EXPECT_EQ(Send("OPTIONS", "/else", "http://page").status, 404);
  EXPECT_EQ(Send("GET", "/api/v1/nothing", "").status, 404);
  EXPECT_EQ(Send("POST", "/api/v1/query", "").status, 405);
}

TEST_F(CorsTest, AnExpressionThatDoesNotCompileIsRefused) {
  EXPECT_EQ(Cors::Create("(").status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace luma::prom
