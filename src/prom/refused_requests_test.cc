#include "prom/refused_requests.h"

#include <gtest/gtest.h>

namespace luma::prom {
namespace {

class RefusedRequestsTest : public testing::Test {
 protected:
  int Answer(uint64_t series_over_limit, std::string_view body, std::string_view path = "/write",
             std::string_view query = "") {
    net::HttpRequest request;
    request.path = path;
    request.query = query;
    request.body = body;
    WriteSummary stored;
    stored.samples_refused = 1;
    stored.series_over_limit = series_over_limit;
    return refused_.Answer(stored, "why", RefusedRequests::KeyOf(request), now_).status;
  }

  RefusedRequests refused_;
  std::chrono::steady_clock::time_point now_{std::chrono::hours(1)};
};

TEST_F(RefusedRequestsTest, WhatCanNeverBeStoredIs400) {
  EXPECT_EQ(Answer(0, "a"), 400);
  EXPECT_EQ(Answer(0, "a"), 400);
}

TEST_F(RefusedRequestsTest, WhatALimitKeepsOutIs429UntilItIsRepeated) {
  EXPECT_EQ(Answer(1, "a"), 429);
  EXPECT_EQ(Answer(1, "b"), 429) << "the next samples of the same series are another request";
  EXPECT_EQ(Answer(1, "a"), 429);
  EXPECT_EQ(Answer(1, "a"), 400);
  EXPECT_EQ(Answer(1, "a"), 400);
  EXPECT_EQ(Answer(1, "b"), 429);
}

// The same page of two instances is stored as different series.
TEST_F(RefusedRequestsTest, PathAndQueryTellRequestsApart) {
  for (uint32_t i = 0; i < RefusedRequests::kTries; ++i) {
    EXPECT_EQ(Answer(1, "a", "/job/x/instance/1", "q=1"), 429);
  }
  EXPECT_EQ(Answer(1, "a", "/job/x/instance/2", "q=1"), 429);
  EXPECT_EQ(Answer(1, "a", "/job/x/instance/1", "q=2"), 429);
  EXPECT_EQ(Answer(1, "a", "/job/x/instance/1", "q=1"), 400);
}

// A page without times that is pushed every few minutes is no repeated request.
TEST_F(RefusedRequestsTest, OnlyRepeatsInARowCount) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(Answer(1, "a"), 429);
    now_ += RefusedRequests::kWindow + std::chrono::seconds(1);
  }
}

}  // namespace
}  // namespace luma::prom
