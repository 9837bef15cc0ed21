// Series that leave memory and come back, in a store.
#include <gmock/gmock.h>

#include <functional>
#include <random>
#include <set>
#include <thread>

#include "base/failpoint.h"
#include "base/log.h"
#include "encoding/testing/test_seed.h"
#include "storage/metrics/retired/partition_format.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr UnixMillis kMinute = 60'000;
constexpr UnixMillis kHour = 60 * kMinute;
constexpr std::string_view kDirectory = "/data/series";

class SeriesRetirementTest : public testing::Test {
 protected:
  SeriesRetirementTest() {
    SetLogLevel(LogLevel::kOff);
    Reopen();
  }
  ~SeriesRetirementTest() override {
    static_cast<void>(failpoint::Arm(""));
    SetLogLevel(LogLevel::kInfo);
  }

  void Reopen() {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_, Options());
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  MetricsOptions Options() {
    MetricsOptions options;
    options.retirement = {.fs = &disk_, .directory = io::Path(kDirectory), .after = hours(1)};
    return options;
  }
  // As a backup does.
  void OpenAtRest() {
    EngineOptions options{.data_dir = "/data"};
    options.background_flush = false;
    const auto engine = MultiTierStorage::Open(options, disk_, clock_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    RenewSeriesList(disk_, io::Path(kDirectory), **engine);
  }
  void Flush() { ASSERT_TRUE(instance_->engine->Flush().ok()); }
  MetricsStore& store() { return *instance_->store; }
  void RollUp(std::chrono::milliseconds after) {
    store().SetDownsampling(
        {{.match_text = "", .match = {}, .after = after, .resolution = minutes(5)}}, minutes(10));
    ASSERT_TRUE(store().Downsample().ok());
  }
  UnixMillis now() const { return clock_.NowMillis(); }
  void Pass(std::chrono::milliseconds time) { clock_.Advance(time); }

  void WriteOne(std::string_view instance, UnixMillis time, double value = 1) {
    const auto summary =
        WriteAndWait(store(), MakeBatch({{TestLabels(instance), {{time, value}}}}));
    ASSERT_TRUE(summary.ok()) << summary.status();
    ASSERT_EQ(summary->samples_stored, 1u);
  }
  uint64_t Retire() {
    const auto retired = store().RetireSeries();
    EXPECT_TRUE(retired.ok()) << retired.status();
    return retired.ok() ? *retired : 0;
  }
  std::vector<std::string> Instances(TimeRange range = {}) {
    const auto values = store().LabelValues("instance", {}, range, ReadLimits());
    EXPECT_TRUE(values.ok()) << values.status();
    return values.ok() ? *values : std::vector<std::string>();
  }
  static Matchers Instance(std::string value) {
    return {*Matcher::Create("instance", MatchOp::kEqual, std::move(value))};
  }
  std::vector<UnixMillis> TimesOf(std::string_view instance, TimeRange range = {}) {
    const auto found = store().Select(Instance(std::string(instance)), range, {});
    EXPECT_TRUE(found.ok()) << found.status();
    if (!found.ok() || found->empty()) return {};
    EXPECT_THAT(*found, SizeIs(1));
    return found->front().timestamps;
  }
  SeriesId IdOf(std::string_view instance) {
    const SeriesBitmap ids = *store().directory().Select(Instance(std::string(instance)));
    EXPECT_EQ(ids.cardinality(), 1u);
    return SeriesId{ids.minimum()};
  }
  uint64_t active() { return store().registry().series_count(); }
  std::vector<io::Path> Partitions() {
    std::vector<io::Path> paths;
    for (const std::string& name : *disk_.List(io::Path(kDirectory))) {
      if (name.ends_with(".series")) paths.push_back(io::JoinPath(kDirectory, name));
    }
    return paths;
  }
  // All their blocks.
  void DamagePartitions() {
    for (const io::Path& path : Partitions()) {
      for (uint64_t offset = kPartitionHeaderBytes; offset < 100; ++offset) {
        disk_.FlipBit(path, offset, 0);
      }
    }
  }
  // Writes to "steady" so that the store has new samples.
  void Idle(std::chrono::milliseconds time) {
    Pass(time);
    WriteOne("steady", now());
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<MetricsInstance> instance_;
};

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

// ---- damage and failures

TEST_F(SeriesRetirementTest, LostAndDamagedFilesAreMadeAnew) {
  for (const std::string damaged : {"index", "partition", "lost"}) {
    SCOPED_TRACE(damaged);
    WriteOne("a", now());
    Idle(hours(2));
    Retire();
    ASSERT_THAT(Partitions(), SizeIs(1));
    const io::Path partition = Partitions()[0];
    if (damaged == "index") disk_.FlipBit(io::JoinPath(kDirectory, "index"), 9, 1);
    if (damaged == "partition") disk_.FlipBit(partition, *disk_.FileSize(partition) - 1, 1);
    if (damaged == "lost") ASSERT_TRUE(disk_.Remove(partition).ok());
    Reopen();
    EXPECT_EQ(active(), 2u);
    EXPECT_THAT(Partitions(), IsEmpty());
    EXPECT_THAT(Instances(), ElementsAre("a", "steady"));
    // The list must not bring the partition back.
    WriteOne("a", now());
    Reopen();
    EXPECT_EQ(active(), 2u);
    EXPECT_THAT(TimesOf("a", {.min = now(), .max = now()}), ElementsAre(now()));
    Idle(hours(2));
    Retire();
    EXPECT_EQ(active(), 1u);
    WriteOne("a", now());
  }
}

TEST_F(SeriesRetirementTest, DamageWhileRunningIsToldAndMended) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  disk_.FlipBit(Partitions()[0], 14, 1);  // in the block of labels
  EXPECT_EQ(store().Series({}, {}, {}).status().code(), StatusCode::kCorruption);
  Retire();
  EXPECT_EQ((*store().Series({}, {}, {})).size(), 2u);
  EXPECT_EQ(active(), 1u) << "in a new partition";
}

TEST_F(SeriesRetirementTest, WritesOfSeriesOfADamagedPartitionGoOn) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  disk_.FlipBit(Partitions()[0], 14, 1);
  WriteOne("a", now());
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow, now()));
  EXPECT_EQ((*instance_->engine->Read(kSeriesTableId))->VisibleRowCount(), 2u);
}

