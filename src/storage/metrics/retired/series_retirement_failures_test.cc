// Series that leave memory and come back, while files are damaged, disks full and steps fail.
#include <gmock/gmock.h>

#include <set>

#include "storage/metrics/testing/retirement_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(SeriesRetirementTest, LostAndDamagedFilesAreMadeAnew) {
  for (const std::string damaged : {"index", "partition", "lost"}) {
    SCOPED_TRACE(damaged);
    WriteOne("a", now());
    Idle(hours(2));
    Retire();
    ASSERT_THAT(Partitions(), SizeIs(1));
    const io::Path partition = Partitions()[0];
    if (damaged == "index") disk_.FlipBit(io::JoinPath(kRetiredDirectory, "index"), 9, 1);
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
  const io::Path index = io::JoinPath(kRetiredDirectory, "index");
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
  const io::Path index = io::JoinPath(kRetiredDirectory, "index");
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
  const io::Path path = io::JoinPath(kRetiredDirectory, "index");
  SeriesIndexFile index = *DecodeSeriesIndex(*io::ReadFile(disk_, path));
  start.uuid = index.uuid;
  start.epoch = index.epoch + 1;
  EXPECT_EQ(
      (*RetiredSeries::Open(disk_, io::Path(kRetiredDirectory), budget, start))->stats().series,
      1u);
  start.uuid[0] ^= std::byte{1};
  ++start.epoch;
  disk_.SetFault(io::SimFault{.step = disk_.steps(), .forever = true});
  const auto unwritable = RetiredSeries::Open(disk_, io::Path(kRetiredDirectory), budget, start);
  ASSERT_TRUE(unwritable.ok()) << unwritable.status();
  EXPECT_EQ((*unwritable)->stats().series, 0u);
  disk_.SetFault(std::nullopt);
  EXPECT_THAT(*disk_.List(io::Path(kRetiredDirectory)), testing::Contains("index"));
  disk_.SetCapacity(1);  // a server starts on a full disk, too
  EXPECT_EQ(
      (*RetiredSeries::Open(disk_, io::Path(kRetiredDirectory), budget, start))->stats().series,
      0u);
  EXPECT_THAT(*disk_.List(io::Path(kRetiredDirectory)), testing::Not(testing::Contains("index")));
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
  ASSERT_TRUE(disk_.CreateDirectories(io::JoinPath(kRetiredDirectory, "lost+found")).ok());
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
  EXPECT_THAT(*disk_.List(io::Path(kRetiredDirectory)), IsEmpty());
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

}  // namespace
}  // namespace luma::storage
