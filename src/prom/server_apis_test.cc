// The parts of the HTTP API that tell about the server and its targets, and federation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/testing/memory_metrics.h"
#include "net/http_server.h"
#include "net/testing/http_test_client.h"
#include "prom/federation.h"
#include "prom/scrape/prometheus_config.h"
#include "prom/status_api.h"
#include "prom/targets_api.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr UnixMillis kNow = 1'700'000'000'000;

ScrapePoolState Pool(const std::string& job, std::string error) {
  const auto config =
      ParsePrometheusConfig("scrape_configs:\n- job_name: " + job +
                                "\n  scrape_interval: 15s\n"
                                "  metric_name_validation_scheme: utf8\n  relabel_configs:\n"
                                "  - {source_labels: [x], target_label: y}\n"
                                "  - {source_labels: [y], regex: 'no', action: drop}\n",
                            "");
  ScrapePoolState pool;
  pool.config = config->scrape_configs.at(0);
  const auto target = MakeTarget(
      *pool.config, DiscoveredLabels(*pool.config, "127.0.0.1:9100", {{"instance", "a:1"}}));
  TargetState state{.target = std::make_shared<const Target>(*target.value()), .last = {}};
  state.last.time = kNow - 500;
  state.last.duration = std::chrono::milliseconds(250);
  state.last.error = std::move(error);
  state.last.metadata = std::make_shared<const MetadataList>(
      MetadataList{{"up", "gauge", "Is it?", ""}, {"x", "counter", "", "s"}});
  pool.active.push_back(std::move(state));
  pool.dropped = {{{"__address__", "d:1"}}};
  pool.dropped_count = 3;
  return pool;
}

TEST(VisitMetadataTest, AListThatTargetsShareIsVisitedOnce) {
  const ScrapePoolState pool = Pool("a", "");
  const TargetsApiSources sources{
      .pools = [&pool] { return std::vector{pool, pool}; },
      .written_metadata = [](const MetadataVisitor& visit) { visit({"w", "info", "", ""}); }};
  std::string visited;
  VisitMetadata(sources, [&](const MetricMetadata& one) { visited += one.family + " "; });
  EXPECT_EQ(visited, "up x w ");
}

