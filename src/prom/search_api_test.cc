#include "prom/search_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/testing/memory_metrics.h"
#include "net/http_server.h"
#include "net/testing/http_test_client.h"
#include "prom/text_similarity.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr UnixMillis kNow = 1'700'000'000'000;

TEST(TextSimilarityTest, RunsCountAndGapsCost) {
  const auto score = [](std::string_view pattern, std::string_view text) {
    return SubsequenceScore(CodePoints(pattern), CodePoints(text));
  };
  EXPECT_EQ(score("up", "up"), 1);
  EXPECT_EQ(score("", "x"), 1);
  EXPECT_EQ(score("upp", "up"), 0);
  EXPECT_EQ(score("ba", "ab"), 0);
  // "bc" is one run of two behind a gap of one, with one character left.
  EXPECT_DOUBLE_EQ(score("bc", "abcd"), (4 - 1.0 / 4 - 1.0 / 8) / 4 * 0.999);
  // Two runs of one; the second "a" gives the better start.
  EXPECT_DOUBLE_EQ(score("ab", "aab"), (4 - 1.0 / 3) / 4 * 0.999);
  EXPECT_DOUBLE_EQ(score("äc", "bäxc"), (2 - 1.0 / 4 - 1.0 / 4) / 4 * 0.999);
}

TEST(TextSimilarityTest, SubstringsScoreByTheirPlace) {
  EXPECT_EQ(SubstringScore("ab", "abc"), 1);
  EXPECT_DOUBLE_EQ(SubstringScore("c", "abc"), 0.1);
  EXPECT_DOUBLE_EQ(SubstringScore("b", "abc"), 0.55);
  EXPECT_DOUBLE_EQ(SubstringScore("ü", "äüc"), 0.55) << "characters count, not bytes";
  EXPECT_EQ(SubstringScore("x", "abc"), 0);
  EXPECT_EQ(SubstringScore("abcd", "abc"), 0);
}

// Goal: terms that nearly are in long texts do not take minutes.
// Method: the product of the lengths is 10^12 here, their sum 2 * 10^6.
TEST(TextSimilarityTest, SubstringsOfLongPeriodicTextsAreFoundInLinearTime) {
  const std::string text(2'000'000, 'a');
  const std::string pattern(1'000'000, 'a');
  EXPECT_EQ(SubstringScore(pattern + "b", text), 0);
  EXPECT_DOUBLE_EQ(SubstringScore(pattern + "b", text + "b"), 0.1);
}

TEST(TextSimilarityTest, JaroWinklerOfKnownPairs) {
  EXPECT_NEAR(JaroWinklerScore(U"martha", U"marhta"), 0.961, 0.001);
  EXPECT_NEAR(JaroWinklerScore(U"dixon", U"dicksonx"), 0.813, 0.001);
  EXPECT_NEAR(JaroWinklerScore(U"dwayne", U"duane"), 0.84, 0.001);
  EXPECT_EQ(JaroWinklerScore(U"abc", U"xyz"), 0);
  EXPECT_EQ(JaroWinklerScore(U"", U"a"), 0);
  EXPECT_EQ(JaroWinklerScore(U"a", U"a"), 1);
}

