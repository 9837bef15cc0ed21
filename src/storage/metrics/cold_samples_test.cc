#include "storage/metrics/cold_samples.h"

#include <gmock/gmock.h>

#include "base/log.h"
#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr UnixMillis kOld = kColdNow - 48 * kHourMillis;

// One cold run of samples of series 1 and 2, at kOld and after, and what was read of it.
class ColdSamplesTest : public ColdTest {
 protected:
  ColdSamplesTest() {
    auto metrics = MetricsStore::Open(*engine_);
    EXPECT_TRUE(metrics.ok());
    LUMA_EXPECT_OK(WriteAndWait(
        **metrics,
        MakeBatch({{.labels = TestLabels("1"), .samples = {{kOld, 10}, {kOld + 1, 11}}},
                   {.labels = TestLabels("2"), .samples = {{kOld, 20}, {kOld + 9, 29}}}})));
    metrics->reset();
    LUMA_EXPECT_OK(engine_->Flush());
    LUMA_EXPECT_OK(engine_->MoveCold());
    samples_ = *engine_->Read(kSamplesTableId);
  }

  static LateSamples Late(const std::vector<uint32_t>& series, UnixMillis from, UnixMillis to) {
    LateSamples late{.series = {}, .range = {.min = from, .max = to}};
    for (const uint32_t id : series) late.series.add(id);
    return late;
  }
  Status Read(const LateSamples& late) {
    return cold_.Read(*samples_, late,
                      [](SeriesId, UnixMillis timestamp) { return timestamp == kOld; });
  }
  const RunView& run() const { return *samples_->runs()[0]; }
  std::vector<double> Values() {
    std::vector<double> values;
    cold_.Visit(run(), [&](const ColdSamples::Sample& sample) { values.push_back(sample.value); });
    return values;
  }

  TableSnapshotPtr samples_;
  ColdSamples cold_;
};

TEST_F(ColdSamplesTest, KeepsWhatIsWantedAndTheNewestOfEachSeries) {
  ASSERT_TRUE(ColdSamples::IsCold(run()));
  LUMA_ASSERT_OK(Read(Late({1, 2}, kOld, INT64_MAX)));
  EXPECT_THAT(Values(), UnorderedElementsAre(10, 11, 20, 29));
}

TEST_F(ColdSamplesTest, HasOnlyTheSeriesAndTimesItRead) {
  const LateSamples late = Late({2}, kOld, kOld + 5);
  EXPECT_FALSE(cold_.Has(run(), late));
  LUMA_ASSERT_OK(Read(late));
  EXPECT_TRUE(cold_.Has(run(), late));
  EXPECT_TRUE(cold_.Has(run(), Late({2}, kOld + 1, kOld + 2)));
  EXPECT_FALSE(cold_.Has(run(), Late({1, 2}, kOld, kOld + 5)));
  EXPECT_FALSE(cold_.Has(run(), Late({2}, kOld, kOld + 6)));
  EXPECT_FALSE(cold_.Has(run(), Late({2}, kOld - 1, kOld + 5)));
  EXPECT_THAT(Values(), ElementsAre(20));
}

TEST_F(ColdSamplesTest, LeavesOutRowsThatWereDeletedSince) {
  LUMA_ASSERT_OK(Read(Late({1}, kOld, kOld)));
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(
      transaction->Delete(kSamplesTableId, std::vector<RowId>{MakeRowId(run().id(), 0)}));
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_THAT(Values(), ElementsAre(10));
  samples_ = *engine_->Read(kSamplesTableId);
  EXPECT_THAT(Values(), IsEmpty());
  EXPECT_TRUE(cold_.Has(run(), Late({1}, kOld, kOld))) << "the run is the same";
}

TEST_F(ColdSamplesTest, AStoreThatIsDownIsNotAskedForWhatWasRead) {
  const LateSamples late = Late({1}, kOld, kOld);
  LUMA_ASSERT_OK(Read(late));
  Down();
  LUMA_EXPECT_OK(Read(late));
}

}  // namespace
}  // namespace luma::storage
