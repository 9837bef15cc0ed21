#include "prom/query_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <thread>

#include "net/url.h"
#include "prom/testing/api_fixture.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;

class QueryApiTest : public ApiFixture {
 protected:
  QueryApiTest() {
    metrics_.Add({{"__name__", "up"}, {"job", "a"}}, {{kTestNow - 60'000, 0}, {kTestNow - 500, 1}});
    metrics_.Add({{"__name__", "up"}, {"job", "b\"\n"}}, {{kTestNow - 500, HUGE_VAL}});
    metrics_.Add({{"__name__", "gone"}}, {{kTestNow - 3'600'000, 0.1}});
  }
  std::string Query(std::string_view query, std::string_view more = "") {
    return Get("/api/v1/query?query=" + net::PercentEncode(query) + std::string(more)).body;
  }
};

TEST_F(QueryApiTest, InstantVectorsAtTheTimeAskedFor) {
  const net::TestHttpResponse response = Get("/api/v1/query?query=up&time=1700000000.25");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Header("Content-Type"), "application/json");
  EXPECT_EQ(response.body,
            R"({"status":"success","data":{"resultType":"vector","result":[)"
            R"({"metric":{"__name__":"up","job":"a"},"value":[1700000000.250,"1"]},)"
            R"({"metric":{"__name__":"up","job":"b\"\n"},"value":[1700000000.250,"+Inf"]}]}})");
  EXPECT_EQ(Query("gone"), R"({"status":"success","data":{"resultType":"vector","result":[]}})");
}

TEST_F(QueryApiTest, RangeSelectorsScalarsAndStrings) {
  EXPECT_EQ(
      Query("up{job=\"a\"}[1m1s]"),
      R"({"status":"success","data":{"resultType":"matrix","result":[)"
      R"({"metric":{"__name__":"up","job":"a"},"values":[[1699999940,"0"],[1699999999.500,"1"]]}]}})");
  EXPECT_EQ(Query("1+1"),
            R"({"status":"success","data":{"resultType":"scalar","result":[1700000000,"2"]}})");
  EXPECT_EQ(Query("\"x\""),
            R"({"status":"success","data":{"resultType":"string","result":[1700000000,"x"]}})");
}

TEST_F(QueryApiTest, FormsWorkAsQueryStringsDo) {
  const net::TestHttpResponse response = PostForm("/api/v1/query", "query=1%2B1&time=5");
  EXPECT_EQ(response.body,
            R"({"status":"success","data":{"resultType":"scalar","result":[5,"2"]}})");
}

TEST_F(QueryApiTest, RangeQueries) {
  EXPECT_EQ(
      Get("/api/v1/query_range?query=up%7Bjob%3D%22a%22%7D&start=1699999930&end=1700000000&step=30")
          .body,
      R"({"status":"success","data":{"resultType":"matrix","result":[)"
      R"({"metric":{"__name__":"up","job":"a"},"values":[[1699999960,"0"],[1699999990,"0"]]}]}})");
  EXPECT_EQ(
      Get("/api/v1/query_range?query=1&start=0&end=1&step=1").body,
      R"({"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[0,"1"],[1,"1"]]}]}})");
}