class SearchApiTest : public testing::Test {
 protected:
  explicit SearchApiTest(std::chrono::milliseconds timeout = std::chrono::minutes(2))
      : api_{metrics_,
             clock_,
             [](const MetadataVisitor& visit) {
               visit({"up", "gauge", "Is it?", ""});
               visit({"up", "counter", "No.", ""});
               visit({"other", "gauge", std::string(100'000, 'x'), ""});
             },
             {.timeout = timeout, .budget = &budget_}} {
    for (const char* name : {"node_cpu_seconds_total", "node_load1", "up", "process_cpu"}) {
      metrics_.Add({{"__name__", name}, {"job", "node"}, {"instance", "a:1"}}, {{kNow - 1000, 1}});
    }
    metrics_.Add({{"__name__", "old"}, {"job", "Node"}}, {{kNow - 7'200'000, 1}});
    net::Router router;
    api_.AddRoutes(router);
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~SearchApiTest() override { server_.reset(); }

  net::TestHttpResponse Get(std::string_view target) {
    return net::TestHttpClient(server_->port())
        .Request("GET", "/api/v1/search/" + std::string(target));
  }

  ManualClock clock_{kNow};
  MemoryMetrics metrics_{clock_};
  storage::MemoryBudget budget_{200'000};  // queries may have half of it
  SearchApi api_;
  net::EventLoop loop_{1};
  net::WorkerPool workers_{2, 100};
  std::unique_ptr<net::HttpServer> server_;
};

constexpr std::string_view kEnd = "{\"status\":\"success\",\"has_more\":false}\n";

TEST_F(SearchApiTest, WithoutTermsEverythingComesInOrder) {
  const net::TestHttpResponse all = Get("metric_names");
  EXPECT_EQ(all.body, R"({"results":[{"name":"node_cpu_seconds_total"},{"name":"node_load1"},)"
                      R"({"name":"process_cpu"},{"name":"up"}]})"
                      "\n" +
                          std::string(kEnd));
  EXPECT_EQ(all.Header("Content-Type"), "application/x-ndjson; charset=utf-8");
  EXPECT_EQ(Get("metric_names?sort_by=alpha&sort_dir=dsc&limit=2&batch_size=1").body,
            "{\"results\":[{\"name\":\"up\"}]}\n{\"results\":[{\"name\":\"process_cpu\"}]}\n"
            "{\"status\":\"success\",\"has_more\":true}\n");
}

TEST_F(SearchApiTest, TermsChooseAndRank) {
  EXPECT_THAT(
      Get("metric_names?search[]=cpu").body,
      StartsWith(R"({"results":[{"name":"node_cpu_seconds_total"},{"name":"process_cpu"}]})"));
  EXPECT_THAT(
      Get("metric_names?search[]=cpu&fuzz_alg=jarowinkler&sort_by=score&include_score=true").body,
      StartsWith(R"({"results":[{"name":"node_cpu_seconds_total","score":0.76)"));
  EXPECT_THAT(Get("metric_names?search[]=UP&case_sensitive=false&search[]=").body,
              StartsWith(R"({"results":[{"name":"up"}]})"));
  EXPECT_EQ(Get("metric_names?search[]=nothing").body, "{\"results\":[]}\n" + std::string(kEnd));
  EXPECT_THAT(Get("metric_names?search[]=nod_load&fuzz_alg=jarowinkler&fuzz_threshold=90").body,
              StartsWith(R"({"results":[{"name":"node_load1"}]})"));
}

TEST_F(SearchApiTest, LabelsAndTheirValuesOfTheHourAndOfSelectors) {
  EXPECT_THAT(
      Get("label_names").body,
      StartsWith(R"({"results":[{"name":"__name__"},{"name":"instance"},{"name":"job"}]})"));
  EXPECT_THAT(Get("label_values?label=job").body, StartsWith(R"({"results":[{"value":"node"}]})"));
  EXPECT_THAT(Get("label_values?label=job&start=0&match[]=old&match[]=up").body,
              StartsWith(R"({"results":[{"value":"Node"},{"value":"node"}]})"));
}

TEST_F(SearchApiTest, MetricsComeWithWhatIsKnownOfThem) {
  EXPECT_THAT(
      Get("metric_names?search[]=up&include_metadata=true&include_score=true").body,
      StartsWith(R"({"results":[{"name":"up","score":1,"type":"gauge","help":"Is it?"}]})"));
}

TEST_F(SearchApiTest, LongTermsAreComparedToo) {
  const std::string value(5'000, 'v');
  metrics_.Add({{"__name__", "up"}, {"long", "x" + value + "y"}}, {{kNow - 1000, 1}});
  for (const char* algorithm : {"subsequence", "jarowinkler"}) {
    const std::string target =
        "label_values?label=long&fuzz_threshold=50&fuzz_alg=" + std::string(algorithm);
    EXPECT_THAT(Get(target + "&search[]=" + value).body, HasSubstr(value));
    EXPECT_THAT(Get(target + "&search[]=x" + value).body, HasSubstr(value));
    EXPECT_EQ(Get(target + "&search[]=" + value + "vv").body,
              "{\"results\":[]}\n" + std::string(kEnd));
  }
}

class HurriedSearchTest : public SearchApiTest {
 protected:
  HurriedSearchTest() : SearchApiTest(std::chrono::milliseconds(-1)) {}
};

// One text may take as long as thousands of others.
TEST_F(HurriedSearchTest, FewLongTextsDoNotOutlastTheTimeout) {
  metrics_.Add({{"__name__", "up"}, {"long", std::string(5'000, 'v')}}, {{kNow - 1000, 1}});
  EXPECT_EQ(Get("label_values?label=long&search[]=v").status, 503);
}

TEST_F(SearchApiTest, TheTextOfAnAnswerTakesMemory) {
  for (int i = 0; i < 4; ++i) {
    metrics_.Add({{"__name__", "up"}, {"long", std::string(20'000, static_cast<char>('a' + i))}},
                 {{kNow - 1000, 1}});
  }
  EXPECT_EQ(Get("label_values?label=long&limit=1").status, 200);
  EXPECT_EQ(Get("label_values?label=long").status, 503);
}

TEST_F(SearchApiTest, OnlyMetadataThatIsShownTakesMemory) {
  EXPECT_EQ(Get("metric_names?search[]=up&include_metadata=true").status, 200);
  metrics_.Add({{"__name__", "other"}}, {{kNow - 1000, 1}});
  EXPECT_EQ(Get("metric_names?search[]=other").status, 200);
  EXPECT_EQ(Get("metric_names?search[]=other&include_metadata=true").status, 503);
}

TEST_F(SearchApiTest, BadParametersAre400) {
  for (const char* target :
       {"label_values", "metric_names?limit=0", "metric_names?limit=10001",
        "metric_names?batch_size=x", "metric_names?fuzz_alg=soundex",
        "metric_names?fuzz_threshold=101", "metric_names?case_sensitive=perhaps",
        "metric_names?sort_by=score", "metric_names?sort_by=x", "metric_names?sort_dir=asc",
        "metric_names?sort_by=alpha&sort_dir=up", "metric_names?start=2&end=1",
        "metric_names?match[]=%7B"}) {
    EXPECT_EQ(Get(target).status, 400) << target;
  }
  std::string many = "metric_names?";
  for (int i = 0; i < 33; ++i) many += "search[]=a&";
  EXPECT_THAT(Get(many).body, HasSubstr("too many search[] terms: got 33, maximum is 32"));
}

}  // namespace
}  // namespace luma::prom
