#include <atomic>
#include <thread>

#include "storage/compaction/compactor.h"
#include "storage/testing/backup_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(BackupTest, ARestoreIsTheDatabaseAsOfTheBackup) {
  const ObjectId sorted = CreateTable({.name = "sorted", .sorted = true});
  const ObjectId plain = CreateTable({.name = "plain", .has_key = false});
  for (int64_t key = 0; key < 50; ++key) {
    Write(sorted, 100 - key);
    Write(plain, key);
  }
  Remove(sorted, 70);
  const BackupResult backup = MustBackup();
  const auto sorted_then = SortedRows(sorted);
  const auto plain_then = SortedRows(plain);
  Write(sorted, 1000);
  Remove(plain, 3);

  const auto restored = TryRestore();
  ASSERT_TRUE(restored.ok()) << restored.status();
  EXPECT_EQ(restored->commit, backup.backup.commit);
  EXPECT_EQ(RestoredRows(sorted), sorted_then);
  EXPECT_EQ(RestoredRows(plain), plain_then);
  EXPECT_NE(Manifest::Read(restored_disk_, "/copy/manifest")->uuid, backup.backup.uuid);
  EXPECT_THAT(CheckDirectory(restored_disk_, "/copy")->problems, IsEmpty());
}

TEST_F(BackupTest, RowsThatAreOnlyInTheLogAreInTheBackup) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  auto backup = WriteBackup(engine_->backup_source(), store_, clock_, NoProgress);
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ(backup->backup.segment_count, 0u);
  EXPECT_EQ(backup->backup.commit, LastLsn());
  LUMA_ASSERT_OK(TryRestore());
  EXPECT_EQ(RestoredRows(table), SortedRows(table));
}

TEST_F(BackupTest, ARestoredDatabaseGoesOnWithLaterCommitNumbers) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  const BackupResult backup = MustBackup();
  LUMA_ASSERT_OK(TryRestore());
  options_.data_dir = "/copy";
  const auto engine = StorageEngine::Open(options_, restored_disk_, clock_);
  ASSERT_TRUE(engine.ok()) << engine.status();
  auto transaction = (*engine)->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{2, "two"}}));
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_GT(static_cast<uint64_t>((*engine)->Stats().last_commit), ToNumber(backup.backup.commit));
  LUMA_EXPECT_OK((*engine)->Flush());
}

