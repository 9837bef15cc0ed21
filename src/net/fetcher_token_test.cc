#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "net/fetcher.h"
#include "net/testing/scripted_server.h"
#include "net/token.h"

namespace luma::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::StartsWith;

class FetcherTokenTest : public testing::Test {
 protected:
  // Tokens are "t1", "t2", ... for `valid_for`; `paths` are tried one after another.
  std::shared_ptr<TokenOptions> Tokens(std::vector<std::string> paths,
                                       std::optional<std::chrono::seconds> valid_for) const {
    auto options = std::make_shared<TokenOptions>();
    options->key = "key";
    for (const std::string& path : paths) {
      options->requests.push_back({.url = giver_.Url() + path, .body = "grant"});
    }
    options->read = [valid_for](const FetchResponse& response) -> Result<AccessToken> {
      if (response.status != 200) return Status::Unavailable("status ", response.status);
      return AccessToken{.authorization = "Bearer " + response.body, .valid_for = valid_for};
    };
    return options;
  }
  Result<FetchResponse> Fetch(std::shared_ptr<const TokenOptions> token) {
    return fetcher_.FetchAndWait({.url = target_.Url(), .token = std::move(token)});
  }

  std::atomic<int> given_{0};
  ScriptedServer giver_{[this](const std::string& request) {
    if (request.starts_with("POST /no ")) return TestResponse("401 Unauthorized", "");
    if (request.starts_with("POST /away ")) {
      return TestResponse("307 Moved", "", "Location: http://169.254.169.254/\r\n");
    }
    return TestResponse("200 OK", "t" + std::to_string(++given_));
  }};
  ScriptedServer target_{[](const std::string&) { return TestResponse("200 OK", "page"); }};
  Fetcher fetcher_;
};

TEST_F(FetcherTokenTest, ATokenServesUntilItEnds) {
  const auto tokens = Tokens({"/token"}, std::chrono::hours(1));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Fetch(tokens)->body, "page");
  EXPECT_THAT(target_.requests(), ElementsAre(HasSubstr("Authorization: Bearer t1\r\n"),
                                              HasSubstr("Authorization: Bearer t1\r\n")));
  EXPECT_THAT(giver_.requests(), SizeIs(1));
}

TEST_F(FetcherTokenTest, OneThatIsAboutToEndIsAskedForAnew) {
  const auto tokens = Tokens({"/token"}, std::chrono::seconds(5));
  for (int i = 0; i < 2; ++i) EXPECT_EQ(Fetch(tokens)->body, "page");
  EXPECT_THAT(target_.requests(), ElementsAre(HasSubstr("Bearer t1"), HasSubstr("Bearer t2")));
}

TEST_F(FetcherTokenTest, OneWithoutAnEndServesForEver) {
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Fetch(Tokens({"/token"}, std::nullopt)).ok());
  EXPECT_EQ(given_, 1);
}

TEST_F(FetcherTokenTest, AnotherKeyHasATokenOfItsOwn) {
  auto other = Tokens({"/token"}, std::nullopt);
  other->key = "other";
  EXPECT_TRUE(Fetch(Tokens({"/token"}, std::nullopt)).ok());
  EXPECT_TRUE(Fetch(other).ok());
  EXPECT_EQ(given_, 2);
}

TEST_F(FetcherTokenTest, WhatIsRefusedOneWayIsTriedTheOtherWayAndStaysThere) {
  const auto tokens = Tokens({"/no", "/token"}, std::chrono::seconds(5));
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(Fetch(tokens).ok());
  EXPECT_THAT(giver_.requests(), ElementsAre(StartsWith("POST /no "), StartsWith("POST /token "),
                                             StartsWith("POST /token ")));
}

TEST_F(FetcherTokenTest, WithoutATokenNothingIsAsked) {
  const Status refused = Fetch(Tokens({"/no", "/no"}, std::nullopt)).status();
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("no access token: status 401"));
  EXPECT_THAT(giver_.requests(), SizeIs(2)) << "both ways, and no more";
  EXPECT_THAT(target_.requests(), IsEmpty());
  EXPECT_TRUE(Fetch(Tokens({"/token"}, std::nullopt)).ok()) << "a failure is not kept";
}

TEST_F(FetcherTokenTest, TokensAreNotAskedOfLinkLocalAddressesNorByRedirects) {
  auto tokens = Tokens({"/token"}, std::nullopt);
  tokens->requests[0].url = "http://169.254.169.254/token";
  EXPECT_EQ(Fetch(tokens).status().code(), StatusCode::kPermissionDenied);
  auto redirected = Tokens({"/away"}, std::nullopt);
  EXPECT_EQ(Fetch(redirected).status().code(), StatusCode::kUnavailable) << "not followed";
  redirected->requests[0].follows_redirects = true;
  EXPECT_EQ(Fetch(redirected).status().code(), StatusCode::kPermissionDenied);
}

TEST_F(FetcherTokenTest, ARedirectToAnotherServerDoesNotGetTheToken) {
  ScriptedServer first([this](const std::string&) {
    return TestResponse("302 Found", "", "Location: " + target_.Url() + "/\r\n");
  });
  const auto page = fetcher_.FetchAndWait(
      {.url = first.Url(), .token = Tokens({"/token"}, std::nullopt), .follows_redirects = true});
  EXPECT_EQ(page->body, "page");
  EXPECT_THAT(first.requests(), ElementsAre(HasSubstr("Authorization: Bearer t1")));
  EXPECT_THAT(target_.requests(), ElementsAre(Not(HasSubstr("Authorization"))));
}

TEST_F(FetcherTokenTest, ManyThatWaitShareOneRequest) {
  const auto tokens = Tokens({"/token"}, std::nullopt);
  constexpr int kRequests = 8;
  std::atomic<int> left{kRequests};
  std::promise<void> all;
  for (int i = 0; i < kRequests; ++i) {
    fetcher_.Fetch({.url = target_.Url(), .token = tokens},
                   [&left, &all](const Result<FetchResponse>& response) {
                     EXPECT_TRUE(response.ok()) << response.status();
                     if (--left == 0) all.set_value();
                   });
  }
  all.get_future().wait();
  EXPECT_EQ(given_, 1);
}

TEST_F(FetcherTokenTest, WhoWaitsForATokenEndsWithTheFetcher) {
  std::promise<void> release;
  ScriptedServer silent([&release](const std::string&) {
    release.get_future().wait();
    return "";
  });
  auto tokens = Tokens({"/token"}, std::nullopt);
  tokens->requests[0].url = silent.Url();
  std::promise<StatusCode> ended;
  {
    Fetcher fetcher;
    fetcher.Fetch({.url = target_.Url(), .token = tokens},
                  [&ended](const Result<FetchResponse>& response) {
                    ended.set_value(response.status().code());
                  });
  }
  EXPECT_EQ(ended.get_future().get(), StatusCode::kCancelled);
  release.set_value();
}

}  // namespace
}  // namespace luma::net
