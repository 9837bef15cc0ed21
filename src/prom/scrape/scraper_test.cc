#include "prom/scrape/scraper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "model/testing/memory_metrics.h"
#include "net/http_server.h"
#include "net/testing/scripted_server.h"
#include "prom/scrape/prometheus_config.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;

class ScraperTest : public testing::Test {
 protected:
  ScraperTest() {
    net::Router router;
    router.Add("GET", "/metrics", {}, [this](net::HttpRequest request, net::Responder responder) {
      ++pages_served_;
      EXPECT_THAT(std::string(request.Header("Accept")), HasSubstr("version=0.0.4"));
      responder.Send(net::TextResponse(200, "served 1\n"));
    });
    router.Add("GET", "/sd", {}, [this](net::HttpRequest, net::Responder responder) {
      SendTargets(responder);
      AnswerWaiting();
    });
    // Answers as soon as /sd is asked as well.
    router.Add("GET", "/slow_sd", {}, [this](net::HttpRequest, net::Responder responder) {
      MutexLock lock(mutex_);
      ++slow_asked_;
      waiting_ = std::move(responder);
    });
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~ScraperTest() override {
    if (scraper_) scraper_->Stop();
    AnswerWaiting();
    server_.reset();
  }

  void SendTargets(const net::Responder& responder) const {
    responder.Send(
        {.content_type = "application/json", .body = "[{\"targets\": [\"" + Address() + "\"]}]"});
  }
  void AnswerWaiting() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (waiting_) SendTargets(*std::exchange(waiting_, std::nullopt));
  }

  std::string Address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  // `jobs` in YAML, without indentation; the interval is short.
  void Configure(const std::string& jobs) {
    Result<PrometheusConfig> config =
        ParsePrometheusConfig("global: {scrape_interval: 20ms}\nscrape_configs:\n" + jobs, "");
    ASSERT_TRUE(config.ok()) << config.status();
    if (!scraper_) {
      scraper_ = std::make_unique<PrometheusScraper>(workers_, metrics_, Clock::System(), budget_,
                                                     net::FetcherOptions{});
    }
    scraper_->Reconfigure({.jobs = config->scrape_configs});
  }
  std::string Job(const std::string& name, const std::string& fields = "") const {
    return "- {job_name: " + name + ", static_configs: [{targets: ['" + Address() + "']}]" +
           fields + "}\n";
  }

  std::vector<SeriesSamples> Samples(std::string name) {
    const Matchers matchers = {
        Matcher::Create("__name__", MatchOp::kEqual, std::move(name)).value()};
    return metrics_.Select(matchers, {}, {}).value();
  }

  std::atomic<int> pages_served_{0};
  std::atomic<int> slow_asked_{0};
  Mutex mutex_;
  std::optional<net::Responder> waiting_ LUMA_GUARDED_BY(mutex_);
  storage::MemoryBudget budget_{1 << 30};
  MemoryMetrics metrics_;
  net::EventLoop loop_{1};
  net::WorkerPool workers_{2, 100};
  std::unique_ptr<net::HttpServer> server_;
  std::unique_ptr<PrometheusScraper> scraper_;
};

TEST_F(ScraperTest, ScrapesEveryTargetAgainAndAgain) {
  Configure(Job("good") + Job("missing", ", metrics_path: /nothing"));
  while (pages_served_ < 3 || scraper_->counters().scrapes_failed < 3) std::this_thread::yield();
  scraper_->Stop();
  ASSERT_EQ(Samples("served").size(), 1u);
  EXPECT_EQ(Samples("served")[0].labels.Get("job"), "good");
  const std::vector<SeriesSamples> up = Samples("up");
  ASSERT_EQ(up.size(), 2u);
  EXPECT_THAT(up[0].values, testing::Each(up[0].labels.Get("job") == "good" ? 1 : 0));
  EXPECT_THAT(up[1].values, testing::Each(up[1].labels.Get("job") == "good" ? 1 : 0));
}

