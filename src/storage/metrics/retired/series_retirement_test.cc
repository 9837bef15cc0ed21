// Series that leave memory and come back, in a store.
#include <gmock/gmock.h>

#include <thread>

#include "storage/metrics/testing/retirement_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(SeriesRetirementTest, IdleSeriesLeaveMemoryAndAreFound) {
  WriteOne("a", now());
  WriteOne("b", now() + 1);
  Idle(hours(2));
  EXPECT_EQ(Retire(), 2u);
  EXPECT_EQ(active(), 1u);
  EXPECT_EQ(store().retired_stats().series, 2u);
  EXPECT_THAT(Instances(), ElementsAre("a", "b", "steady"));
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow));
  EXPECT_THAT(*store().LabelNames({}, {}, {}), ElementsAre("__name__", "instance"));
  EXPECT_EQ((*store().Series(Instance("b"), {}, {}))[0], TestLabels("b"));
  EXPECT_EQ(Retire(), 0u);
}

TEST_F(SeriesRetirementTest, TimesOfAQueryChooseThePartitions) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), ElementsAre("a"));
  EXPECT_THAT(Instances({.min = now(), .max = now()}), ElementsAre("steady"));
  // Of other times nothing is read: damage is not even noticed.
  for (const io::Path& path : Partitions()) disk_.FlipBit(path, 14, 0);
  const TimeRange later{.min = kTestNow + kHour, .max = now()};
  EXPECT_THAT(Instances(later), ElementsAre("steady"));
  EXPECT_TRUE(store().Select(Instance("a"), later, {}).ok());
}

TEST_F(SeriesRetirementTest, SeriesThatGetSamplesAgainKeepTheirIds) {
  WriteOne("a", now());
  const SeriesId id = IdOf("a");
  Idle(hours(2));
  Retire();
  WriteOne("a", now());
  EXPECT_EQ(IdOf("a"), id);
  EXPECT_EQ(store().series_returned(), 1u);
  EXPECT_EQ(active(), 2u);
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow, now()));
  EXPECT_EQ((*instance_->engine->Read(kSeriesTableId))->VisibleRowCount(), 2u);
  Reopen();
  EXPECT_EQ(active(), 2u) << "it must be active after a restart, too";
  EXPECT_THAT(TimesOf("a", {.min = now(), .max = now()}), ElementsAre(now()));
}

TEST_F(SeriesRetirementTest, SendersThatKnowTheIdAreServed) {
  WriteOne("a", now());
  std::array<SeriesId, 1> ids;
  store().FindSeries(std::array{TestLabels("a").Hash()}, ids);
  Idle(hours(2));
  Retire();
  SeriesBatch batch;
  batch.StartSeries(ids[0]);
  batch.AddSample({now(), 2});
  ASSERT_TRUE(WriteAndWait(store(), batch).ok());
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow, now()));
}

TEST_F(SeriesRetirementTest, LateAndRepeatedSamplesOfRetiredSeriesAreStoredOnce) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  WriteOne("a", kTestNow);
  EXPECT_EQ(store().write_stats().samples_duplicate, 1u);
  WriteOne("a", kTestNow - 5);
  WriteOne("a", kTestNow + 5);
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow - 5, kTestNow, kTestNow + 5));
  Retire();
  EXPECT_EQ(active(), 1u);
  EXPECT_THAT(Instances({.min = kTestNow - 5, .max = kTestNow - 5}), ElementsAre("a"));
  EXPECT_THAT(Instances({.min = kTestNow + 5, .max = kTestNow + 5}), ElementsAre("a"));
}

TEST_F(SeriesRetirementTest, ARestartLoadsActiveSeriesOnly) {
  for (int i = 0; i < 20; ++i) WriteOne("gone" + std::to_string(i), now() + i);
  Idle(hours(2));
  EXPECT_EQ(Retire(), 20u);
  Flush();
  Reopen();
  EXPECT_EQ(active(), 1u);
  EXPECT_EQ(store().retired_stats().series, 20u);
  EXPECT_THAT(Instances(), SizeIs(21));
  WriteOne("new", now());
  EXPECT_THAT(Instances(), SizeIs(22));
}

