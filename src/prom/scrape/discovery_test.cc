#include "prom/scrape/discovery.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <future>

namespace luma::prom {
namespace {

// Goal: a job that is gone and back before the thread that reads files looks has its targets.
// Method: that thread is held up while it tells of them for the first time.
TEST(DiscoveryTest, AJobThatIsBackAtOnceHasItsTargetsAgain) {
  const std::string path = testing::TempDir() + "luma_discovery_test.json";
  std::ofstream(path) << R"([{"targets": ["a:1"]}])";
  const auto job = std::make_shared<ScrapeConfig>();
  job->job_name = "j";
  job->discoveries = {FileDiscoveryConfig{.files = {path}}};

  std::promise<void> told;
  std::promise<void> reloaded;
  std::promise<void> told_again;
  int times = 0;
  net::Fetcher fetcher;
  Discovery discovery(
      fetcher, Clock::System(),
      [&](const std::string&, const DiscoveryConfig&, const std::vector<TargetGroup>& groups) {
        EXPECT_EQ(groups.size(), 1u);
        if (++times == 2) return told_again.set_value();
        told.set_value();
        reloaded.get_future().wait();
      });
  discovery.Configure({job});
  told.get_future().wait();
  discovery.Configure({});
  discovery.Configure({job});
  reloaded.set_value();
  told_again.get_future().wait();
  discovery.Stop();
  EXPECT_EQ(times, 2);
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace luma::prom