class ServerApisTest : public testing::Test {
 protected:
  ServerApisTest() {
    metrics_.Add({{"__name__", "up"}, {"job", "a\"\n"}}, {{kNow - 1000, 1}});
    metrics_.Add({{"__name__", "up"}, {"instance", "i"}, {"job", "b"}}, {{kNow - 1000, 0.5}});
    metrics_.Add({{"__name__", "über.all"}, {"ä", "x"}}, {{kNow - 1000, 2}});
    metrics_.Add({{"__name__", "over"}}, {{kNow - 2000, 1}, {kNow - 1000, kStaleNan}});
    net::Router router;
    federation_.AddRoutes(router);
    targets_.AddRoutes(router);
    status_.AddRoutes(router);
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~ServerApisTest() override { server_.reset(); }

  net::TestHttpResponse Get(std::string_view target, std::string_view headers = "") {
    return net::TestHttpClient(server_->port()).Request("GET", target, "", headers);
  }

  ManualClock clock_{kNow};
  MemoryMetrics metrics_{clock_};
  Federation federation_{metrics_, clock_, {}};
  TargetsApi targets_{{.pools = [] { return std::vector{Pool("a", ""), Pool("b", "down it is")}; },
                       .written_metadata =
                           [](const MetadataVisitor& visit) {
                             visit({"up", "gauge", "Else.", ""});
                             visit({"w", "info", "", ""});
                           }}};
  Notifications notifications_;
  StatusApi status_{
      metrics_,
      clock_,
      {.config_yaml = [] { return std::string("global: {}\n"); },
       .flags = [] { return std::map<std::string, std::string>{{"query.timeout", "2m"}}; },
       .runtime = [] { return RuntimeInfo{.start_time = kNow, .processors = 2}; },
       .features = [] { return FeatureSet{{"api", {{"admin", false}}}}; },
       .blocks =
           [] {
             return std::vector{BlockInfo{.ulid = "01ARZ3NDEKTSV4RRFFQ69G5FAV",
                                          .min_time = 1,
                                          .max_time = 8,
                                          .float_samples = 3,
                                          .chunks = 1}};
           },
       .self_metrics = [] { return std::string("# HELP a A.\n# TYPE a gauge\na 1\n"); },
       .notifications = &notifications_},
      {}};
  net::EventLoop loop_{1};
  net::WorkerPool workers_{2, 100};
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(ServerApisTest, TargetsWithTheirLastScrape) {
  const std::string all = Get("/api/v1/targets").body;
  EXPECT_THAT(
      all,
      HasSubstr(
          R"({"discoveredLabels":{"__address__":"127.0.0.1:9100","__metrics_path__":"/metrics",)"
          R"("__scheme__":"http","__scrape_interval__":"15s","__scrape_timeout__":"10s",)"
          R"("instance":"a:1","job":"b"},"labels":{"instance":"a:1","job":"b"},"scrapePool":"b",)"
          R"("scrapeUrl":"http://127.0.0.1:9100/metrics",)"
          R"("globalUrl":"http://127.0.0.1:9100/metrics","lastError":"down it is",)"
          R"("lastScrape":"2023-11-14T22:13:19.5Z","lastScrapeDuration":0.25,"health":"down",)"
          R"("scrapeInterval":"15s","scrapeTimeout":"10s"})"));
  EXPECT_LT(all.find(R"("scrapePool":"a")"), all.find(R"("scrapePool":"b")"));
  EXPECT_THAT(all, HasSubstr(R"("droppedTargets":[{"discoveredLabels":{"__address__":"d:1"},)"
                             R"("scrapePool":"a"},)"));
  EXPECT_THAT(all, HasSubstr(R"("droppedTargetCounts":{"a":3,"b":3})"));
  EXPECT_THAT(Get("/api/v1/targets?scrapePool=a").body, Not(HasSubstr(R"("health":"down")")));
  EXPECT_THAT(Get("/api/v1/targets?state=dropped").body, HasSubstr(R"("activeTargets":[])"));
  EXPECT_EQ(Get("/api/v1/scrape_pools").body,
            R"({"status":"success","data":{"scrapePools":["a","b"]}})");
}

TEST_F(ServerApisTest, TheConfigurationOfAPool) {
  const std::string body = Get("/api/v1/scrape_pools/config?scrapePool=a").body;
  EXPECT_THAT(body, HasSubstr(R"("data":{"yaml":"job_name: a\nscrape_interval: 15s\n)"));
  EXPECT_THAT(body, HasSubstr(R"(scrape_timeout: 10s\nmetrics_path: /metrics\nscheme: http\n")"));
  EXPECT_THAT(Get("/api/v1/scrape_pools/config?scrapePool=c").body,
              HasSubstr("scrape pool \\\"c\\\" not found"));
  EXPECT_EQ(Get("/api/v1/scrape_pools/config").status, 400);
}

TEST_F(ServerApisTest, RelabelStepsShowWhatEachRuleDoes) {
  const std::string path = "/api/v1/targets/relabel_steps?scrapePool=a&labels=";
  EXPECT_EQ(Get(path + "%7B%22x%22%3A%22no%22%7D").body,
            R"x({"status":"success","data":{"steps":[)x"
            R"x({"rule":{"sourceLabels":["x"],"separator":";","regex":"(.*)","targetLabel":"y",)x"
            R"x("replacement":"$1","action":"replace"},"output":{"x":"no","y":"no"},"keep":true},)x"
            R"x({"rule":{"sourceLabels":["y"],"separator":";","regex":"no","replacement":"$1",)x"
            R"x("action":"drop"},"output":{},"keep":false}]}})x");
  EXPECT_THAT(Get("/api/v1/targets/relabel_steps?scrapePool=c&labels=%7B%7D").body,
              HasSubstr("scrape pool \\\"c\\\" not found"));
  EXPECT_THAT(Get("/api/v1/targets/relabel_steps").body, HasSubstr("no scrapePool parameter"));
  EXPECT_THAT(Get(path + "1").body, HasSubstr("error parsing labels"));
}

TEST_F(ServerApisTest, MetadataOfTargetsAndSenders) {
  EXPECT_EQ(Get("/api/v1/metadata").body, R"({"status":"success","data":{)"
                                          R"("up":[{"type":"gauge","help":"Else.","unit":""},)"
                                          R"({"type":"gauge","help":"Is it?","unit":""}],)"
                                          R"("w":[{"type":"info","help":"","unit":""}],)"
                                          R"("x":[{"type":"counter","help":"","unit":"s"}]}})");
  EXPECT_EQ(Get("/api/v1/metadata?metric=up&limit_per_metric=1").body,
            R"({"status":"success","data":{"up":[{"type":"gauge","help":"Is it?","unit":""}]}})");
  EXPECT_EQ(Get("/api/v1/metadata?limit=0").body, R"({"status":"success","data":{}})");
  EXPECT_THAT(Get("/api/v1/metadata?limit=x").body, HasSubstr("limit must be a number"));
  EXPECT_EQ(Get("/api/v1/targets/metadata?match_target=%7Bjob%3D%22a%22%7D&metric=up").body,
            R"({"status":"success","data":[{"target":{"instance":"a:1","job":"a"},)"
            R"("type":"gauge","help":"Is it?","unit":""}]})");
  EXPECT_THAT(Get("/api/v1/targets/metadata?limit=1").body, HasSubstr(R"("metric":"x")"));
  EXPECT_EQ(Get("/api/v1/targets/metadata?match_target=%7B").status, 400);
}

TEST_F(ServerApisTest, Status) {
  EXPECT_EQ(Get("/api/v1/status/config").body,
            R"({"status":"success","data":{"yaml":"global: {}\n"}})");
  EXPECT_EQ(Get("/api/v1/status/flags").body,
            R"({"status":"success","data":{"query.timeout":"2m"}})");
  EXPECT_THAT(Get("/api/v1/status/runtimeinfo").body,
              HasSubstr(R"("startTime":"2023-11-14T22:13:20Z")"));
  EXPECT_EQ(Get("/api/v1/features").body, R"({"status":"success","data":{"api":{"admin":false}}})");
  EXPECT_THAT(Get("/api/v1/status/walreplay").body, HasSubstr(R"("current":0)"));
}

TEST_F(ServerApisTest, BlocksLikeMetaFiles) {
  EXPECT_EQ(Get("/api/v1/status/tsdb/blocks").body,
            R"({"status":"success","data":{"blocks":[{"ulid":"01ARZ3NDEKTSV4RRFFQ69G5FAV",)"
            R"("minTime":1,"maxTime":8,)"
            R"("stats":{"numSamples":3,"numFloatSamples":3,"numChunks":1},)"
            R"("compaction":{"level":1,"sources":["01ARZ3NDEKTSV4RRFFQ69G5FAV"]},"version":1}]}})");
}

TEST_F(ServerApisTest, SelfMetrics) {
  const std::string all =
      R"([{"name":"a","help":"A.","type":"GAUGE","metric":[{"gauge":{"value":1}}]}])";
  const std::string path = "/api/v1/status/self_metrics";
  EXPECT_EQ(Get(path).body, R"({"status":"success","data":)" + all + "}");
  EXPECT_EQ(Get(path + "?metric_name_pattern=b").body, R"({"status":"success","data":[]})");
  EXPECT_EQ(Get(path + "?metric_name_pattern=(").status, 400);
}

TEST_F(ServerApisTest, NotificationsAreListedWhileTheyLastAndEventsTellOfTheirEnd) {
  const std::string live = "/api/v1/notifications/live";
  EXPECT_EQ(Get("/api/v1/notifications").body, R"({"status":"success","data":[]})");
  EXPECT_EQ(Get(live).body, "retry: 5000\n\n");
  EXPECT_THAT(Get(live).head, HasSubstr("Content-Type: text/event-stream\r\n"));
  notifications_.Set("It burns.", true, kNow);
  const std::string one = R"({"text":"It burns.","date":"2023-11-14T22:13:20Z","active":true})";
  EXPECT_EQ(Get("/api/v1/notifications").body, R"({"status":"success","data":[)" + one + "]}");
  EXPECT_EQ(Get(live).body, "retry: 5000\n\ndata: " + one + "\n\n");
  notifications_.Set("It burns.", false, kNow + 1000);
  notifications_.Set("Never was.", false, kNow);
  EXPECT_EQ(Get("/api/v1/notifications").body, R"({"status":"success","data":[]})");
  EXPECT_THAT(Get(live).body, HasSubstr(R"("date":"2023-11-14T22:13:21Z","active":false})"));
  clock_.Advance(std::chrono::minutes(2));
  EXPECT_EQ(Get(live).body, "retry: 5000\n\n");
}

TEST_F(ServerApisTest, TsdbStatusRanksMetricsAndLabels) {
  const std::string body = Get("/api/v1/status/tsdb?limit=1").body;
  EXPECT_THAT(body, HasSubstr(R"("numSeries":4,"numLabelPairs":7,)"));
  EXPECT_THAT(body, HasSubstr(R"("seriesCountByMetricName":[{"name":"up","value":2}])"));
  EXPECT_THAT(body, HasSubstr(R"("labelValueCountByLabelName":[{"name":"__name__","value":3}])"));
  EXPECT_THAT(body, HasSubstr(R"({"name":"__name__=up","value":2})"));
  EXPECT_THAT(Get("/api/v1/status/tsdb?limit=0").body, HasSubstr("must be a positive number"));
}

TEST_F(ServerApisTest, FederationGivesTheLatestSamples) {
  const net::TestHttpResponse page =
      Get("/federate?match[]=%7B__name__%3D~%22.%2B%22%7D&match[]=up");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.Header("Content-Type"), HasSubstr("text/plain; version=0.0.4"));
  EXPECT_EQ(page.body,
            "# TYPE up untyped\n"
            "up{instance=\"i\",job=\"b\"} 0.5 1699999999000\n"
            "up{job=\"a\\\"\\n\",instance=\"\"} 1 1699999999000\n"
            "# TYPE _ber_all untyped\n"
            "_ber_all{_=\"x\",instance=\"\"} 2 1699999999000\n");
  EXPECT_THAT(Get("/federate?match[]=%7B__name__%3D~%22.%2Ball%22%7D",
                  "Accept: text/plain;version=1.0.0;escaping=allow-utf-8\r\n")
                  .body,
              HasSubstr("{\"über.all\",\"ä\"=\"x\",instance=\"\"} 2 "));
  EXPECT_EQ(Get("/federate").body, "");
  EXPECT_EQ(Get("/federate?match[]=%7B").status, 400);
}

}  // namespace
}  // namespace luma::prom