// After a restart the newest timestamps of series are not known.
TEST_F(SeriesRetirementTest, AfterARestartTheTablesTellWhoIsIdle) {
  WriteOne("gone", now());
  Idle(hours(2));
  WriteOne("busy", now());
  Reopen();
  Pass(minutes(30));
  EXPECT_EQ(Retire(), 1u);
  EXPECT_EQ(active(), 2u);
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), ElementsAre("gone"));
  Pass(minutes(40));
  EXPECT_EQ(Retire(), 2u);
  EXPECT_THAT(Instances({.min = kTestNow + 2 * kHour, .max = kTestNow + 2 * kHour}),
              ElementsAre("busy", "steady"));
}

TEST_F(SeriesRetirementTest, PartitionsOfOneDayAreMerged) {
  for (int i = 0; i < 5; ++i) {
    WriteOne("gone" + std::to_string(i), now());
    Idle(minutes(70));
    EXPECT_EQ(Retire(), 1u);
  }
  EXPECT_LE(store().retired_stats().partitions, 2u) << "a day may end meanwhile";
  EXPECT_EQ(Partitions().size(), store().retired_stats().partitions);
  EXPECT_THAT(Instances(), SizeIs(6));
  Reopen();
  EXPECT_THAT(Instances(), SizeIs(6));
}

TEST_F(SeriesRetirementTest, APartitionThatMostSeriesLeftIsWrittenAnew) {
  for (int i = 0; i < 8; ++i) WriteOne("a" + std::to_string(i), now());
  Idle(hours(2));
  EXPECT_EQ(Retire(), 8u);
  const std::vector<io::Path> before = Partitions();
  const uint64_t bytes = store().retired_stats().file_bytes;
  for (int i = 0; i < 3; ++i) WriteOne("a" + std::to_string(i), now());
  EXPECT_EQ(Retire(), 0u);
  EXPECT_EQ(Partitions(), before) << "less than half of them left";
  WriteOne("a3", now());
  EXPECT_EQ(Retire(), 0u);
  EXPECT_THAT(Partitions(), SizeIs(1));
  EXPECT_NE(Partitions(), before);
  EXPECT_LT(store().retired_stats().file_bytes, bytes);
  EXPECT_EQ(store().retired_stats().series, 4u);
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), SizeIs(8));
  const SeriesId id = IdOf("a4");
  WriteOne("a4", now());
  EXPECT_EQ(IdOf("a4"), id);
  Reopen();
  EXPECT_EQ(active(), 6u);
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), SizeIs(8));
}

TEST_F(SeriesRetirementTest, APartitionThatAllSeriesLeftWhileItWasWrittenAnewIsRemoved) {
  WriteOne("a", now());
  WriteOne("b", now());
  Idle(hours(2));
  Retire();
  WriteOne("a", now());
  bool has_run = false;
  disk_.SetSyncHook([&](const io::Path& path) {
    if (has_run || path.find(".series") == path.npos) return;
    has_run = true;
    WriteOne("b", now());
  });
  EXPECT_EQ(Retire(), 0u);
  disk_.SetSyncHook({});
  EXPECT_TRUE(has_run);
  EXPECT_THAT(Partitions(), IsEmpty());
  EXPECT_EQ(store().retired_stats().partitions, 0u);
  Reopen();
  EXPECT_EQ(active(), 3u);
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), ElementsAre("a", "b"));
}

TEST_F(SeriesRetirementTest, LongLivesHavePartitionsOfTheirOwn) {
  WriteOne("long", now());
  Flush();
  Idle(hours(100));
  WriteOne("long", now());
  WriteOne("short", now());
  Flush();
  Idle(hours(2));
  EXPECT_EQ(Retire(), 2u);
  EXPECT_EQ(store().retired_stats().partitions, 2u);
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), ElementsAre("long"));
}

