// Late samples of which the store may have an older version in the cold tier: they are compared
// with it, and nobody waits for the object store but their own sender.
#include <chrono>
#include <future>

#include "base/log.h"
#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;

constexpr UnixMillis kOld = kColdNow - 48 * kHourMillis;
constexpr std::chrono::seconds kHanging{60};

class ColdLateWriteTest : public ColdTest {
 protected:
  // Series "a" has cold samples (kOld + i, i), i = 0..9, and a warm one.
  ColdLateWriteTest() {
    SetLogLevel(LogLevel::kOff);
    options_.cold.cache_bytes_max = 0;
    OpenAll();
    TestSeries old{.labels = TestLabels("a"), .samples = {}};
    for (int i = 0; i < 10; ++i) old.samples.push_back({kOld + i, static_cast<double>(i)});
    LUMA_EXPECT_OK(WriteAndWait(*metrics_, MakeBatch({old})));
    LUMA_EXPECT_OK(engine_->Flush());
    Write("a", kColdNow, 100);
    LUMA_EXPECT_OK(engine_->Flush());
    LUMA_EXPECT_OK(engine_->MoveCold());
    OpenAll();
    EXPECT_THAT(Tiers(kSamplesTableId), ElementsAre(Tier::kCold, Tier::kWarm));
    Write("a", kColdNow + 1, 101);
  }
  ~ColdLateWriteTest() override {
    metrics_.reset();
    SetLogLevel(LogLevel::kInfo);
  }

  void OpenAll() {
    metrics_.reset();
    Reopen();
    auto metrics = MetricsStore::Open(*engine_);
    LUMA_ASSERT_OK(metrics);
    metrics_ = std::move(metrics).value();
  }
  std::future<Result<WriteSummary>> Send(const std::string& series, UnixMillis at, double value) {
    auto answer = std::make_shared<std::promise<Result<WriteSummary>>>();
    metrics_->Write(
        MakeBatch({{.labels = TestLabels(series), .samples = {{at, value}}}}),
        [answer](Result<WriteSummary> result) { answer->set_value(std::move(result)); });
    return answer->get_future();
  }
  void Write(const std::string& series, UnixMillis at, double value) {
    LUMA_EXPECT_OK(Send(series, at, value).get());
  }
  std::vector<std::pair<UnixMillis, double>> Samples(const std::string& series) {
    const auto selected = metrics_->Select({}, TimeRange{}, {});
    EXPECT_TRUE(selected.ok()) << selected.status();
    std::vector<std::pair<UnixMillis, double>> samples;
    for (const SeriesSamples& one : *selected) {
      if (one.labels != TestLabels(series)) continue;
      for (size_t i = 0; i < one.timestamps.size(); ++i) {
        samples.emplace_back(one.timestamps[i], one.values[i]);
      }
    }
    return samples;
  }
  std::vector<std::pair<UnixMillis, double>> ColdSamplesWith(UnixMillis at, double value) {
    std::vector<std::pair<UnixMillis, double>> samples;
    for (int i = 0; i < 10; ++i) samples.emplace_back(kOld + i, i);
    samples.emplace_back(kColdNow, 100);
    samples.emplace_back(kColdNow + 1, 101);
    std::erase_if(samples, [&](const auto& sample) { return sample.first == at; });
    samples.emplace_back(at, value);
    std::ranges::sort(samples);
    return samples;
  }

  std::unique_ptr<MetricsStore> metrics_;
};