TEST_F(ScraperTest, StorageThatRefusesIsCountedAndScrapingGoesOn) {
  metrics_.FailWrites(Status::DiskFull("no space"));
  Configure(Job("good"));
  while (scraper_->counters().writes_failed < 2) std::this_thread::yield();
  metrics_.FailWrites(Status::Ok());
  while (scraper_->counters().samples_stored == 0) std::this_thread::yield();
}

// Goal: a target that is taken away ends its series; one that stays, with other
// timing too, ends none and forgets none.
TEST_F(ScraperTest, ATargetThatGoesAwayEndsItsSeriesAndTheOthersGoOn) {
  Configure(Job("stays") + Job("leaves"));
  while (Samples("served").size() < 2) std::this_thread::yield();
  Configure(Job("stays", ", scrape_interval: 10ms"));
  const auto ended = [this](std::string name) {
    return IsStaleNan(Samples(std::move(name)).at(0).values.back());  // "leaves" sorts first
  };
  while (!ended("served") || !ended("up")) std::this_thread::yield();
  const uint64_t before = scraper_->counters().samples_stored;
  while (scraper_->counters().samples_stored < before + 20) std::this_thread::yield();
  scraper_->Stop();
  EXPECT_TRUE(ended("served")) << "not scraped again";
  EXPECT_THAT(Samples("served").at(1).values, testing::Each(1));
}

TEST_F(ScraperTest, TheEndOfATargetWaitsForStorage) {
  Configure(Job("leaves"));
  while (Samples("served").empty()) std::this_thread::yield();
  Configure("");
  const uint64_t before = scraper_->counters().writes_failed;
  metrics_.FailWrites(Status::Unavailable("not now"));
  while (scraper_->counters().writes_failed < before + 3) std::this_thread::yield();
  EXPECT_EQ(Samples("served").at(0).values.back(), 1);
  metrics_.FailWrites(Status::Ok());
  while (!IsStaleNan(Samples("served").at(0).values.back()) ||
         !IsStaleNan(Samples("up").at(0).values.back())) {
    std::this_thread::yield();
  }
}

