#include "prom/scraper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "model/testing/memory_metrics.h"
#include "net/http_server.h"
#include "net/testing/http_test_client.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;

ScrapeAttempt Page(UnixMillis time, std::string body, int status = 200) {
  net::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return {time, std::chrono::milliseconds(250), std::move(response)};
}

// The value of every series in the batch, by its text.
std::map<std::string, double> Contents(const SeriesBatch& batch) {
  std::map<std::string, double> contents;
  for (size_t i = 0; i < batch.size(); ++i) {
    contents[batch.series(i).labels.ToString()] = batch.series(i).samples[0].value;
  }
  return contents;
}

class ScrapeTargetTest : public testing::Test {
 protected:
  std::map<std::string, double> Process(const ScrapeAttempt& attempt) {
    batch_.Clear();
    status_ = target_.Process(attempt, batch_);
    return Contents(batch_);
  }

  ScrapeTarget target_{{.job = "node",
                        .host = "h",
                        .port = 9100,
                        .path = "/metrics",
                        .instance = "",
                        .labels = {{"zone", "a"}}}};
  SeriesBatch batch_;
  Status status_;
};

TEST_F(ScrapeTargetTest, AddsTargetLabelsAndReports) {
  EXPECT_THAT(
      Process(Page(1000, "m{a=\"1\"} 5\n")),
      testing::UnorderedElementsAre(
          testing::Pair(R"(m{a="1", instance="h:9100", job="node", zone="a"})", 5),
          testing::Pair(R"(up{instance="h:9100", job="node", zone="a"})", 1),
          testing::Pair(R"(scrape_duration_seconds{instance="h:9100", job="node", zone="a"})",
                        0.25),
          testing::Pair(R"(scrape_samples_scraped{instance="h:9100", job="node", zone="a"})", 1)));
  EXPECT_TRUE(status_.ok());
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 1000);
}

TEST_F(ScrapeTargetTest, ScrapedLabelsGiveWayToTargetLabels) {
  EXPECT_TRUE(Process(Page(1, "m{job=\"other\",zone=\"\"} 5\n"))
                  .contains(R"(m{exported_job="other", instance="h:9100", job="node", zone="a"})"));
}

TEST_F(ScrapeTargetTest, OwnTimestampsAreKeptAndHaveNoStaleness) {
  Process(Page(1000, "m 5 777\n"));
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 777);
  EXPECT_EQ(Process(Page(2000, "")).size(), 3u);
}

TEST_F(ScrapeTargetTest, SeriesThatVanishGetAStalenessMarkerOnce) {
  const std::string gone = R"(gone{instance="h:9100", job="node", zone="a"})";
  Process(Page(1000, "stays 1\ngone 1\n"));
  std::map<std::string, double> second = Process(Page(2000, "stays 2\n"));
  ASSERT_TRUE(second.contains(gone));
  EXPECT_TRUE(IsStaleNan(second[gone]));
  EXPECT_FALSE(Process(Page(3000, "stays 3\n")).contains(gone));
}

TEST_F(ScrapeTargetTest, AFailureEndsAllSeriesAndIsReported) {
  const std::string m = R"(m{instance="h:9100", job="node", zone="a"})";
  const std::string up = R"(up{instance="h:9100", job="node", zone="a"})";
  const ScrapeAttempt failures[] = {
      {2000, std::chrono::seconds(10), Status::Timeout("no answer in time")},
      Page(2000, "", 500),
      Page(2000, "m 2\nbroken{\n"),
      Page(2000, "m{a=\"1\",a=\"2\"} 2\n")};
  for (const ScrapeAttempt& failure : failures) {
    Process(Page(1000, "m 1\n"));
    std::map<std::string, double> contents = Process(failure);
    EXPECT_FALSE(status_.ok());
    EXPECT_EQ(contents.size(), 4u);
    EXPECT_TRUE(IsStaleNan(contents[m]));
    EXPECT_EQ(contents[up], 0);
    EXPECT_FALSE(Process(failure).contains(m));
  }
}

TEST_F(ScrapeTargetTest, TheEndOfATargetEndsItsReportsToo) {
  Process(Page(1000, "m 1\n"));
  batch_.Clear();
  target_.End(2000, batch_);
  EXPECT_EQ(batch_.size(), 4u);
  for (const auto& [series, value] : Contents(batch_)) EXPECT_TRUE(IsStaleNan(value)) << series;
  EXPECT_EQ(batch_.series(0).samples[0].timestamp, 2000);
}

