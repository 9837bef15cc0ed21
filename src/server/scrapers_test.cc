#include "server/scrapers.h"

#include <gtest/gtest.h>

namespace luma::server {
namespace {

using std::chrono::seconds;

const OwnMetricsPage kOwn{.host = "127.0.0.1", .port = 9091, .path = "/metrics"};

TEST(ScrapersTest, TheServerItselfIsATargetByDefault) {
  const auto scrapers = ScraperOptionsOf(Config(), kOwn);
  ASSERT_TRUE(scrapers.ok()) << scrapers.status();
  ASSERT_EQ(scrapers->size(), 1u);
  EXPECT_EQ((*scrapers)[0].global_interval, seconds(15));
  ASSERT_EQ((*scrapers)[0].targets.size(), 1u);
  EXPECT_EQ((*scrapers)[0].targets[0].job, "lumadb");
  EXPECT_EQ((*scrapers)[0].targets[0].instance, "127.0.0.1:9091");
}

TEST(ScrapersTest, NothingIsScrapedWhenNothingIsServedOrAskedFor) {
  EXPECT_TRUE(ScraperOptionsOf(Config(), OwnMetricsPage())->empty());
  Config config;
  config.scrape.self = false;
  EXPECT_TRUE(ScraperOptionsOf(config, kOwn)->empty());
}

TEST(ScrapersTest, JobsAreGroupedByTheirTiming) {
  Config config;
  config.scrape.self = false;
  config.scrape.jobs = {{.job = "a", .targets = {"h:1", "[::1]:2"}},
                        {.job = "b", .targets = {"h:3"}, .interval = seconds(5)},
                        {.job = "c", .targets = {"h:4"}, .path = "/m"}};
  const auto scrapers = ScraperOptionsOf(config, kOwn);
  ASSERT_TRUE(scrapers.ok()) << scrapers.status();
  ASSERT_EQ(scrapers->size(), 2u);
  EXPECT_EQ((*scrapers)[0].global_interval, seconds(5));
  EXPECT_EQ((*scrapers)[0].timeout, seconds(5)) << "a timeout is never longer than the interval";
  ASSERT_EQ((*scrapers)[1].targets.size(), 3u);
  EXPECT_EQ((*scrapers)[1].targets[1].host, "::1");
  EXPECT_EQ((*scrapers)[1].targets[1].port, 2);
  EXPECT_EQ((*scrapers)[1].targets[2].path, "/m");
}

TEST(ScrapersTest, ATargetWithoutAPortIsRefused) {
  for (const char* target : {"h", "h:", "h:0", "h:x", "h:70000", "h:1x"}) {
    Config config;
    config.scrape.jobs = {{.job = "a", .targets = {target}}};
    EXPECT_FALSE(ScraperOptionsOf(config, kOwn).ok()) << target;
  }
}

}  // namespace
}  // namespace luma::server