// An older version does the same: it writes samples and leaves the list as it is.
TEST_F(SeriesRetirementTest, AListThatMissedAStartDoesNotCount) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  Flush();
  instance_.reset();
  {
    EngineOptions options{.data_dir = "/data"};
    options.background_flush = false;
    ASSERT_TRUE(MultiTierStorage::Open(options, disk_, clock_).ok());
  }
  Reopen();
  EXPECT_EQ(active(), 2u);
  EXPECT_THAT(Instances(), ElementsAre("a", "steady"));
  Idle(hours(2));
  EXPECT_EQ(Retire(), 1u);
  Reopen();
  EXPECT_EQ(active(), 1u);
}

TEST_F(SeriesRetirementTest, AStartThatFailsLeavesTheListToTheNext) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  Flush();
  for (const std::string point : {"metrics_store.bounds", "series_loader.block"}) {
    SCOPED_TRACE(point);
    ASSERT_TRUE(failpoint::Arm(point + ":1:error").ok());
    instance_.reset();
    EXPECT_FALSE(MetricsInstance(disk_, clock_, Options()).status.ok());
    ASSERT_TRUE(failpoint::Arm("").ok());
    Reopen();
    EXPECT_EQ(active(), 1u);
    EXPECT_THAT(Instances(), ElementsAre("a", "steady"));
  }
}

TEST_F(SeriesRetirementTest, ABackupAtRestLeavesTheListToTheNextStart) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  for (const bool is_full : {false, true}) {
    SCOPED_TRACE(is_full);
    instance_.reset();
    if (is_full) disk_.SetCapacity(1);
    OpenAtRest();
    disk_.SetCapacity(UINT64_MAX);
    Reopen();
    EXPECT_EQ(active(), 1u);
    EXPECT_THAT(Instances(), ElementsAre("a", "steady"));
  }
}

