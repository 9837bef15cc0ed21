#include "server/scraper_options.h"

#include <gtest/gtest.h>

#include "server/scrape_address.h"

namespace luma::server {
namespace {

using std::chrono::seconds;

const OwnMetricsPage kOwn{.host = "127.0.0.1", .port = 9091, .path = "/metrics"};

TEST(ScraperOptionsTest, TheServerItselfIsATargetByDefault) {
  const auto options = ScraperOptionsOf(Config(), kOwn);
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->targets.size(), 1u);
  EXPECT_EQ(options->targets[0].interval, seconds(15));
  EXPECT_EQ(options->targets[0].timeout, seconds(10));
  EXPECT_EQ(options->targets[0].target.job, "lumadb");
  EXPECT_EQ(options->targets[0].target.instance, "127.0.0.1:9091");
}

TEST(ScraperOptionsTest, NothingIsScrapedWhenNothingIsServedOrAskedFor) {
  EXPECT_TRUE(ScraperOptionsOf(Config(), OwnMetricsPage())->targets.empty());
  Config config;
  config.scrape.self = false;
  EXPECT_TRUE(ScraperOptionsOf(config, kOwn)->targets.empty());
}

TEST(ScraperOptionsTest, EveryTargetHasTheTimingOfItsJob) {
  Config config;
  config.scrape.self = false;
  config.scrape.jobs = {{.job = "a", .targets = {"h:1", "[::1]:2"}, .path = "/m"},
                        {.job = "b", .targets = {"h:3"}, .interval = seconds(5)}};
  const auto options = ScraperOptionsOf(config, kOwn);
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->targets.size(), 3u);
  EXPECT_EQ(options->targets[1].target.host, "::1");
  EXPECT_EQ(options->targets[1].target.port, 2);
  EXPECT_EQ(options->targets[1].target.path, "/m");
  EXPECT_EQ(options->targets[1].interval, seconds(15));
  EXPECT_EQ(options->targets[2].interval, seconds(5));
  EXPECT_EQ(options->targets[2].timeout, seconds(5)) << "never longer than the interval";
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