TEST_F(ScraperTest, AScrapeWithoutMemoryIsDownAndTheNextOneIsNot) {
  budget_.SetLimit(1'000);
  Configure(Job("a"));
  const auto error = [this] { return scraper_->Pools().at(0).active.at(0).last.error; };
  while (error().find("memory budget exceeded") == std::string::npos) std::this_thread::yield();
  while (Samples("up").empty()) std::this_thread::yield();
  EXPECT_THAT(Samples("up").at(0).values, testing::Each(0));
  budget_.SetLimit(1 << 30);
  while (Samples("served").empty()) std::this_thread::yield();
  scraper_.reset();
  EXPECT_EQ(budget_.booked_bytes(), 0u);
}

TEST_F(ScraperTest, ATargetThatIsBackInTimeGoesOn) {
  Configure(Job("a"));
  while (Samples("served").empty()) std::this_thread::yield();
  Configure("");
  Configure(Job("a"));
  const int before = pages_served_;
  while (pages_served_ < before + 10) std::this_thread::yield();
  scraper_->Stop();
  EXPECT_THAT(Samples("served").at(0).values, testing::Each(1));
}

TEST_F(ScraperTest, TooManyTargetsAreAllDownWithoutBeingAsked) {
  Configure("- {job_name: a, target_limit: 1, static_configs: [{targets: ['" + Address() +
            "', 'localhost:" + std::to_string(server_->port()) + "']}]}\n");
  while (scraper_->counters().scrapes_failed < 4) std::this_thread::yield();
  EXPECT_EQ(pages_served_, 0);
  EXPECT_THAT(scraper_->Pools().at(0).active.at(0).last.error,
              HasSubstr("target_limit exceeded (number of targets: 2, limit: 1)"));
}

TEST_F(ScraperTest, PoolsTellWhatIsScrapedAndWhatIsDropped) {
  Configure("- {job_name: a, static_configs: [{targets: ['" + Address() +
            "', 'other:1']}], relabel_configs: [{source_labels: [__address__], "
            "regex: 'other.*', "
            "action: drop}]}\n");
  while (scraper_->Pools().at(0).active.at(0).last.time == 0) std::this_thread::yield();
  const ScrapePoolState pool = scraper_->Pools().at(0);
  EXPECT_EQ(pool.active.at(0).last.error, "");
  EXPECT_EQ(pool.active[0].target->url, "http://" + Address() + "/metrics");
  ASSERT_EQ(pool.dropped.size(), 1u);
  EXPECT_EQ(pool.dropped_count, 1u);
  EXPECT_EQ(pool.dropped[0].at("__address__"), "other:1");
}

TEST_F(ScraperTest, TargetsComeFromFilesThatChange) {
  const std::string path = testing::TempDir() + "targets_" + std::to_string(::getpid()) + ".json";
  const auto write = [&path](const std::string& text) {
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
  };
  write("[]");
  Configure("- {job_name: a, file_sd_configs: [{files: ['" + path + "']}]}\n");
  write("[{\"targets\": [\"" + Address() + "\"], \"labels\": {\"from\": \"file\"}}]");
  while (Samples("served").empty()) std::this_thread::yield();
  EXPECT_EQ(Samples("served")[0].labels.Get("from"), "file");
  const ScrapePoolState pool = scraper_->Pools().at(0);
  EXPECT_EQ(pool.active.at(0).target->discovered.at("__meta_filepath"), path);
  write("not a list");
  write("[]");
  while (!scraper_->Pools().at(0).active.empty()) std::this_thread::yield();
  std::filesystem::remove(path);
}

TEST_F(ScraperTest, TargetsComeFromAServer) {
  Configure("- {job_name: a, http_sd_configs: [{url: 'http://" + Address() + "/sd'}]}\n");
  while (Samples("served").empty()) std::this_thread::yield();
  EXPECT_EQ(scraper_->Pools().at(0).active.at(0).target->discovered.at("__meta_url"),
            "http://" + Address() + "/sd");
}

// Goal: no discovery waits for a server of another. Method: a server that does not answer before
// the other one was asked, and is asked only once an hour.
TEST_F(ScraperTest, ASlowServerHoldsUpNoOtherDiscovery) {
  const auto job = [this](const std::string& name, const std::string& path) {
    return "- {job_name: " + name + ", http_sd_configs: [{url: 'http://" + Address() + path +
           "', refresh_interval: 1h}]}\n";
  };
  Configure(job("a", "/slow_sd"));
  while (slow_asked_ == 0) std::this_thread::yield();
  Configure(job("a", "/slow_sd") + job("b", "/sd"));
  while (Samples("served").size() < 2) std::this_thread::yield();
  EXPECT_EQ(slow_asked_, 1) << "a reload that leaves it as it is asks it no second time";
}

TEST_F(ScraperTest, NeitherAReloadNorAStopWaitsForASlowServer) {
  const auto configure = [this](const std::string& name) {
    Configure("- {job_name: " + name + ", http_sd_configs: [{url: 'http://" + Address() +
              "/slow_sd', refresh_interval: 1h}]}\n");
  };
  configure("a");
  while (slow_asked_ == 0) std::this_thread::yield();
  configure("b");  // which ends the discovery of the job before
  while (slow_asked_ == 1) std::this_thread::yield();
  scraper_->Stop();
}

// Goal: what was found belongs to the entry that found it, wherever a reload moves that entry.
TEST_F(ScraperTest, AReloadGivesNoEntryWhatAnotherFound) {
  const std::string path = testing::TempDir() + "found_" + std::to_string(::getpid()) + ".json";
  std::ofstream(path) << "[{\"targets\": [\"" + Address() + "\"]}]";
  const std::string found = "{files: ['" + path + "']}";
  const std::string nothing = "{files: ['" + path + ".none.json']}";
  const auto configure = [this](const std::string& entries) {
    Configure("- {job_name: a, file_sd_configs: [" + entries + "]}\n");
    return scraper_->Pools().at(0).active.size();
  };
  configure(found);
  while (scraper_->Pools().at(0).active.empty()) std::this_thread::yield();
  EXPECT_EQ(configure(nothing + ", " + found), 1u);
  EXPECT_EQ(configure(nothing), 0u);
  std::filesystem::remove(path);
}

TEST_F(ScraperTest, APasswordInTheUrlOfAServerIsNotShown) {
  Configure("- {job_name: a, http_sd_configs: [{url: 'http://u:geheim@" + Address() + "/sd'}]}\n");
  while (scraper_->Pools().at(0).active.empty()) std::this_thread::yield();
  EXPECT_EQ(scraper_->Pools().at(0).active.at(0).target->discovered.at("__meta_url"),
            "http://u:xxxxx@" + Address() + "/sd");
}

TEST_F(ScraperTest, FailuresGoToTheFileOfTheJob) {
  const std::string path = testing::TempDir() + "failures_" + std::to_string(::getpid());
  Configure(Job("a", ", metrics_path: /nothing, scrape_failure_log_file: '" + path + "'"));
  while (scraper_->counters().scrapes_failed < 2) std::this_thread::yield();
  scraper_->Stop();
  std::ifstream file(path);
  std::string line;
  ASSERT_TRUE(std::getline(file, line));
  EXPECT_THAT(line, HasSubstr(R"("level":"ERROR","msg":")"));
  EXPECT_THAT(line, HasSubstr(R"("job_name":"a","target":"http://)" + Address() + R"(/nothing"})"));
  EXPECT_TRUE(std::getline(file, line));
  std::filesystem::remove(path);
}

TEST_F(ScraperTest, SecretsComeFromFiles) {
  const std::string path = testing::TempDir() + "secret_" + std::to_string(::getpid());
  Configure(Job("a", ", bearer_token_file: '" + path + "'"));
  while (scraper_->counters().scrapes_failed == 0) std::this_thread::yield();
  EXPECT_EQ(pages_served_, 0);
  std::ofstream(path) << "token\n";
  while (pages_served_ == 0) std::this_thread::yield();
  std::filesystem::remove(path);
}

// Goal: discovery, tokens and scrapes go through the proxies that they name.
// Method: one server is the proxy for all of them; no name is ever looked up.
TEST_F(ScraperTest, ProxiesAndTokensServeDiscoveriesAndScrapes) {
  net::ScriptedServer proxy([](const std::string& request) {
    if (request.starts_with("GET http://sd.test/targets ")) {
      return net::TestResponse("200 OK", R"([{"targets": ["node.test:9100"]}])",
                               "Content-Type: application/json\r\n");
    }
    if (request.starts_with("POST http://auth.test/token ")) {
      return net::TestResponse("200 OK", R"({"access_token": "t", "expires_in": 3600})");
    }
    const bool is_scrape = request.starts_with("GET http://node.test:9100/metrics ");
    const bool has_token = request.find("Authorization: Bearer t\r\n") != std::string::npos;
    if (!is_scrape || !has_token) return net::TestResponse("401 Unauthorized", "");
    return net::TestResponse("200 OK", "served 1\n", "Content-Type: text/plain\r\n");
  });
  const std::string through = ", proxy_url: '" + proxy.Url() + "'";
  Configure("- {job_name: a" + through +
            ", oauth2: {client_id: me, token_url: 'http://auth.test/token'" + through +
            "}, http_sd_configs: [{url: 'http://sd.test/targets'" + through + "}]}\n");
  while (Samples("served").empty()) std::this_thread::yield();
  scraper_->Stop();
  EXPECT_EQ(Samples("served")[0].labels.Get("instance"), "node.test:9100");
  EXPECT_EQ(std::ranges::count_if(
                proxy.requests(),
                [](const std::string& request) { return request.starts_with("POST "); }),
            1)
      << "the token serves every scrape";
}

}  // namespace
}  // namespace luma::prom