TEST_F(SeriesRetirementTest, ABackupAtRestMakesNoListCount) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  const io::Path index = io::JoinPath(kDirectory, "index");
  const Bytes old_index = *io::ReadFile(disk_, index);
  WriteOne("a", now());
  Reopen();
  instance_.reset();
  ASSERT_TRUE(io::WriteFileAtomically(disk_, index, old_index).ok());
  OpenAtRest();
  EXPECT_EQ(*io::ReadFile(disk_, index), old_index);
  Reopen();
  EXPECT_EQ(active(), 2u);
  EXPECT_THAT(TimesOf("a", {.min = now(), .max = now()}), ElementsAre(now()));
}

TEST_F(SeriesRetirementTest, FilesOfEarlierTimesDoNotCount) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  const io::Path index = io::JoinPath(kDirectory, "index");
  const io::Path partition = Partitions()[0];
  const Bytes old_index = *io::ReadFile(disk_, index);
  const Bytes old_partition = *io::ReadFile(disk_, partition);
  WriteOne("a", now());
  Reopen();
  instance_.reset();
  ASSERT_TRUE(io::WriteFileAtomically(disk_, index, old_index).ok());
  ASSERT_TRUE(io::WriteFileAtomically(disk_, partition, old_partition).ok());
  Reopen();
  EXPECT_EQ(active(), 2u);
  EXPECT_THAT(TimesOf("a", {.min = now(), .max = now()}), ElementsAre(now()));
}

TEST_F(SeriesRetirementTest, PartitionsThatChangedPlacesDoNotCount) {
  WriteOne("long", now());
  Flush();
  Idle(hours(100));
  WriteOne("long", now());
  WriteOne("short", now());
  Flush();
  Idle(hours(2));
  Retire();
  const std::vector<io::Path> paths = Partitions();
  ASSERT_THAT(paths, SizeIs(2));
  const Bytes first = *io::ReadFile(disk_, paths[0]);
  const Bytes second = *io::ReadFile(disk_, paths[1]);
  instance_.reset();
  ASSERT_TRUE(io::WriteFileAtomically(disk_, paths[0], second).ok());
  ASSERT_TRUE(io::WriteFileAtomically(disk_, paths[1], first).ok());
  Reopen();
  EXPECT_EQ(active(), 3u);
  EXPECT_THAT(Partitions(), IsEmpty());
  EXPECT_THAT(Instances({.min = kTestNow, .max = kTestNow}), ElementsAre("long"));
}

TEST_F(SeriesRetirementTest, AListOfAnotherDatabaseDoesNotCount) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  instance_.reset();
  MemoryBudget budget(1 << 20);
  DatabaseStart start;
  const io::Path path = io::JoinPath(kDirectory, "index");
  SeriesIndexFile index = *DecodeSeriesIndex(*io::ReadFile(disk_, path));
  start.uuid = index.uuid;
  start.epoch = index.epoch + 1;
  EXPECT_EQ((*RetiredSeries::Open(disk_, io::Path(kDirectory), budget, start))->stats().series, 1u);
  start.uuid[0] ^= std::byte{1};
  ++start.epoch;
  disk_.SetFault(io::SimFault{.step = disk_.steps(), .forever = true});
  const auto unwritable = RetiredSeries::Open(disk_, io::Path(kDirectory), budget, start);
  ASSERT_TRUE(unwritable.ok()) << unwritable.status();
  EXPECT_EQ((*unwritable)->stats().series, 0u);
  disk_.SetFault(std::nullopt);
  EXPECT_THAT(*disk_.List(io::Path(kDirectory)), testing::Contains("index"));
  disk_.SetCapacity(1);  // a server starts on a full disk, too
  EXPECT_EQ((*RetiredSeries::Open(disk_, io::Path(kDirectory), budget, start))->stats().series, 0u);
  EXPECT_THAT(*disk_.List(io::Path(kDirectory)), testing::Not(testing::Contains("index")));
  disk_.SetCapacity(UINT64_MAX);
}