TEST_F(SeriesRetirementTest, DeletedSeriesLeaveTheirPartitions) {
  WriteOne("a", now());
  WriteOne("b", now());
  Idle(hours(2));
  Retire();
  EXPECT_EQ(*store().DeleteSamples({Instance("a")}, {}), 1u);
  EXPECT_THAT(Instances(), ElementsAre("b", "steady"));
  EXPECT_EQ(store().retired_stats().series, 1u);
  EXPECT_EQ((*instance_->engine->Read(kSeriesTableId))->VisibleRowCount(), 2u);
  WriteOne("a", now());
  EXPECT_THAT(TimesOf("a"), ElementsAre(now()));
  EXPECT_EQ(*store().DeleteSamples({Instance("b")}, {}), 1u);
  EXPECT_EQ(store().retired_stats().partitions, 0u);
  EXPECT_THAT(Partitions(), IsEmpty());
  Reopen();
  EXPECT_THAT(Instances(), ElementsAre("a", "steady"));
}

TEST_F(SeriesRetirementTest, RulesOfRetentionHoldForRetiredSeries) {
  WriteOne("a", now());
  WriteOne("b", now());
  Idle(hours(2));
  Retire();
  store().SetRetentionRules({{.match = Instance("a"), .keep = hours(1)}});
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_THAT(Instances(), ElementsAre("b", "steady"));
  EXPECT_EQ(store().retired_stats().series, 1u);
}

TEST_F(SeriesRetirementTest, SamplesOfRetiredSeriesAreRolledUp) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  RollUp(hours(1));
  EXPECT_EQ(store().rolled_up().samples_in, 1u);
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow));
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), ElementsAre("a"));
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_THAT(Instances(), ElementsAre("a", "steady"));
}

// After a restart the newest sample of the registry is older than what was rolled up.
TEST_F(SeriesRetirementTest, SeriesWhoseSamplesAreAllRolledUpAreFoundAtTheirTimes) {
  for (const bool are_rows_cleaned : {false, true}) {
    SCOPED_TRACE(are_rows_cleaned);
    const UnixMillis time = now();
    const std::string instance = "a" + std::to_string(time);
    WriteOne(instance, time);
    Flush();
    Pass(hours(5));
    RollUp(hours(1));
    Flush();
    if (are_rows_cleaned) ASSERT_TRUE(store().CleanTombstones().ok());
    Reopen();
    EXPECT_EQ(Retire(), 1u);
    EXPECT_THAT(Instances({.min = time, .max = time}), ElementsAre(instance));
  }
}

TEST_F(SeriesRetirementTest, ASampleBeforeWhatWasRolledUpDoesNotHideIt) {
  WriteOne("a", now());
  Pass(hours(5));
  RollUp(hours(1));
  WriteOne("steady", now());
  Flush();
  Reopen();
  WriteOne("a", kTestNow - kHour);
  EXPECT_EQ(Retire(), 1u);
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), ElementsAre("a"));
}

TEST_F(SeriesRetirementTest, SeriesOfExemplarsAloneStay) {
  for (int i = 0; i < 2; ++i) {
    SeriesBatch batch;
    batch.StartSeries(TestLabels("a"));
    batch.AddExemplar(now() + i, 1, MakeLabels({{"trace_id", "x"}}));
    ASSERT_TRUE(WriteAndWait(store(), batch).ok());
    EXPECT_EQ(Retire(), 0u) << "an exemplar has just come";
  }
}

TEST_F(SeriesRetirementTest, ManySeriesComeBackTogether) {
  std::vector<TestSeries> all;
  for (int i = 0; i < 5'000; ++i) {
    all.push_back({TestLabels("a" + std::to_string(i)), {{now(), 1}}});
  }
  ASSERT_TRUE(WriteAndWait(store(), MakeBatch(all)).ok());
  Idle(hours(2));
  EXPECT_EQ(Retire(), all.size());
  for (TestSeries& series : all) series.samples = {{now(), 2}};
  ASSERT_TRUE(WriteAndWait(store(), MakeBatch(all)).ok());
  EXPECT_EQ(store().series_returned(), all.size());
  EXPECT_EQ(active(), all.size() + 1);
  EXPECT_EQ(store().retired_stats().series, 0u);
  EXPECT_THAT(TimesOf("a4999"), ElementsAre(kTestNow, now()));
}