TEST_F(ColdLateWriteTest, ARepeatedReplacedOrNewLateSampleIsThereOnce) {
  Write("a", kOld + 3, 3);
  EXPECT_EQ(Samples("a"), ColdSamplesWith(kOld + 3, 3));
  EXPECT_EQ(metrics_->write_stats().samples_duplicate, 1u);
  Write("a", kOld + 3, -3);
  EXPECT_EQ(Samples("a"), ColdSamplesWith(kOld + 3, -3));
  EXPECT_EQ(metrics_->write_stats().samples_replaced, 1u);
  EXPECT_EQ(metrics_->write_stats().cold_writes, 2u);
  Write("a", kOld + 3, 3);
  Write("a", kOld + 60'000, 60);  // no cold block has this time: nothing to wait for
  EXPECT_EQ(metrics_->write_stats().cold_writes, 3u);
  EXPECT_EQ(Samples("a"), ColdSamplesWith(kOld + 60'000, 60));
}

// Before, the late sample was looked up while no other write of metrics could get in.
TEST_F(ColdLateWriteTest, NobodyElseWaitsForTheObjectStore) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::promise<void> reached;
  bool is_first = true;
  store_->SetScript([&](io::ObjectOperation, const std::string&) {
    if (std::exchange(is_first, false)) reached.set_value();
    released.wait();
    return io::ObjectFault();
  });
  auto late = Send("a", kOld + 3, -3);
  reached.get_future().wait();
  std::vector<std::future<Result<WriteSummary>>> others;
  others.push_back(Send("a", kColdNow + 2, 102));    // newer than all of its series
  others.push_back(Send("new", kColdNow, 1));        // a series that nobody knows
  others.push_back(Send("a", kOld - 3'600'000, 1));  // late, but nothing cold is that old
  for (auto& other : others) {
    const bool is_done = other.wait_for(kHanging) == std::future_status::ready;
    EXPECT_TRUE(is_done);
  }
  EXPECT_NE(late.wait_for(std::chrono::seconds(0)), std::future_status::ready);
  release.set_value();
  LUMA_EXPECT_OK(late.get());
  for (auto& other : others) LUMA_EXPECT_OK(other.get());
  EXPECT_EQ(Samples("a").size(), 14u);
  EXPECT_EQ(Samples("a")[4].second, -3);
}

TEST_F(ColdLateWriteTest, WithoutTheStoreOnlyWhatItHasToBeComparedWithIsRefused) {
  Down();
  auto late = Send("a", kOld + 3, -3);
  auto other = Send("new", kColdNow, 1);
  EXPECT_EQ(late.get().status().code(), StatusCode::kUnavailable) << "senders repeat it";
  LUMA_EXPECT_OK(other.get());
  Up();
  Write("a", kOld + 3, -3);
  EXPECT_EQ(Samples("a"), ColdSamplesWith(kOld + 3, -3));
  EXPECT_EQ(Samples("new").size(), 1u);
}

TEST_F(ColdLateWriteTest, ASampleDeletedWhileItsRepeatWaitsIsStoredAnew) {
  std::vector<RowId> third;
  const TableSnapshotPtr samples = *engine_->Read(kSamplesTableId);
  third.push_back(MakeRowId(samples->runs()[0]->id(), 3));
  bool is_first = true;
  store_->SetScript([&](io::ObjectOperation, const std::string&) {
    if (std::exchange(is_first, false)) {
      auto transaction = engine_->Begin();
      LUMA_EXPECT_OK(transaction->Delete(kSamplesTableId, third));
      LUMA_EXPECT_OK(transaction->Commit());
    }
    return io::ObjectFault();
  });
  Write("a", kOld + 3, 3);
  EXPECT_EQ(Samples("a"), ColdSamplesWith(kOld + 3, 3));
  EXPECT_EQ(metrics_->write_stats().samples_duplicate, 0u);
}

TEST_F(ColdLateWriteTest, AStartNeedsNoStoreEvenWhenASidecarIsLost) {
  LUMA_ASSERT_OK(engine_->Flush());
  metrics_.reset();
  engine_.reset();
  LUMA_ASSERT_OK(disk_.Remove("/data/cold/" + ColdFiles()[0]));
  static_cast<void>(disk_.Remove("/data/expiry_clock"));
  Down();
  OpenAll();
  ASSERT_NE(metrics_, nullptr);
  Write("new", kColdNow, 1);
  EXPECT_EQ(Send("a", kColdNow + 2, 102).get().status().code(), StatusCode::kUnavailable)
      << "it may be among the cold ones";
  Up();
  Write("a", kColdNow + 2, 102);
  Write("a", kOld + 3, 3);
  EXPECT_EQ(metrics_->write_stats().samples_duplicate, 1u);
  EXPECT_EQ(Samples("a").size(), 13u);
}

}  // namespace
}  // namespace luma::storage