TEST_F(SeriesRetirementTest, WritesOfSeriesOfACutPartitionGoOn) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  ASSERT_TRUE(disk_.Create(Partitions()[0], io::CreateMode::kTruncate).ok());
  EXPECT_FALSE(store().Series({}, {}, {}).ok());
  WriteOne("a", now());
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow, now()));
}

TEST_F(SeriesRetirementTest, AFolderBesidePartitionsIsLeftAlone) {
  ASSERT_TRUE(disk_.CreateDirectories(io::JoinPath(kDirectory, "lost+found")).ok());
  Reopen();
  WriteOne("a", now());
  Idle(hours(2));
  EXPECT_EQ(Retire(), 1u);
}

TEST_F(SeriesRetirementTest, AFullDiskKeepsNoHalfWrittenPartitions) {
  WriteOne("a", now());
  Idle(hours(2));
  disk_.SetCapacity(1);
  EXPECT_EQ(store().RetireSeries().status().code(), StatusCode::kDiskFull);
  disk_.SetCapacity(UINT64_MAX);
  EXPECT_THAT(*disk_.List(io::Path(kDirectory)), IsEmpty());
  EXPECT_EQ(Retire(), 1u);
}

TEST_F(SeriesRetirementTest, ARepairThatFailsHalfWayChangesNothing) {
  WriteOne("a", now());
  Flush();  // so that luma.series has a block of each
  WriteOne("b", now());
  Flush();
  Idle(hours(2));
  Retire();
  disk_.FlipBit(Partitions()[0], 14, 1);
  ASSERT_TRUE(failpoint::Arm("series_loader.block:2:error").ok());
  const auto refused = WriteAndWait(store(), MakeBatch({{TestLabels("a"), {{now(), 1}}}}));
  EXPECT_EQ(refused.status().code(), StatusCode::kIoError);
  ASSERT_TRUE(failpoint::Arm("").ok());
  EXPECT_EQ(active(), 1u);
  WriteOne("a", now());
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow, now()));
  Reopen();
  EXPECT_THAT(TimesOf("a", {.min = now(), .max = now()}), ElementsAre(now()));
  EXPECT_THAT(Instances(), ElementsAre("a", "b", "steady"));
}

TEST_F(SeriesRetirementTest, PartitionsAreNotReadPastTheDeadline) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  const auto past = std::chrono::steady_clock::time_point::min();
  const SeriesDirectory& directory = store().directory();
  const SeriesBitmap ids = *directory.Select({});
  const ReadLimits too_late{.deadline = past};
  EXPECT_EQ(directory.Select(Instance("a"), {}, too_late).status().code(), StatusCode::kTimeout);
  EXPECT_EQ(directory.LabelNames(ids, too_late).status().code(), StatusCode::kTimeout);
  EXPECT_EQ(directory.LabelValues("instance", ids, too_late).status().code(), StatusCode::kTimeout);
}

TEST_F(SeriesRetirementTest, PartitionsAreNotReadForReadersThatAreGone) {
  class Gone final : public ResultMemory {
   public:
    explicit Gone(int bookings) : bookings_(bookings) {}
    Status Book(uint64_t) override {
      return bookings_-- > 0 ? Status::Ok() : Status::Cancelled("the reader is gone");
    }

   private:
    int bookings_;
  };
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  for (const int bookings : {0, 1}) {  // before all, and before the partition
    Gone gone(bookings);
    EXPECT_EQ(store().directory().Select(Instance("a"), {}, {.memory = &gone}).status().code(),
              StatusCode::kCancelled);
  }
}

// Goal: whatever step of a pass fails, every series is found, then, later and after a restart.
TEST_F(SeriesRetirementTest, FailedPassesLoseNothing) {
  for (const std::string point : {"series_partition.before_write", "series_partition.written",
                                  "series_index.before_write", "series_index.written"}) {
    SCOPED_TRACE(point);
    WriteOne("a", now());
    Idle(hours(2));
    ASSERT_TRUE(failpoint::Arm(point + ":1:error").ok());
    EXPECT_FALSE(store().RetireSeries().ok());
    ASSERT_TRUE(failpoint::Arm("").ok());
    EXPECT_EQ(active(), 2u);
    const UnixMillis old = now() - 2 * kHour;
    EXPECT_THAT(Instances({.min = old, .max = old}), testing::Contains("a"));
    WriteOne("a", now());
    Reopen();
    EXPECT_THAT(Instances({.min = now(), .max = now()}), ElementsAre("a", "steady"));
    Idle(hours(2));
    EXPECT_EQ(Retire(), 1u);
  }
}