TEST_F(SeriesRetirementTest, PassesReadPartitionsOfTheirTimesAlone) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  store().SetRetentionRules({{.match = Instance("b"), .keep = hours(1)}});
  store().SetDownsampling(
      {{.match_text = "b", .match = Instance("b"), .after = hours(1), .resolution = minutes(5)}},
      minutes(10));
  ASSERT_TRUE(store().Expire().ok());  // the first ones read everything
  ASSERT_TRUE(store().Downsample().ok());
  DamagePartitions();
  ASSERT_FALSE(store().directory().Select(Instance("b")).ok());
  EXPECT_TRUE(store().Expire().ok());
  EXPECT_TRUE(store().Downsample().ok());
}

// Goal: no rule takes what an earlier one may keep.
TEST_F(SeriesRetirementTest, NothingExpiresThatARuleMayKeepWhoseSeriesCannotBeRead) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  store().SetRetentionRules(
      {{.match = Instance("a"), .keep = hours(100)}, {.match = {}, .keep = hours(1)}});
  DamagePartitions();
  EXPECT_FALSE(store().Expire().ok());
  EXPECT_EQ(Retire(), 1u) << "in a new partition";
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow));
}

// A flood of series with long labels has taken all memory: that they leave makes room.
TEST_F(SeriesRetirementTest, SeriesLeaveWhenThereIsNoMemoryLeft) {
  std::vector<TestSeries> all;
  for (int i = 0; i < 300; ++i) {
    const std::string instance = std::to_string(i) + std::string(10'000, 'x');
    all.push_back({TestLabels(instance), {{now(), 1}}});
  }
  ASSERT_TRUE(WriteAndWait(store(), MakeBatch(all)).ok());
  Idle(hours(2));
  instance_->engine->budget().RefuseBooking(1, /*forever=*/true);
  EXPECT_EQ(Retire(), all.size());
  instance_->engine->budget().RefuseBooking(0);
  EXPECT_GT(Partitions().size(), 1u) << "a small one after the other";
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), SizeIs(all.size()));
  WriteOne("a", kTestNow + 1);
  EXPECT_EQ(Retire(), 1u);
  EXPECT_THAT(Partitions(), SizeIs(1)) << "with room for a large one";
  EXPECT_THAT(Instances(), SizeIs(all.size() + 2));
}

TEST_F(SeriesRetirementTest, PassesOfTwoThreadsAreOneAtATime) {
  for (int round = 0; round < 30; ++round) {
    for (int i = 0; i < 10; ++i) WriteOne(std::to_string(round % 7) + std::to_string(i), now());
    Pass(hours(2));
    std::thread other([&] { Retire(); });
    Retire();
    other.join();
    ASSERT_EQ(active() + store().retired_stats().series,
              (*instance_->engine->Read(kSeriesTableId))->VisibleRowCount());
    ASSERT_EQ(Partitions().size(), store().retired_stats().partitions);
  }
}

TEST_F(SeriesRetirementTest, ExemplarsOfRetiredSeriesAreFound) {
  SeriesBatch batch;
  batch.StartSeries(TestLabels("a"));
  batch.AddSample({now(), 1});
  batch.AddExemplar(now() + 3 * kHour, 1, MakeLabels({{"trace_id", "x"}}));
  ASSERT_TRUE(WriteAndWait(store(), batch).ok());
  Idle(hours(2));
  EXPECT_EQ(Retire(), 1u);
  const std::vector<Matchers> selectors = {Instance("a")};
  const auto found =
      store().Exemplars(selectors, {.min = kTestNow + 2 * kHour, .max = kTestNow + 4 * kHour}, {});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_THAT(*found, SizeIs(1));
  EXPECT_EQ(found->front().labels, TestLabels("a"));
}

}  // namespace
}  // namespace luma::storage
