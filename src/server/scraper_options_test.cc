#include "server/scraper_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "server/scrape_address.h"

namespace luma::server {
namespace {

using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const OwnMetricsPage kOwn{.host = "127.0.0.1", .port = 9091, .path = "/metrics"};

TEST(ScraperOptionsTest, TheServerItselfIsAJobByDefault) {
  const auto settings = ScraperSettingsOf(Config(), kOwn);
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->options.jobs.size(), 1u);
  const prom::ScrapeConfig& job = *settings->options.jobs[0];
  EXPECT_EQ(job.interval, seconds(15));
  EXPECT_EQ(job.timeout, seconds(10));
  EXPECT_EQ(job.job_name, "lumadb");
  EXPECT_THAT(job.static_groups.at(0).targets, ElementsAre("127.0.0.1:9091"));
}

TEST(ScraperOptionsTest, NothingIsScrapedWhenNothingIsServedOrAskedFor) {
  EXPECT_TRUE(ScraperSettingsOf(Config(), OwnMetricsPage())->options.jobs.empty());
  Config config;
  config.scrape.self = false;
  EXPECT_TRUE(ScraperSettingsOf(config, kOwn)->options.jobs.empty());
}

TEST(ScraperOptionsTest, JobsHaveTheirTimingOrTheGlobalOne) {
  Config config;
  config.scrape.self = false;
  config.scrape.jobs = {{.job = "a", .targets = {"h:1", "[::1]:2"}, .path = "/m"},
                        {.job = "b", .targets = {"h:3"}, .interval = seconds(5)}};
  const auto settings = ScraperSettingsOf(config, kOwn);
  ASSERT_TRUE(settings.ok()) << settings.status();
  const auto& jobs = settings->options.jobs;
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[0]->metrics_path, "/m");
  EXPECT_EQ(jobs[0]->interval, seconds(15));
  EXPECT_EQ(jobs[1]->interval, seconds(5));
  EXPECT_EQ(jobs[1]->timeout, seconds(5)) << "never longer than the interval";
}

TEST(ScraperOptionsTest, JobsComeFromAFileOfPrometheusToo) {
  const std::string path = testing::TempDir() + "prometheus_" + std::to_string(::getpid());
  std::ofstream(path) << "scrape_configs:\n- job_name: theirs\n  basic_auth: {password: geheim}\n";
  Config config;
  config.scrape.config_file = path;
  const auto settings = ScraperSettingsOf(config, kOwn);
  ASSERT_TRUE(settings.ok()) << settings.status();
  ASSERT_EQ(settings->options.jobs.size(), 2u);
  EXPECT_EQ(settings->options.jobs[1]->job_name, "theirs");
  EXPECT_THAT(settings->prometheus_yaml, HasSubstr("job_name: theirs"));
  EXPECT_THAT(settings->prometheus_yaml, Not(HasSubstr("geheim")));

  std::ofstream(path) << "scrape_configs:\n- job_name: lumadb\n";
  EXPECT_THAT(std::string(ScraperSettingsOf(config, kOwn).status().message()),
              HasSubstr("two scrape jobs have one name: job=lumadb"));
  std::ofstream(path) << "scrape_configs:\n- job: x\n";
  EXPECT_THAT(std::string(ScraperSettingsOf(config, kOwn).status().message()),
              HasSubstr(path + ": line 2: field job not found"));
  std::filesystem::remove(path);
  EXPECT_EQ(ScraperSettingsOf(config, kOwn).status().code(), StatusCode::kNotFound);
}

TEST(ScrapeAddressTest, IsAHostAndAPort) {
  EXPECT_EQ(ParseScrapeAddress("node-1.example:9100")->host, "node-1.example");
  EXPECT_EQ(ParseScrapeAddress("[fe80::1]:9100")->host, "fe80::1");
  EXPECT_EQ(ParseScrapeAddress("[fe80::1]:9100")->port, 9100);
  for (const char* target : {"", "h", "h:", "h:0", "h:x", "h:70000", "h:1x", ":1", "http://h:1"}) {
    EXPECT_FALSE(ParseScrapeAddress(target).ok()) << target;
  }
}

}  // namespace
}  // namespace luma::server