TEST_F(QueryApiTest, BadParametersAre400BadData) {
  const struct {
    std::string_view target, error;
  } cases[] = {
      {"/api/v1/query?query=up%7B",
       "invalid parameter \\\"query\\\": 1:4: parse error: unexpected end"},
      {"/api/v1/query", "no expression found in input"},
      {"/api/v1/query?query=up&time=x",
       "invalid parameter \\\"time\\\": cannot parse \\\"x\\\" to a valid timestamp"},
      {"/api/v1/query?query=up&timeout=x", "invalid parameter \\\"timeout\\\""},
      {"/api/v1/query?query=up&limit=-1", "invalid parameter \\\"limit\\\""},
      {"/api/v1/query?query=%zz", "invalid URL escape"},
      {"/api/v1/query_range?query=1&start=10&end=0&step=1",
       "end timestamp must not be before start time"},
      {"/api/v1/query_range?query=1&start=0&end=1&step=0", "zero or negative query resolution"},
      {"/api/v1/query_range?query=1&start=0&end=9999999999&step=0.001",
       "exceeded maximum resolution"},
      {"/api/v1/query_range?query=1&start=-Inf&end=Inf&step=NaN",
       "invalid parameter \\\"start\\\""},
      {"/api/v1/query_range?query=up%5B5m%5D&start=0&end=1&step=1", "invalid expression type"},
      {"/api/v1/series", "no match[] parameter provided"},
      {"/api/v1/series?match%5B%5D=up%5B5m%5D", "invalid parameter \\\"match[]\\\""},
      {"/api/v1/labels?start=5&end=4", "end timestamp must not be before start time"},
      {"/api/v1/query_exemplars?query=", "no expression found"},
  };
  for (const auto& test : cases) {
    const net::TestHttpResponse response = Get(test.target);
    EXPECT_EQ(response.status, 400) << test.target;
    EXPECT_THAT(response.body, HasSubstr(R"({"status":"error","errorType":"bad_data","error":")"));
    EXPECT_THAT(response.body, HasSubstr(test.error));
  }
}

TEST_F(QueryApiTest, ErrorsOfEvaluationAre422Execution) {
  const net::TestHttpResponse response =
      Get("/api/v1/query?query=label_replace(up,%22a%22,%22b%22,%22c%22,%22(%22)");
  EXPECT_EQ(response.status, 422);
  EXPECT_THAT(response.body, HasSubstr(R"({"status":"error","errorType":"execution","error":")"));
}

TEST_F(QueryApiTest, ExemplarsOfEverySelectorOfAQuery) {
  SeriesBatch batch;
  for (const std::string_view name : {"a_bucket", "b", "c"}) {
    batch.StartSeries(*Labels::Of({{"__name__", name}}));
    batch.AddSample({.timestamp = kTestNow, .value = 1});
    batch.AddExemplar(kTestNow + 5, 0.5, *Labels::Of({{"trace_id", "abc"}}));
  }
  metrics_.Write(batch, [](const Result<WriteSummary>& stored) { ASSERT_TRUE(stored.ok()); });
  const std::string exemplars =
      R"("exemplars":[{"labels":{"trace_id":"abc"},"value":"0.5","timestamp":1700000000.005}]})";
  EXPECT_EQ(
      Get("/api/v1/query_exemplars?query=histogram_quantile(0.9,rate(a_bucket%5B5m%5D))%2Bb").body,
      R"({"status":"success","data":[{"seriesLabels":{"__name__":"a_bucket"},)" + exemplars +
          R"(,{"seriesLabels":{"__name__":"b"},)" + exemplars + "]}");
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=b&start=0&end=1700000000").body,
            R"({"status":"success","data":[]})");
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=1").body, R"({"status":"success","data":[]})");
}

TEST_F(QueryApiTest, WarningsAndInfosComeWithTheAnswer) {
  EXPECT_THAT(
      Get("/api/v1/query?query=quantile(2,gone)").body,
      testing::HasSubstr(
          R"("warnings":["PromQL warning: quantile value should be between 0 and 1, got 2"])"));
  EXPECT_THAT(Get("/api/v1/query?query=rate(up[5m])").body,
              testing::HasSubstr(R"("infos":["PromQL info: metric might not be a counter)"));
}

TEST_F(QueryApiTest, SeriesAreTheUnionOfSelectors) {
  EXPECT_EQ(Get("/api/v1/series?match[]=up&match[]=gone&match[]=up%7Bjob=%22a%22%7D").body,
            R"({"status":"success","data":[{"__name__":"gone"},{"__name__":"up","job":"a"},)"
            R"({"__name__":"up","job":"b\"\n"}]})");
  EXPECT_EQ(
      Get("/api/v1/series?match[]=%7B__name__=~%22.%2B%22%7D&start=1699999000").body,
      R"({"status":"success","data":[{"__name__":"up","job":"a"},{"__name__":"up","job":"b\"\n"}]})");
}