// The new list is on the disk, and neither acknowledged nor undone.
TEST_F(SeriesRetirementTest, NothingIsWrittenWhileTheListMayNameSeriesThatStayed) {
  WriteOne("a", now());
  Idle(hours(2));
  ASSERT_TRUE(
      failpoint::Arm("series_index.written:1:error,series_index.before_write:2:error").ok());
  EXPECT_FALSE(store().RetireSeries().ok());
  ASSERT_TRUE(failpoint::Arm("series_index.before_write:1:error").ok());
  Pass(minutes(1));
  const auto refused = WriteAndWait(store(), MakeBatch({{TestLabels("steady"), {{now(), 1}}}}));
  EXPECT_EQ(refused.status().code(), StatusCode::kIoError);
  ASSERT_TRUE(failpoint::Arm("").ok());
  WriteOne("steady", now());
  WriteOne("a", now());
  Reopen();
  EXPECT_EQ(active(), 2u);
  EXPECT_THAT(TimesOf("a", {.min = now(), .max = now()}), ElementsAre(now()));
}

TEST_F(SeriesRetirementTest, AReturnThatFailsChangesNothing) {
  WriteOne("a", now());
  Idle(hours(2));
  Retire();
  ASSERT_TRUE(failpoint::Arm("series_index.before_write:1:error").ok());
  const auto refused = WriteAndWait(store(), MakeBatch({{TestLabels("a"), {{now(), 1}}}}));
  EXPECT_EQ(refused.status().code(), StatusCode::kIoError);
  ASSERT_TRUE(failpoint::Arm("").ok());
  EXPECT_EQ(active(), 1u);
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow));
  WriteOne("a", now());
  EXPECT_THAT(TimesOf("a"), ElementsAre(kTestNow, now()));
}

TEST_F(SeriesRetirementTest, ARemovalThatTheListMissesIsFoundAtTheNextStart) {
  WriteOne("a", now());
  WriteOne("b", now());
  Idle(hours(2));
  Retire();
  ASSERT_TRUE(failpoint::Arm("series_index.before_write:1:error").ok());
  ASSERT_TRUE(store().DeleteSamples({Instance("a")}, {}).ok());
  ASSERT_TRUE(failpoint::Arm("").ok());
  EXPECT_THAT(Instances(), ElementsAre("b", "steady"));
  disk_.SetCapacity(1);  // a server starts on a full disk, too
  Reopen();
  EXPECT_THAT(Instances(), ElementsAre("b", "steady"));
  disk_.SetCapacity(UINT64_MAX);
  Reopen();
  EXPECT_THAT(Instances(), ElementsAre("b", "steady"));
  WriteOne("a", now());
  Reopen();
  EXPECT_THAT(TimesOf("a"), ElementsAre(now()));
}

TEST_F(SeriesRetirementTest, AListThatCouldNotBeRenewedIsRenewedLater) {
  WriteOne("a", now());
  Idle(hours(2));
  EXPECT_EQ(Retire(), 1u);
  Flush();
  for (const bool is_full : {true, false}) {
    SCOPED_TRACE(is_full);
    if (is_full) disk_.SetCapacity(1);
    if (!is_full) ASSERT_TRUE(failpoint::Arm("series_index.before_write:1:error").ok());
    Reopen();
    EXPECT_EQ(active(), 1u);
    disk_.SetCapacity(UINT64_MAX);
    ASSERT_TRUE(failpoint::Arm("").ok());
    EXPECT_EQ(Retire(), 0u);
    WriteOne("steady", now());
    Flush();
    Reopen();
    EXPECT_EQ(active(), 1u) << "the list must count";
    EXPECT_EQ(store().retired_stats().series, 1u);
  }
}

