// Goal: at a limit of series, a scrape with a new series keeps what storage knows of its target,
// and a new target has at least its reports.
// Method: pages of targets go to a store on a simulated disk whose limit is reached.
#include <gtest/gtest.h>

#include "prom/scrape/scrape_target.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::prom {
namespace {

class ScrapeLimitsTest : public testing::Test {
 protected:
  ScrapeLimitsTest() { Use("h:1"); }

  // From now on this is the target.
  void Use(const std::string& address) {
    auto job = std::make_shared<ScrapeConfig>();
    job->job_name = "j";
    const auto target = MakeTarget(*job, DiscoveredLabels(*job, address, {})).value();
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

TEST_F(ScrapeLimitsTest, ANewTargetHasItsReportsWhateverLimitIsReached) {
  constexpr uint64_t kReports = 5;
  Scrape(storage::kTestNow, "old 1\n");
  int number = 2;
  for (const storage::CardinalityLimits& limits :
       {storage::CardinalityLimits{.series = 1},
        storage::CardinalityLimits{.series = 0, .series_per_metric = 1}}) {
    instance_.store->SetLimits(limits);
    Use("h:" + std::to_string(number++));
    for (const UnixMillis time : {storage::kTestNow, storage::kTestNow + 1'000}) {
      const WriteSummary stored = Scrape(time, "old 1\n");
      EXPECT_EQ(stored.samples_stored, kReports);
      EXPECT_EQ(stored.series_over_limit, 1u) << "the one of the page";
    }
  }
}

TEST_F(ScrapeLimitsTest, LabelsOfTargetsAreLetInWithTheirReportsAndThoseOfPagesAreNot) {
  constexpr uint64_t kReports = 5;
  Scrape(storage::kTestNow, "old{a=\"1\"} 1\n");
  instance_.store->SetLimits({.series = 0, .values_per_label = 1});
  Use("h:2");
  const WriteSummary stored = Scrape(storage::kTestNow, "old{a=\"1\"} 1\nold{a=\"2\"} 1\n");
  EXPECT_EQ(stored.samples_stored, 1 + kReports);
  EXPECT_EQ(stored.first_over_limit, "too many values of a label: label=a limit=1");
}

}  // namespace
}  // namespace luma::prom