TEST_F(BackupTest, AnotherBackupMovesOnlyWhatIsNew) {
  const ObjectId table = CreateTable();
  std::vector<TestRow> many;
  for (int64_t key = 0; key < 20'000; ++key) many.push_back({key, "text " + std::to_string(key)});
  Insert(table, many);
  const BackupResult first = MustBackup();
  EXPECT_GE(first.bytes_moved, first.backup.segment_bytes);
  Write(table, 50'000);
  const BackupResult second = MustBackup();
  EXPECT_GT(second.backup.segment_bytes, first.backup.segment_bytes);
  EXPECT_LT(second.bytes_moved, first.bytes_moved / 20);
  const BackupResult third = MustBackup();
  EXPECT_EQ(third.bytes_moved, 0u);
  LUMA_ASSERT_OK(TryRestore({.id = first.backup.Id()}));
  EXPECT_THAT(RestoredRows(table), SizeIs(20'000));
}

TEST_F(BackupTest, FilesThatAreMergedAwayMeanwhileAreStillCopied) {
  const ObjectId table = CreateTable({.sorted = true});
  for (int64_t key = 0; key < 8; ++key) {
    Write(table, key);
    LUMA_ASSERT_OK(engine_->Flush());
  }
  bool has_merged = false;
  const auto merge_meanwhile = [&](const Progress& progress) {
    if (progress.phase == "segments" && !has_merged) {
      has_merged = true;
      EXPECT_TRUE(engine_->Compact().ok());
      Remove(table, 3);
      EXPECT_TRUE(engine_->Flush().ok());
    }
    return Status::Ok();
  };
  const auto then = SortedRows(table);
  const auto backup = TryBackup(merge_meanwhile);
  ASSERT_TRUE(backup.ok()) << backup.status();
  ASSERT_TRUE(has_merged);
  EXPECT_EQ(engine_->Stats().warm_segments, 1u);
  EXPECT_EQ(disk_.List("/data/segments")->size(), 1u) << "unpinned files are removed";
  LUMA_ASSERT_OK(TryRestore());
  EXPECT_EQ(RestoredRows(table), then);
}

// Goal: a backup beside writers is the state at its commit, no more and no less.
// Method: a writer commits keys 0, 1, 2, ... and a flusher flushes; the restored table must hold
// exactly the first keys, and at least those acknowledged before the backup began.
TEST_F(BackupTest, UnderLoadItIsAPrefixOfTheCommits) {
  const ObjectId table = CreateTable();
  std::atomic<bool> is_done{false};
  std::atomic<int64_t> acknowledged{0};
  std::thread writer([&] {
    for (int64_t key = 0; !is_done; ++key) {
      Insert(table, {{key, "row"}});
      acknowledged = key + 1;
    }
  });
  std::thread flusher([&] {
    while (!is_done) {
      EXPECT_TRUE(engine_->Flush().ok());
      EXPECT_TRUE(engine_->Compact().ok());
    }
  });
  for (int round = 0; round < 5; ++round) {
    const int64_t before = acknowledged;
    const auto backup = WriteBackup(engine_->backup_source(), store_, clock_, NoProgress);
    ASSERT_TRUE(backup.ok()) << backup.status();
    LUMA_ASSERT_OK(TryRestore({.id = backup->backup.Id()}));
    const auto rows = RestoredRows(table);
    EXPECT_GE(static_cast<int64_t>(rows.size()), before);
    for (size_t i = 0; i < rows.size(); ++i) ASSERT_EQ(rows[i].key, static_cast<int64_t>(i));
    clock_.Advance(std::chrono::seconds(1));
  }
  is_done = true;
  writer.join();
  flusher.join();
}

// A source whose first SyncLog comes late: rows have been moved, and one of them deleted, since the
// checkpoint was pinned.
class SlowSource final : public BackupSource {
 public:
  SlowSource(BackupSource& source, std::function<void()> meanwhile)
      : source_(source), meanwhile_(std::move(meanwhile)) {}
  io::FileSystem& file_system() const override { return source_.file_system(); }
  DataDirectory directory() const override { return source_.directory(); }
  DatabaseUuid uuid() const override { return source_.uuid(); }
  uint64_t epoch() const override { return source_.epoch(); }
  Status KeepEpoch() override { return source_.KeepEpoch(); }
  io::ObjectStore* cold_store() const override { return source_.cold_store(); }
  Result<PinnedCheckpoint> PinCheckpoint() override { return source_.PinCheckpoint(); }
  std::unique_ptr<WalPin> PinLog() override { return source_.PinLog(); }
  uint64_t PinnedLogBytes() const override { return source_.PinnedLogBytes(); }
  Result<Lsn> SyncLog() override {
    if (meanwhile_) std::exchange(meanwhile_, nullptr)();
    return source_.SyncLog();
  }
  Status ReadLog(Lsn from, Lsn through, const WalRecordCallback& callback) override {
    return source_.ReadLog(from, through, callback);
  }

 private:
  BackupSource& source_;
  std::function<void()> meanwhile_;
};

TEST_F(BackupTest, CheckpointAndLogOfABackupFit) {
  const ObjectId table = CreateTable({.sorted = true});
  for (int64_t key = 5; key > 0; --key) Write(table, key);
  SlowSource source(engine_->backup_source(), [&] {
    LUMA_EXPECT_OK(engine_->Flush());
    Remove(table, 1);
  });
  const auto backup = WriteBackup(source, store_, clock_, NoProgress);
  ASSERT_TRUE(backup.ok()) << backup.status();
  LUMA_ASSERT_OK(TryRestore());
  EXPECT_EQ(RestoredRows(table), SortedRows(table));
}

TEST_F(BackupTest, ADamagedSegmentFileIsNotBackedUp) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  LUMA_ASSERT_OK(engine_->Flush());
  const std::string name = disk_.List("/data/segments")->front();
  LUMA_ASSERT_OK((*disk_.OpenForWrite("/data/segments/" + name))->WriteAt(40, AsBytes("x")));
  const auto backup = TryBackup();
  EXPECT_EQ(backup.status().code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(backup.status().message()), HasSubstr(name));
  EXPECT_THAT(*ListBackups(store_), IsEmpty());
}

// Every object of the destination, at its beginning, middle and end.
TEST_F(BackupTest, EveryDamagedObjectIsFoundAndNamed) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  LUMA_ASSERT_OK(engine_->Flush());
  Write(table, 2);
  const auto backup = WriteBackup(engine_->backup_source(), store_, clock_, NoProgress);
  const std::string id = backup->backup.Id();
  ASSERT_THAT(CheckBackup(store_, id, NoProgress)->problems, IsEmpty());
  const auto objects = store_.List("");
  ASSERT_THAT(*objects, SizeIs(3)) << "manifest, log, segment";
  for (const io::ObjectInfo& object : *objects) {
    for (const uint64_t offset : {uint64_t{0}, object.size_bytes / 2, object.size_bytes - 1}) {
      SCOPED_TRACE(object.key + " offset " + std::to_string(offset));
      Damage(object.key, offset);
      const std::string name = object.key.substr(0, object.key.rfind('/'));
      EXPECT_THAT(CheckBackup(store_, id, NoProgress)->problems, ElementsAre(HasSubstr(name)));
      const auto restored = TryRestore();
      EXPECT_THAT(std::string(restored.status().message()), HasSubstr(name));
      EXPECT_FALSE(StorageEngine::Open({.data_dir = "/copy", .background_flush = false},
                                       restored_disk_, clock_)
                       .ok() &&
                   restored_disk_.Exists("/copy/RESTORE-INCOMPLETE").value())
          << "no server may open what was not restored";
      Damage(object.key, offset);
    }
  }
}

TEST_F(BackupTest, AMissingObjectIsNamed) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  const BackupResult backup = MustBackup();
  const std::string key = FirstKey("segments/");
  LUMA_ASSERT_OK(store_.Delete(key));
  EXPECT_THAT(CheckBackup(store_, backup.backup.Id(), NoProgress)->problems,
              ElementsAre(HasSubstr(key)));
  EXPECT_THAT(std::string(TryRestore().status().message()), HasSubstr(key));
  const BackupResult again = MustBackup();
  EXPECT_GT(again.bytes_moved, 0u) << "the next backup brings it again";
  LUMA_EXPECT_OK(TryRestore());
}

TEST_F(BackupTest, DeletingABackupKeepsWhatOthersNeed) {
  const ObjectId table = CreateTable({.sorted = true});
  for (int64_t key = 0; key < 8; ++key) {
    Write(table, key);
    LUMA_ASSERT_OK(engine_->Flush());
  }
  const BackupResult first = MustBackup();
  LUMA_ASSERT_OK(engine_->Compact());
  Write(table, 100);
  const BackupResult second = MustBackup();
  const auto then = SortedRows(table);
  const auto freed = DeleteBackup(store_, first.backup.Id(), clock_);
  ASSERT_TRUE(freed.ok()) << freed.status();
  EXPECT_GT(*freed, 0u);
  EXPECT_THAT(CheckBackup(store_, second.backup.Id(), NoProgress)->problems, IsEmpty());
  LUMA_ASSERT_OK(TryRestore());
  EXPECT_EQ(RestoredRows(table), then);
  EXPECT_EQ(DeleteBackup(store_, first.backup.Id(), clock_).status().code(), StatusCode::kNotFound);
  LUMA_ASSERT_OK(DeleteBackup(store_, second.backup.Id(), clock_));
  EXPECT_THAT(*store_.List(""), IsEmpty());
}

TEST_F(BackupTest, ABackupIsNotDeletedWhileAnotherIsMade) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  const BackupResult first = MustBackup();
  Write(table, 2);
  Status during;
  LUMA_ASSERT_OK(TryBackup([&](const Progress&) {
    during = DeleteBackup(store_, first.backup.Id(), clock_).status();
    return Status::Ok();
  }));
  EXPECT_EQ(during.code(), StatusCode::kUnavailable);
  LUMA_EXPECT_OK(DeleteBackup(store_, first.backup.Id(), clock_));
}