TEST_F(SeriesRetirementTest, PartitionsStayThoughALaterOneFails) {
  WriteOne("long", now());
  Flush();
  Idle(hours(100));
  WriteOne("long", now());
  WriteOne("short", now());
  Flush();
  Idle(hours(2));
  ASSERT_TRUE(failpoint::Arm("series_partition.before_write:2:error").ok());
  EXPECT_FALSE(store().RetireSeries().ok());
  ASSERT_TRUE(failpoint::Arm("").ok());
  EXPECT_EQ(store().retired_stats().series, 1u);
  EXPECT_EQ(active(), 2u);
  EXPECT_EQ(Retire(), 1u);
  EXPECT_EQ(store().retired_stats().series, 2u);
  EXPECT_EQ(Partitions().size(), store().retired_stats().partitions);
}

// Goal: who stops the server does not wait for the partitions that a pass has still to write.
// Method: it is stopped while the first of two is written.
TEST_F(SeriesRetirementTest, APassEndsWhenTheServerStops) {
  WriteOne("long", now());
  Flush();
  Idle(hours(100));
  WriteOne("long", now());
  WriteOne("short", now());
  Flush();
  Idle(hours(2));
  std::set<io::Path> written;
  disk_.SetSyncHook([&](const io::Path& path) {
    if (path.find(".series") == path.npos) return;
    written.insert(path);
    store().CancelWork();
  });
  EXPECT_EQ(store().RetireSeries().status().code(), StatusCode::kCancelled);
  disk_.SetSyncHook({});
  EXPECT_THAT(written, SizeIs(1));
  EXPECT_THAT(Partitions(), IsEmpty());
  EXPECT_EQ(active(), 3u);
  WriteOne("short", now());
  Reopen();
  EXPECT_EQ(active(), 3u);
  Idle(hours(2));
  EXPECT_EQ(Retire(), 2u);
}

