// Goal: at a limit of series, a scrape with a new series keeps what storage knows of its target.
// Method: pages of one target go to a store on a simulated disk whose limit is reached.
#include <gtest/gtest.h>

#include "prom/scrape/scrape_target.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::prom {
namespace {

class ScrapeLimitsTest : public testing::Test {
 protected:
  ScrapeLimitsTest() {
    auto job = std::make_shared<ScrapeConfig>();
    job->job_name = "j";
    const auto target = MakeTarget(*job, DiscoveredLabels(*job, "h:1", {})).value();
    target_ = std::make_unique<ScrapeTarget>(std::make_shared<const Target>(*target), job,
                                             *instance_.store, instance_.engine->budget());
  }

  WriteSummary Scrape(UnixMillis time, std::string page) {
    SeriesBatch batch;
    const ScrapeAttempt attempt{
        time, std::chrono::seconds(1),
        net::FetchResponse{.status = 200, .content_type = "text/plain", .body = std::move(page)}};
    EXPECT_TRUE(target_->Process(attempt, batch).status.ok());
    const Result<WriteSummary> stored = storage::WriteAndWait(*instance_.store, batch);
    EXPECT_TRUE(stored.ok()) << stored.status();
    target_->NoteStored();
    return stored.ok() ? *stored : WriteSummary();
  }

  io::SimDisk disk_;
  ManualClock clock_{storage::kTestNow};
  storage::MetricsInstance instance_{disk_, clock_};
  std::unique_ptr<ScrapeTarget> target_;
};

TEST_F(ScrapeLimitsTest, KnownSeriesAndReportsOfAScrapeWithANewSeriesAreStored) {
  constexpr uint64_t kReports = 5;
  Scrape(storage::kTestNow, "old 1\n");
  instance_.store->SetLimits({.series = 1 + kReports});
  const WriteSummary stored = Scrape(storage::kTestNow + 1'000, "old 2\nnew 2\n");
  EXPECT_EQ(stored.samples_stored, 1 + kReports);
  EXPECT_EQ(stored.samples_over_limit, 1u);
  instance_.store->SetLimits({.series = 2 + kReports});
  EXPECT_EQ(Scrape(storage::kTestNow + 2'000, "old 3\nnew 3\n").samples_stored, 2 + kReports);
}

}  // namespace
}  // namespace luma::prom