TEST_F(BackupTest, ReadingTheLogIsBooked) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  BackupSource& source = engine_->backup_source();
  LUMA_ASSERT_OK(source.SyncLog());
  const uint64_t before = engine_->budget().booked_bytes(BudgetUse::kMerge);
  LUMA_ASSERT_OK(source.ReadLog(LastLsn(), LastLsn(), [&](Lsn, ByteSpan) {
    EXPECT_EQ(engine_->budget().booked_bytes(BudgetUse::kMerge),
              before + options_.wal_segment_bytes);
    return Status::Ok();
  }));
  EXPECT_EQ(engine_->budget().booked_bytes(BudgetUse::kMerge), before);
}

// Two deletions at a time share a lock, and the first one to end takes it away.
TEST_F(BackupTest, ABackupWhosePartsVanishMeanwhileIsNone) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  std::string vanished;
  const auto backup = TryBackup([&](const Progress& progress) {
    if (progress.phase == "segments" && progress.files_done == progress.files_total) {
      vanished = FirstKey("segments/");
      LUMA_EXPECT_OK(store_.Delete(vanished));
    }
    return Status::Ok();
  });
  EXPECT_EQ(backup.status().code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(backup.status().message()), HasSubstr(vanished));
  EXPECT_THAT(*ListBackups(store_), IsEmpty());
  MustBackup();
  LUMA_EXPECT_OK(TryRestore());
}

