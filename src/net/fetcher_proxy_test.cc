// Goal: requests go through the proxy they name, and no proxy is asked for what is refused itself.
// Method: a server that answers any request is the proxy; nothing is ever looked up.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/fetcher.h"
#include "net/testing/scripted_server.h"

namespace luma::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

class FetcherProxyTest : public testing::Test {
 protected:
  // What asks for `url` through the proxy.
  FetchRequest Request(std::string url, ProxyOptions options = {}) const {
    if (options.url.empty()) options.url = proxy_.Url();
    return {.url = std::move(url), .proxy = std::make_shared<const ProxyOptions>(options)};
  }
  StatusCode CodeOf(FetchRequest request) {
    return fetcher_.FetchAndWait(std::move(request)).status().code();
  }

  ScriptedServer proxy_{[](const std::string& request) {
    if (request.starts_with("CONNECT ")) return TestResponse("403 Forbidden", "");
    const std::string away = "Location: http://169.254.169.254/latest\r\n";
    if (request.find("/away ") != std::string::npos) return TestResponse("302 Found", "", away);
    if (request.find("/away_kept ") != std::string::npos) {
      return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n" + away + "\r\n";
    }
    return TestResponse("200 OK", "by the proxy");
  }};
  Fetcher fetcher_;
};

TEST_F(FetcherProxyTest, AProxyIsAskedForTheWholeUrl) {
  FetchRequest request = Request("http://nowhere.test:81/page?x=1");
  request.headers = {"Authorization: Bearer t"};
  EXPECT_EQ(fetcher_.FetchAndWait(std::move(request))->body, "by the proxy");
  ASSERT_EQ(proxy_.requests().size(), 1u);
  EXPECT_THAT(proxy_.requests()[0], StartsWith("GET http://nowhere.test:81/page?x=1 HTTP/1.1\r\n"));
  EXPECT_THAT(proxy_.requests()[0], HasSubstr("Authorization: Bearer t\r\n"));
}

TEST_F(FetcherProxyTest, ThePasswordOfAProxyIsForTheProxy) {
  const std::string url = "http://u:p@" + proxy_.Host();
  EXPECT_TRUE(fetcher_.FetchAndWait(Request("http://nowhere.test/", {.url = url})).ok());
  EXPECT_THAT(proxy_.requests(), ElementsAre(HasSubstr("Proxy-Authorization: Basic dTpw\r\n")));
}

TEST_F(FetcherProxyTest, ThePasswordOfAProxyIsInNoError) {
  for (const char* url : {"http://u:se/cret@proxy:3128", "http://u:secret@proxy:99999"}) {
    const Status status =
        fetcher_.FetchAndWait(Request("http://nowhere.test/", {.url = url})).status();
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.message(), Not(HasSubstr("cret"))) << url;
  }
}

TEST_F(FetcherProxyTest, ATunnelIsAskedForWithItsOwnHeadersOnly) {
  FetchRequest request = Request("https://nowhere.test/", {.connect_headers = {"X-Key: k"}});
  request.headers = {"Authorization: Bearer t"};
  EXPECT_EQ(CodeOf(std::move(request)), StatusCode::kUnavailable) << "it is not given";
  ASSERT_EQ(proxy_.requests().size(), 1u);
  EXPECT_THAT(proxy_.requests()[0], StartsWith("CONNECT nowhere.test:443 HTTP/1.1\r\n"));
  EXPECT_THAT(proxy_.requests()[0], HasSubstr("X-Key: k\r\n"));
  EXPECT_THAT(proxy_.requests()[0], Not(HasSubstr("Authorization")));
}

TEST_F(FetcherProxyTest, ExceptionsGoThereThemselves) {
  ScriptedServer target([](const std::string&) { return TestResponse("200 OK", "itself"); });
  EXPECT_EQ(fetcher_.FetchAndWait(Request(target.Url(), {.no_proxy = "example.org"}))->body,
            "itself");
  EXPECT_EQ(fetcher_.FetchAndWait(Request(target.Url()))->body, "by the proxy");
}

TEST_F(FetcherProxyTest, AProxyIsNotAskedForLinkLocalAddresses) {
  for (const char* url :
       {"http://169.254.169.254/", "https://169.254.169.254/", "http://0xa9fea9fe/",
        "http://2852039166/", "http://[fe80::1]/", "http://metadata.google.internal/"}) {
    EXPECT_EQ(CodeOf(Request(url)), StatusCode::kPermissionDenied) << url;
  }
  EXPECT_THAT(proxy_.requests(), IsEmpty());
  Fetcher lenient({.allow_link_local = true});
  EXPECT_TRUE(lenient.FetchAndWait(Request("http://169.254.169.254/")).ok());
}

TEST_F(FetcherProxyTest, AProxyIsNotAskedForThemByARedirectEither) {
  for (const char* path : {"/away", "/away_kept"}) {  // on a new connection, and on the same one
    FetchRequest request = Request(std::string("http://nowhere.test") + path);
    request.follows_redirects = true;
    EXPECT_EQ(CodeOf(std::move(request)), StatusCode::kPermissionDenied) << path;
  }
  EXPECT_THAT(proxy_.requests(), ElementsAre(HasSubstr("http://nowhere.test/away "),
                                             HasSubstr("http://nowhere.test/away_kept ")));
}

TEST_F(FetcherProxyTest, NoProxyIsAtALinkLocalAddress) {
  EXPECT_EQ(CodeOf(Request("http://nowhere.test/", {.url = "http://169.254.169.254:3128"})),
            StatusCode::kPermissionDenied);
}

}  // namespace
}  // namespace luma::net