TEST_F(QueryApiTest, LabelNamesAndValues) {
  EXPECT_EQ(Get("/api/v1/labels").body, R"({"status":"success","data":["__name__","job"]})");
  EXPECT_EQ(PostForm("/api/v1/labels", "match[]=gone").body,
            R"({"status":"success","data":["__name__"]})");
  EXPECT_EQ(Get("/api/v1/label/__name__/values").body,
            R"({"status":"success","data":["gone","up"]})");
  EXPECT_EQ(Get("/api/v1/label/U____name__/values").status, 200);
  EXPECT_EQ(Get("/api/v1/label/job/values?match[]=up").body,
            R"({"status":"success","data":["a","b\"\n"]})");
  EXPECT_EQ(Get("/api/v1/label/nothing/values").body, R"({"status":"success","data":[]})");
}

TEST_F(QueryApiTest, AnErrorThatQuotesBadBytesIsStillJson) {
  const std::string body = Get("/api/v1/query?query=up&time=%ff").body;
  EXPECT_THAT(body, HasSubstr("cannot parse \\\"\xef\xbf\xbd\\\" to a valid timestamp"));
}

TEST_F(QueryApiTest, AnAnswerThatDoesNotFitInMemoryIsToBeAskedForAgain) {
  budget_.SetLimit(100);
  const net::TestHttpResponse refused = Get("/api/v1/query?query=up");
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("Retry-After"), "1");
  EXPECT_THAT(refused.body, HasSubstr(R"("errorType":"unavailable")"));
  budget_.SetLimit(64 << 20);
  EXPECT_EQ(Get("/api/v1/query?query=up").status, 200);
  while (budget_.booked_bytes() > 0) std::this_thread::yield();  // until it has been sent
}

// Goal: no answer is longer than what was booked for it, whatever it lists.
TEST_F(QueryApiTest, TextsOfAnswersAreBookedBeforeTheyAreWritten) {
  const std::string value(1000, 'v');
  metrics_.Add({{"__name__", "long"}, {"job", value}}, {{kTestNow - 500, 1}});
  for (const std::string_view target : {"/api/v1/query?query=long", "/api/v1/series?match[]=long",
                                        "/api/v1/label/job/values?match[]=long"}) {
    budget_.SetLimit(1500);  // half of it for queries, enough for the samples
    EXPECT_EQ(Get(target).status, 503) << target;
    budget_.SetLimit(64 << 20);
    EXPECT_THAT(Get(target).body, HasSubstr(value)) << target;
  }
}

TEST_F(QueryApiTest, CancelledQueriesGiveUp) {
  api_.CancelAll();
  const net::TestHttpResponse response = Get("/api/v1/query?query=up");
  EXPECT_EQ(response.status, 499);
  EXPECT_THAT(response.body, HasSubstr(R"("errorType":"canceled")"));
}

TEST_F(QueryApiTest, LimitsTruncateWithAWarning) {
  EXPECT_EQ(
      Get("/api/v1/label/__name__/values?limit=1").body,
      R"({"status":"success","data":["gone"],"warnings":["results truncated due to limit"]})");
  EXPECT_THAT(Query("up", "&limit=1"), HasSubstr("results truncated due to limit"));
  EXPECT_THAT(Query("up", "&limit=2"), testing::Not(HasSubstr("truncated")));
}

TEST_F(QueryApiTest, WhatGrafanaAsksFor) {
  EXPECT_THAT(Get("/api/v1/status/buildinfo").body, HasSubstr(R"("version":"0.1.0")"));
  EXPECT_EQ(Get("/api/v1/format_query?query=sum(up)by(job)").body,
            R"json({"status":"success","data":"sum by (job) (up)"})json");
  EXPECT_EQ(PostForm("/api/v1/parse_query", "query=1").body,
            R"({"status":"success","data":{"type":"numberLiteral","val":"1"}})");
  EXPECT_EQ(Get("/api/v1/parse_query?query=1%2B").status, 400);
  EXPECT_THAT(Get("/api/v1/query?query=1&stats=all").body,
              HasSubstr(R"(,"stats":{"timings":{"evalTotalTime":)"));
  EXPECT_EQ(Get("/api/v1/query_exemplars?query=up&start=0&end=1").body,
            R"({"status":"success","data":[]})");
}

}  // namespace
}  // namespace luma::prom