TEST_F(BackupTest, ABackupNamesNoFilesOutsideOfTheDirectory) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  Backup backup = MustBackup().backup;
  for (const char* name : {"../../elsewhere.seg", "..", ""}) {
    backup.manifest.tables.at(table).runs.begin()->second.file_name = name;
    LUMA_ASSERT_OK(store_.Put(BackupKey(backup.Id()), EncodeBackup(backup)));
    EXPECT_EQ(TryRestore().status().code(), StatusCode::kCorruption);
    EXPECT_EQ(restored_disk_.Exists("/copy").value(), false);
  }
}

TEST_F(BackupTest, ADirectoryThatIsNotEmptyIsLeftAlone) {
  CreateTable();
  MustBackup();
  io::SimDisk disk;
  LUMA_ASSERT_OK(disk.CreateDirectories("/copy"));
  LUMA_ASSERT_OK(io::WriteFileAtomically(disk, "/copy/notes", AsBytes("mine")));
  EXPECT_EQ(Restore(store_, {}, disk, "/copy", NoProgress).status().code(),
            StatusCode::kAlreadyExists);
  EXPECT_EQ(disk.Exists("/copy/wal").value(), false);
}

TEST_F(BackupTest, ABackupStopsWhenItsCallerSaysSo) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  const auto backup = TryBackup([](const Progress&) { return Status::Cancelled("server stops"); });
  EXPECT_EQ(backup.status().code(), StatusCode::kCancelled);
  EXPECT_THAT(*ListBackups(store_), IsEmpty());
}

TEST_F(BackupTest, TheRunningStoreIsCheckedAndDamageIsNamed) {
  const ObjectId table = CreateTable();
  Write(table, 1);
  LUMA_ASSERT_OK(engine_->Flush());
  Write(table, 2);
  auto report = CheckRunning(engine_->backup_source(), NoProgress);
  ASSERT_TRUE(report.ok()) << report.status();
  EXPECT_THAT(report->problems, IsEmpty());
  EXPECT_EQ(report->segment_files, 1u);
  EXPECT_GT(report->blocks, 0u);
  EXPECT_EQ(report->log_records, 1u);
  const std::string name = disk_.List("/data/segments")->front();
  LUMA_ASSERT_OK((*disk_.OpenForWrite("/data/segments/" + name))->WriteAt(40, AsBytes("x")));
  report = CheckRunning(engine_->backup_source(), NoProgress);
  EXPECT_THAT(report->problems, ElementsAre(HasSubstr(name + " offset=35")));
}

}  // namespace
}  // namespace luma::storage