TEST_F(SeriesRetirementTest, LooksAtSamplesEndWhenTheServerStops) {
  WriteOne("a", now());
  const SeriesFilter series(*store().directory().Select({}));
  const SampleTables tables = {*instance_->engine->Read(kSamplesTableId)};
  std::atomic<bool> cancelled = false;
  EXPECT_TRUE(NewestSince(0, tables, series, cancelled).ok());
  EXPECT_TRUE(BoundSampleTimes(tables, series, cancelled).ok());
  cancelled = true;
  EXPECT_EQ(NewestSince(0, tables, series, cancelled).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(BoundSampleTimes(tables, series, cancelled).status().code(), StatusCode::kCancelled);
}

TEST_F(SeriesRetirementTest, WithoutADirectoryNoneIsRetired) {
  MemoryBudget budget(1 << 20);
  disk_.SetFault(io::SimFault{.step = disk_.steps(), .forever = true});
  const auto retired = RetiredSeries::Open(disk_, io::Path("/data/other"), budget, {});
  disk_.SetFault(std::nullopt);
  ASSERT_TRUE(retired.ok()) << retired.status();
  EXPECT_FALSE((*retired)->is_enabled());
  EXPECT_TRUE((*retired)->Settle().ok());
}

// Goal: what is written or deleted while a partition is made is in no way lost.
// Method: it happens when the file of the partition is synced.
TEST_F(SeriesRetirementTest, SeriesThatChangeMeanwhileStay) {
  for (const std::string instance : {"late", "new", "deleted", "idle"}) WriteOne(instance, now());
  Idle(hours(2));
  const UnixMillis late = kTestNow - 50 * kHour;
  bool has_run = false;
  disk_.SetSyncHook([&](const io::Path& path) {
    if (has_run || path.find(".series") == path.npos) return;
    has_run = true;
    WriteOne("late", late);
    WriteOne("new", now());
    EXPECT_EQ(*store().DeleteSamples({Instance("deleted")}, {}), 1u);
  });
  EXPECT_EQ(Retire(), 1u);
  disk_.SetSyncHook({});
  EXPECT_TRUE(has_run);
  EXPECT_EQ(active(), 3u);
  EXPECT_THAT(Instances({.min = late, .max = late}), ElementsAre("late"));
  EXPECT_THAT(Instances(), ElementsAre("idle", "late", "new", "steady"));
  Reopen();
  EXPECT_EQ(active(), 3u);
  EXPECT_THAT(Instances({.min = late, .max = late}), ElementsAre("late"));
  EXPECT_THAT(Instances(), ElementsAre("idle", "late", "new", "steady"));
}

// ---- many series, at random

struct Model {
  std::map<std::string, std::map<UnixMillis, double>> samples;  // by instance

  std::set<std::string> InstancesIn(TimeRange range) const {
    std::set<std::string> found;
    for (const auto& [instance, of_series] : samples) {
      const auto at = of_series.lower_bound(range.min);
      if (at != of_series.end() && at->first <= range.max) found.insert(instance);
    }
    return found;
  }
};

class RandomRetirementTest : public SeriesRetirementTest {
 protected:
  std::string SomeInstance() { return "i" + std::to_string(random_() % 60); }
  UnixMillis SomeTime(UnixMillis span) {
    return static_cast<UnixMillis>(random_() % static_cast<uint64_t>(span));
  }

  // New, late, and repeated ones.
  void WriteSome() {
    std::map<std::string, std::map<UnixMillis, double>> request;
    for (uint64_t i = random_() % 20; i > 0; --i) {
      const UnixMillis age = SomeTime(random_() % 4 == 0 ? 80 * kHour : kMinute);
      request[SomeInstance()][now() - age] = static_cast<double>(random_() % 3);
    }
    std::vector<TestSeries> batch;
    for (const auto& [instance, samples] : request) {
      batch.push_back({TestLabels(instance), {}});
      for (const auto& [time, value] : samples) {
        batch.back().samples.push_back({time, value});
        model_.samples[instance][time] = value;
      }
    }
    const auto summary = WriteAndWait(store(), MakeBatch(batch));
    ASSERT_TRUE(summary.ok()) << summary.status();
  }

  void RemoveSome() {
    const std::string instance = SomeInstance();
    const TimeRange range{.min = now() - SomeTime(100 * kHour), .max = now()};
    ASSERT_TRUE(store().DeleteSamples({Instance(instance)}, range).ok());
    std::erase_if(model_.samples[instance],
                  [&](const auto& sample) { return sample.first >= range.min; });
  }

  TimeRange SomeRange() {
    const UnixMillis min = now() - SomeTime(120 * kHour);
    return {.min = min, .max = min + SomeTime(9 * kHour)};
  }

  void Compare(const SeriesSamples& series, TimeRange range) {
    const auto& samples = model_.samples[std::string(series.labels.Get("instance"))];
    for (size_t i = 0; i < series.timestamps.size(); ++i) {
      const auto sample = samples.find(series.timestamps[i]);
      ASSERT_NE(sample, samples.end());
      EXPECT_EQ(sample->second, series.values[i]);
    }
    const auto count =
        std::distance(samples.lower_bound(range.min), samples.upper_bound(range.max));
    EXPECT_EQ(series.timestamps.size(), static_cast<size_t>(count));
  }

  void CompareAll() {
    const TimeRange range = SomeRange();
    const std::set<std::string> expected = model_.InstancesIn(range);
    EXPECT_THAT(Instances(range), testing::ElementsAreArray(expected));
    const auto found = store().Select({}, range, {});
    ASSERT_TRUE(found.ok()) << found.status();
    ASSERT_EQ(found->size(), expected.size());
    for (const SeriesSamples& series : *found) Compare(series, range);
  }

  void TakeStep() {
    switch (random_() % 12) {
      case 0:
      case 1:
        Pass(minutes(random_() % 200));
        break;
      case 2:
      case 3:
        Retire();
        break;
      case 4:
        Flush();
        break;
      case 5:
        if (random_() % 3 == 0) Reopen();
        break;
      case 6:
        RemoveSome();
        break;
      case 7:
        ASSERT_TRUE(store().Expire().ok());
        break;
      default:
        WriteSome();
    }
  }

  // Takes steps, and `check` after each.
  void Run(int steps, const std::function<void()>& check) {
    LUMA_TRACE_SEED(seed_);
    uint64_t most_retired = 0;
    for (int step = 0; step < steps && !HasFailure(); ++step) {
      SCOPED_TRACE(testing::Message() << "step " << step);
      TakeStep();
      check();
      most_retired = std::max(most_retired, store().retired_stats().series);
      ASSERT_EQ(active() + store().retired_stats().series,
                (*instance_->engine->Read(kSeriesTableId))->VisibleRowCount());
    }
    EXPECT_GT(most_retired, 10u) << "the test must retire some";
  }

  const uint64_t seed_ = encoding::testing::TestSeed();
  std::mt19937_64 random_{seed_};
  Model model_;
};

// Goal: readers see the same series and samples wherever series are.
// Method: random writes, deletes, flushes, restarts and passes of retirement and retention,
// compared with a map.
TEST_F(RandomRetirementTest, ReadersSeeNoDifference) {
  Run(500, [this] { CompareAll(); });
}

// Goal: no reader misses a series in a partition whose times leave out what was rolled up.
// Method: the same, with passes of downsampling. Rollups reach over times between their samples, so
// more series may be found than have some.
TEST_F(RandomRetirementTest, SeriesOfRollupsAreFoundAtTheirTimes) {
  Run(500, [this] {
    const uint64_t next = random_() % 24;
    if (next == 0) RollUp(hours(3));
    if (next == 1) ASSERT_TRUE(store().CleanTombstones().ok());
    const TimeRange range = SomeRange();
    const std::set<std::string> expected = model_.InstancesIn(range);
    EXPECT_THAT(Instances(range), testing::IsSupersetOf(expected));
  });
}

// Goal: readers miss no series that moves between memory and disk meanwhile.
TEST_F(SeriesRetirementTest, ReadersMissNoSeriesThatMoves) {
  for (int i = 0; i < 10; ++i) WriteOne("a" + std::to_string(i), now());
  std::atomic<bool> is_done = false;
  std::thread reader([&] {
    while (!is_done) {
      EXPECT_GE(Instances({.min = kTestNow, .max = kTestNow}).size(), 10u);
      const auto series = store().Series({}, {.min = kTestNow, .max = kTestNow}, {});
      EXPECT_TRUE(series.ok() && series->size() >= 10u);
      const auto samples = store().Select({}, {.min = kTestNow, .max = kTestNow}, {});
      EXPECT_TRUE(samples.ok() && samples->size() >= 10u);
      EXPECT_LE(store().retired_stats().series, 10u);
    }
  });
  for (int round = 0; round < 50; ++round) {
    Pass(hours(2));
    Retire();
    for (int i = 0; i < 10; i += 1 + round % 3) WriteOne("a" + std::to_string(i), now());
  }
  is_done = true;
  reader.join();
  EXPECT_GT(store().series_returned(), 100u);
}

// Goal: no series is made a second time while it moves.
// Method: writers look for series beside passes until many have come back.
TEST_F(SeriesRetirementTest, WritersMissNoSeriesThatMoves) {
  constexpr int kSeries = 40;
  std::atomic<bool> is_done = false;
  const auto write = [&](int first) {
    for (int i = first; !is_done; i += 7) {
      const Labels labels = TestLabels("a" + std::to_string(i % kSeries));
      EXPECT_TRUE(WriteAndWait(store(), MakeBatch({{labels, {{now(), 1}}}})).ok());
    }
  };
  std::thread one([&] { write(0); });
  std::thread other([&] { write(20); });
  while (store().series_returned() < 200 && !HasFailure()) {
    Pass(hours(2));
    Retire();
  }
  is_done = true;
  one.join();
  other.join();
  EXPECT_EQ((*instance_->engine->Read(kSeriesTableId))->VisibleRowCount(), Instances().size());
  EXPECT_LE(Instances().size(), static_cast<size_t>(kSeries));
}

}  // namespace
}  // namespace luma::storage
