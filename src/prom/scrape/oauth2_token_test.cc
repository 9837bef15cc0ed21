#include "prom/scrape/oauth2_token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "net/testing/scripted_server.h"
#include "prom/scrape/http_request.h"

namespace luma::prom {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(OAuth2TokenTest, AnswersAreReadAsServersWriteThem) {
  const net::AccessToken token =
      ReadTokenAnswer(200, R"({"access_token": "a.b", "token_type": "bearer", "expires_in": 60})")
          .value();
  EXPECT_EQ(token.authorization, "Bearer a.b");
  EXPECT_EQ(token.valid_for, seconds(60));
  EXPECT_EQ(ReadTokenAnswer(201, R"({"access_token": "x", "token_type": "MAC"})")->authorization,
            "MAC x");
  EXPECT_EQ(ReadTokenAnswer(200, R"({"access_token": "x", "expires_in": "3.5"})")->valid_for,
            seconds(3));
  EXPECT_EQ(ReadTokenAnswer(200, R"({"access_token": "x"})")->valid_for, std::nullopt);
}

TEST(OAuth2TokenTest, WhatIsNoTokenIsAnError) {
  EXPECT_EQ(ReadTokenAnswer(401, R"({"access_token": "x"})").status().code(),
            StatusCode::kUnavailable);
  for (const char* body :
       {"", "{", "[]", "x", R"({"token_type": "bearer"})", R"({"access_token": ["x"]})",
        R"({"access_token": "a\r\nHost: b"})", R"({"access_token": "a", "token_type": "b\nc"})"}) {
    EXPECT_EQ(ReadTokenAnswer(200, body).status().code(), StatusCode::kInvalidArgument) << body;
  }
}

OAuth2Config Config(const std::string& url) {
  OAuth2Config config;
  config.client_id = "me & you";
  config.token_url = url;
  config.scopes = {"read", "write"};
  config.endpoint_params = {{"audience", "x=y"}};
  return config;
}

TEST(OAuth2TokenTest, SecretsAreToldByHeaderAndThenByForm) {
  net::ScriptedServer giver([](const std::string& request) {
    const bool has_form = request.find("client_secret=") != std::string::npos;
    if (!has_form) return net::TestResponse("401 Unauthorized", "");
    return net::TestResponse("200 OK", R"({"access_token": "t"})");
  });
  net::ScriptedServer target([](const std::string&) { return net::TestResponse("200 OK", ""); });
  HttpClientConfig http;
  http.oauth2 = Config(giver.Url() + "/token");
  http.oauth2->client_secret.text = "p/w";
  net::FetchRequest request{.url = target.Url()};
  ApplyClientConfig(http, request);
  net::Fetcher fetcher;
  EXPECT_TRUE(fetcher.FetchAndWait(request).ok());
  EXPECT_THAT(target.requests(), ElementsAre(HasSubstr("Authorization: Bearer t\r\n")));
  const std::string form = "grant_type=client_credentials&scope=read%20write&audience=x%3Dy";
  const std::vector<std::string> asked = giver.requests();
  ASSERT_EQ(asked.size(), 2u);
  // "me%20%26%20you:p%2Fw"
  EXPECT_THAT(asked[0], HasSubstr("Authorization: Basic bWUlMjAlMjYlMjB5b3U6cCUyRnc=\r\n"));
  EXPECT_THAT(asked[0], testing::EndsWith("\r\n\r\n" + form));
  EXPECT_THAT(asked[1], Not(HasSubstr("Authorization:")));
  EXPECT_THAT(asked[1], testing::EndsWith(form + "&client_id=me%20%26%20you&client_secret=p%2Fw"));
}

TEST(OAuth2TokenTest, ASecretInAFileThatChangesGetsAnotherToken) {
  const std::string path = testing::TempDir() + "oauth2_secret";
  HttpClientConfig http;
  http.oauth2 = Config("http://h/token");
  http.oauth2->client_secret.file = path;
  EXPECT_TRUE(HasSecretFiles(http));
  std::vector<std::string> keys;
  for (const char* secret : {"one\n", "two\n", "one"}) {
    std::ofstream(path) << secret;
    net::FetchRequest request;
    ApplyClientConfig(http, request);
    EXPECT_EQ(request.token, nullptr);
    ASSERT_TRUE(AddSecretsFromFiles(http, request).ok());
    keys.push_back(request.token->key);
  }
  EXPECT_NE(keys[0], keys[1]);
  EXPECT_EQ(keys[0], keys[2]);
}

TEST(OAuth2TokenTest, ProxiesAreThoseOfTheClientAndOfItsTokens) {
  HttpClientConfig http;
  http.proxy.url = "http://one:1";
  http.oauth2 = Config("http://h/token");
  http.oauth2->proxy.url = "http://two:2";
  net::FetchRequest request;
  ApplyClientConfig(http, request);
  EXPECT_EQ(request.proxy->url, "http://one:1");
  EXPECT_EQ(request.token->requests.at(0).proxy->url, "http://two:2");
}

}  // namespace
}  // namespace luma::prom