class ScraperTest : public testing::Test {
 protected:
  ScraperTest() {
    net::Router router;
    router.Add("GET", "/metrics", {}, [this](net::HttpRequest request, net::Responder responder) {
      ++pages_served_;
      EXPECT_THAT(std::string(request.Header("Accept")), HasSubstr("version=0.0.4"));
      responder.Send(net::TextResponse(200, "served 1\n"));
    });
    server_ = net::HttpServer::Start(loop_, workers_, std::move(router), {}).value();
  }
  ~ScraperTest() override { server_.reset(); }

  ScheduledTarget Target(std::string job, std::string path = "/metrics") {
    ScheduledTarget scheduled;
    scheduled.target = {
        .job = std::move(job), .port = server_->port(), .path = std::move(path), .instance = ""};
    scheduled.interval = std::chrono::milliseconds(20);
    return scheduled;
  }

  std::vector<SeriesSamples> Samples(std::string name) {
    const Matchers matchers = {
        Matcher::Create("__name__", MatchOp::kEqual, std::move(name)).value()};
    return metrics_.Select(matchers, {}, {}).value();
  }

  std::atomic<int> pages_served_{0};
  MemoryMetrics metrics_;
  net::EventLoop loop_{1};
  net::WorkerPool workers_{2, 100};
  std::unique_ptr<net::HttpServer> server_;
};

TEST_F(ScraperTest, ScrapesEveryTargetAgainAndAgain) {
  ScraperOptions options;
  options.targets = {Target("good"), Target("missing", "/nothing")};
  const auto scraper =
      PrometheusScraper::Start(loop_, workers_, metrics_, Clock::System(), options).value();
  while (pages_served_ < 3 || scraper->counters().scrapes_failed < 3) std::this_thread::yield();
  scraper->Stop();
  ASSERT_EQ(Samples("served").size(), 1u);
  EXPECT_EQ(Samples("served")[0].labels.Get("job"), "good");
  const std::vector<SeriesSamples> up = Samples("up");
  ASSERT_EQ(up.size(), 2u);
  EXPECT_THAT(up[0].values, testing::Each(up[0].labels.Get("job") == "good" ? 1 : 0));
  EXPECT_THAT(up[1].values, testing::Each(up[1].labels.Get("job") == "good" ? 1 : 0));
}

TEST_F(ScraperTest, StorageThatRefusesIsCountedAndScrapingGoesOn) {
  metrics_.FailWrites(Status::DiskFull("no space"));
  ScraperOptions options;
  options.targets = {Target("good")};
  const auto scraper =
      PrometheusScraper::Start(loop_, workers_, metrics_, Clock::System(), options).value();
  while (scraper->counters().writes_failed < 2) std::this_thread::yield();
  metrics_.FailWrites(Status::Ok());
  while (scraper->counters().samples_stored == 0) std::this_thread::yield();
}

// Goal: a target that is taken away ends its series; one that stays, with other timing too, ends
// none and forgets none.
TEST_F(ScraperTest, ATargetThatGoesAwayEndsItsSeriesAndTheOthersGoOn) {
  const auto scraper = PrometheusScraper::Start(loop_, workers_, metrics_, Clock::System(),
                                                {.targets = {Target("stays"), Target("leaves")}})
                           .value();
  while (Samples("served").size() < 2) std::this_thread::yield();
  ScheduledTarget stays = Target("stays");
  stays.interval = std::chrono::milliseconds(10);
  ASSERT_TRUE(scraper->Reconfigure({.targets = {stays}}).ok());
  const auto ended = [this](std::string name) {
    return IsStaleNan(Samples(std::move(name)).at(0).values.back());  // "leaves" sorts first
  };
  while (!ended("served") || !ended("up")) std::this_thread::yield();
  const uint64_t before = scraper->counters().samples_stored;
  while (scraper->counters().samples_stored < before + 20) std::this_thread::yield();
  scraper->Stop();
  EXPECT_TRUE(ended("served")) << "not scraped again";
  const std::vector<double> values = Samples("served").at(1).values;
  EXPECT_THAT(values, testing::Each(1));
}

TEST_F(ScraperTest, OptionsThatCannotWorkAreRefused) {
  const auto status = [this](ScraperOptions options) {
    return PrometheusScraper::Start(loop_, workers_, metrics_, Clock::System(), std::move(options))
        .status()
        .code();
  };
  ScheduledTarget without_interval = Target("a");
  without_interval.interval = std::chrono::milliseconds(0);
  ScheduledTarget with_job_twice = Target("a");
  with_job_twice.target.labels = {{"job", "again"}};
  for (const ScheduledTarget& target :
       {without_interval, with_job_twice, Target(""), Target("a", "/x\r\nHost: y")}) {
    EXPECT_EQ(status({.targets = {target}}), StatusCode::kInvalidArgument);
  }
}

}  // namespace
}  // namespace luma::prom
