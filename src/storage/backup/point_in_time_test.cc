#include "storage/store_report.h"
#include "storage/testing/backup_fixture.h"

namespace luma::storage {
namespace {

using testing::HasSubstr;

class PointInTimeTest : public BackupTest {
 protected:
  PointInTimeTest() {
    options_.hold_log = true;
    Reopen();
  }
  // A history with flushes, merges, deletes and backups in between; every commit is remembered.
  void MakeHistory(ObjectId table) {
    for (int64_t key = 0; key < 60; ++key) {
      Write(table, key);
      if (key % 5 == 4) Remove(table, key - 2);
      if (key % 7 == 6) LUMA_ASSERT_OK(engine_->Flush());
      if (key % 10 == 9) LUMA_ASSERT_OK(archive_->ArchiveOnce());
      if (key % 20 == 19) {
        LUMA_ASSERT_OK(engine_->Compact());
        MustBackup();
      }
    }
    LUMA_ASSERT_OK(archive_->ArchiveOnce());
  }
  void StartArchive(LogArchiveOptions options = {}) {
    options.background = false;
    archive_ = std::make_unique<LogArchive>(engine_->backup_source(), store_, options);
  }

  std::unique_ptr<LogArchive> archive_;
};

TEST_F(PointInTimeTest, EveryCommitSinceTheFirstBackupComesBackAsItWasSeen) {
  StartArchive();
  const ObjectId table = CreateTable({.sorted = true});
  Write(table, 1000);
  const BackupResult first = MustBackup();
  MakeHistory(table);
  int restored = 0;
  for (const auto& [lsn, seen] : seen_) {
    if (lsn < first.backup.commit) continue;
    SCOPED_TRACE("commit " + std::to_string(ToNumber(lsn)));
    const auto result = TryRestore({.commit = lsn});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(result->commit, lsn);
    ASSERT_EQ(RestoredRows(table), seen.rows);
    ++restored;
  }
  EXPECT_GT(restored, 60);
}

TEST_F(PointInTimeTest, ATimeMeansTheLastCommitThatIsNotLater) {
  StartArchive();
  const ObjectId table = CreateTable();
  Write(table, 1000);
  MustBackup();
  clock_.Advance(std::chrono::seconds(1));
  MakeHistory(table);
  const UnixMillis last_time = seen_.rbegin()->second.time;
  for (const auto& [lsn, seen] : seen_) {
    if (seen.time < seen_.begin()->second.time + 10'000) continue;
    for (const UnixMillis later : {0, 9'000}) {
      SCOPED_TRACE(ToNumber(lsn));
      const auto result = TryRestore({.time = seen.time + later});
      ASSERT_TRUE(result.ok()) << result.status();
      EXPECT_EQ(result->commit, lsn);
      EXPECT_EQ(result->committed_at.value_or(seen.time), seen.time);
      EXPECT_EQ(result->reached, seen.time < last_time);
      ASSERT_EQ(RestoredRows(table), seen.rows);
    }
  }
}

TEST_F(PointInTimeTest, TargetsOutsideOfTheHistoryAreRefused) {
  StartArchive();
  const ObjectId table = CreateTable();
  Write(table, 1);
  const UnixMillis before = clock_.NowMillis();
  clock_.Advance(std::chrono::seconds(1));
  LUMA_ASSERT_OK(engine_->Flush());
  MustBackup();
  Write(table, 2);
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  EXPECT_EQ(TryRestore({.commit = Lsn{1}}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(TryRestore({.time = before}).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(TryRestore({.commit = Next(LastLsn())}).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(TryRestore({.commit = Lsn{1}, .time = before}).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(PointInTimeTest, WithoutArchiveTheTimeBetweenTwoBackupsIsRefused) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  MustBackup();
  Write(table, 2);
  const UnixMillis between = clock_.NowMillis();
  LUMA_ASSERT_OK(engine_->Flush());
  Write(table, 3);
  LUMA_ASSERT_OK(WriteBackup(engine_->backup_source(), store_, clock_, NoProgress));
  const Status status = TryRestore({.time = between}).status();
  EXPECT_EQ(status.code(), StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()), HasSubstr("not archived"));
}

TEST_F(PointInTimeTest, TheArchiveGoesOnAfterARestart) {
  StartArchive();
  const ObjectId table = CreateTable();
  MustBackup();
  Write(table, 1);
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  for (int64_t key = 2; key < 200; ++key) Write(table, key);
  LUMA_ASSERT_OK(engine_->Flush());  // would recycle what is not archived
  archive_.reset();
  Reopen();
  for (int64_t key = 200; key < 210; ++key) Write(table, key);
  LUMA_ASSERT_OK(engine_->Flush());
  StartArchive();
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  EXPECT_EQ(archive_->stats().lost_records, 0u);
  for (const Lsn lsn : {Lsn{20}, Lsn{150}, LastLsn()}) {
    const auto result = TryRestore({.commit = lsn});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(RestoredRows(table), seen_[lsn].rows);
  }
}

// Goal: records that are not archived when the server dies are archived by the next one, also when
// a backup has brought later ones.
TEST_F(PointInTimeTest, ABackupLeavesNoGapInTheArchiveOfAServerThatDies) {
  StartArchive();
  const ObjectId table = CreateTable();
  const BackupResult first = MustBackup();
  Write(table, 1);
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  for (int64_t key = 2; key < 6; ++key) Write(table, key);
  LUMA_ASSERT_OK(engine_->Flush());
  Write(table, 6);
  LUMA_ASSERT_OK(WriteBackup(engine_->backup_source(), store_, clock_, NoProgress));
  archive_.reset();
  Reopen();
  StartArchive();
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  EXPECT_EQ(archive_->stats().lost_records, 0u);
  for (const auto& [lsn, seen] : seen_) {
    const auto result = TryRestore({.id = first.backup.Id(), .commit = lsn});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_EQ(RestoredRows(table), seen.rows);
  }
}

// Goal: a destination that does not answer stops neither commits nor flushes, and costs bounded
// disk space; what was given up is reported, and never restored around.
TEST_F(PointInTimeTest, ABacklogBeyondItsBoundIsGivenUpAndIsAGap) {
  StartArchive({.backlog_bytes_max = 64 << 10});
  const ObjectId table = CreateTable();
  MustBackup();
  Write(table, -1);
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  const Lsn archived = LastLsn();
  store_.SetScript([](io::ObjectOperation, const std::string&) {
    return io::ObjectFault{.kind = io::ObjectFaultKind::kErrorBefore};
  });
  for (int64_t key = 0; key < 2'000; ++key) {
    Write(table, key);
    if (key % 100 == 99) {
      LUMA_ASSERT_OK(engine_->Flush());
      EXPECT_FALSE(archive_->ArchiveOnce().ok());
    }
  }
  EXPECT_LT(engine_->Report().wal.bytes, 256u << 10);
  const LogArchiveStats stats = archive_->stats();
  EXPECT_GT(stats.lost_records, 0u);
  EXPECT_EQ(stats.failures, 20u);
  store_.SetScript({});
  Write(table, 5'000);
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  EXPECT_EQ(TryRestore({.commit = LastLsn()}).status().code(), StatusCode::kOutOfRange);
  LUMA_EXPECT_OK(TryRestore({.commit = archived}));
  MustBackup();
  Write(table, 5'001);
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  LUMA_ASSERT_OK(TryRestore({.commit = LastLsn()}));
  EXPECT_EQ(RestoredRows(table), SortedRows(table));
}

TEST_F(PointInTimeTest, ACopyOfTheDirectoryDoesNotArchiveOverTheOriginal) {
  StartArchive();
  const ObjectId table = CreateTable();
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  io::SimDisk copied = disk_.Restart();
  const auto copy = StorageEngine::Open(options_, copied, clock_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  Write(table, 1);
  Write(table, 2);
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  LogArchive other((*copy)->backup_source(), store_, {.background = false});
  EXPECT_EQ(other.ArchiveOnce().code(), StatusCode::kCorruption);
}

}  // namespace
}  // namespace luma::storage
