#include "storage/testing/backup_fixture.h"

namespace luma::storage {
namespace {

using testing::IsEmpty;

// Fails every call from a given one on, as a store does when its client dies there.
class DyingStore {
 public:
  explicit DyingStore(io::SimObjectStore& store) : store_(store) {}
  void FailFrom(uint64_t call, io::ObjectFaultKind kind) {
    calls_ = 0;
    store_.SetScript([this, call, kind](io::ObjectOperation, const std::string&) {
      return calls_++ < call ? io::ObjectFault{} : io::ObjectFault{.kind = kind};
    });
  }
  void FailOnce(uint64_t at, io::ObjectFaultKind kind) {
    calls_ = 0;
    store_.SetScript([this, at, kind](io::ObjectOperation, const std::string&) {
      return calls_++ == at ? io::ObjectFault{.kind = kind} : io::ObjectFault{};
    });
  }
  void Heal() { store_.SetScript({}); }
  uint64_t calls() const { return calls_; }

 private:
  io::SimObjectStore& store_;
  uint64_t calls_ = 0;
};

class BackupCrashTest : public BackupTest {
 protected:
  ObjectId MakeTable() {
    const ObjectId table = CreateTable({.sorted = true});
    for (int64_t key = 0; key < 3; ++key) {
      Write(table, key);
      EXPECT_TRUE(engine_->Flush().ok());
    }
    Write(table, 100);
    return table;
  }
  // Without a flush, so that every attempt does the same.
  Result<BackupResult> Attempt() {
    return WriteBackup(engine_->backup_source(), store_, clock_, NoProgress);
  }
};

// Goal: a backup that dies at any call leaves no backup or a whole one, and the next one succeeds.
TEST_F(BackupCrashTest, ABackupThatDiesAtAnyCallLeavesNoHalfBackup) {
  const ObjectId table = MakeTable();
  DyingStore dying(store_);
  for (const auto kind : {io::ObjectFaultKind::kErrorBefore, io::ObjectFaultKind::kErrorAfter}) {
    bool succeeded = false;
    for (uint64_t call = 0; !succeeded; ++call) {
      SCOPED_TRACE("dies at call " + std::to_string(call));
      for (const io::ObjectInfo& object : *store_.List("")) {
        LUMA_ASSERT_OK(store_.Delete(object.key));
      }
      dying.FailFrom(call, kind);
      succeeded = Attempt().ok();
      dying.Heal();
      for (const ListedBackup& listed : *ListBackups(store_)) {
        ASSERT_TRUE(listed.backup.ok()) << listed.backup.status();
        EXPECT_THAT(CheckBackup(store_, listed.id, NoProgress)->problems, IsEmpty());
      }
      clock_.Advance(std::chrono::seconds(1));
      const auto next = Attempt();
      ASSERT_TRUE(next.ok()) << next.status();
      LUMA_ASSERT_OK(TryRestore({.id = next->backup.Id()}));
      ASSERT_EQ(RestoredRows(table), SortedRows(table));
    }
  }
}

// Goal: a store that answers OK and keeps something else is found out before the backup counts.
TEST_F(BackupCrashTest, AStoreThatLosesOrAltersWhatItTookIsFoundOut) {
  const ObjectId table = MakeTable();
  DyingStore dying(store_);
  for (const auto kind : {io::ObjectFaultKind::kWrongBytes, io::ObjectFaultKind::kCutShort,
                          io::ObjectFaultKind::kVanish}) {
    for (uint64_t call = 0;; ++call) {
      SCOPED_TRACE("wrong at call " + std::to_string(call));
      for (const io::ObjectInfo& object : *store_.List("")) {
        LUMA_ASSERT_OK(store_.Delete(object.key));
      }
      clock_.Advance(std::chrono::seconds(1));
      dying.FailOnce(call, kind);
      const auto attempt = Attempt();
      const bool was_hit = dying.calls() > call;
      dying.Heal();
      if (!was_hit) break;
      clock_.Advance(std::chrono::seconds(1));
      const auto next = Attempt();
      ASSERT_TRUE(next.ok()) << next.status();
      if (attempt.ok()) {
        EXPECT_THAT(CheckBackup(store_, attempt->backup.Id(), NoProgress)->problems, IsEmpty());
      }
      EXPECT_THAT(CheckBackup(store_, next->backup.Id(), NoProgress)->problems, IsEmpty());
    }
  }
  EXPECT_THAT(SortedRows(table), testing::SizeIs(4));
}

// Goal: a deletion that dies at any call harms no other backup, and can be finished.
TEST_F(BackupCrashTest, ADeletionThatDiesHarmsNoOtherBackup) {
  const ObjectId table = MakeTable();
  DyingStore dying(store_);
  bool succeeded = false;
  for (uint64_t call = 0; !succeeded; ++call) {
    SCOPED_TRACE("dies at call " + std::to_string(call));
    clock_.Advance(std::chrono::seconds(1));
    const BackupResult old = MustBackup();
    Write(table, static_cast<int64_t>(1000 + call));
    const BackupResult kept = MustBackup();
    dying.FailFrom(call, io::ObjectFaultKind::kErrorBefore);
    succeeded = DeleteBackup(store_, old.backup.Id(), clock_).ok();
    dying.Heal();
    EXPECT_THAT(CheckBackup(store_, kept.backup.Id(), NoProgress)->problems, IsEmpty());
    // Also when the backup itself has gone: its parts and the lock go with the second attempt.
    const Status again = DeleteBackup(store_, old.backup.Id(), clock_).status();
    EXPECT_TRUE(again.ok() || again.code() == StatusCode::kNotFound) << again;
    EXPECT_FALSE(store_.Head(LockKey(old.backup.uuid)).ok());
    EXPECT_THAT(CheckBackup(store_, kept.backup.Id(), NoProgress)->problems, IsEmpty());
    ASSERT_EQ(DeleteBackup(store_, old.backup.Id(), clock_).status().code(), StatusCode::kNotFound);
    LUMA_ASSERT_OK(DeleteBackup(store_, kept.backup.Id(), clock_));
    EXPECT_THAT(*store_.List("segments/"), IsEmpty());
  }
}

// Goal: power lost at any step of a restore leaves a directory that no server opens and that the
// next restore completes, or a complete one.
TEST_F(BackupCrashTest, ARestoreSurvivesPowerLossAtEveryStep) {
  const ObjectId table = MakeTable();
  LUMA_ASSERT_OK(Attempt());
  const auto expected = SortedRows(table);
  EngineOptions options = options_;
  options.data_dir = "/copy";
  bool succeeded = false;
  uint64_t refused = 0;
  for (uint64_t step = 0; !succeeded; ++step) {
    SCOPED_TRACE("power lost at step " + std::to_string(step));
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    succeeded = Restore(store_, {}, disk, "/copy", NoProgress).ok();
    disk = disk.Reboot();
    if (disk.Exists("/copy/RESTORE-INCOMPLETE").value()) {
      EXPECT_EQ(StorageEngine::Open(options, disk, clock_).status().code(),
                StatusCode::kCorruption);
      EXPECT_EQ(CheckDirectory(disk, "/copy").status().code(), StatusCode::kCorruption);
      ++refused;
      LUMA_ASSERT_OK(Restore(store_, {}, disk, "/copy", NoProgress));
    } else if (!disk.Exists("/copy/manifest/CURRENT").value()) {
      LUMA_ASSERT_OK(Restore(store_, {}, disk, "/copy", NoProgress));
    }
    ASSERT_EQ(RowsOn(disk, table), expected);
  }
  EXPECT_GT(refused, 10u);
}

TEST_F(BackupCrashTest, ARestoreThatCannotReadTheStoreMayBeRepeated) {
  const ObjectId table = MakeTable();
  LUMA_ASSERT_OK(Attempt());
  DyingStore dying(store_);
  bool succeeded = false;
  for (uint64_t call = 0; !succeeded; ++call) {
    SCOPED_TRACE("dies at call " + std::to_string(call));
    io::SimDisk disk;
    dying.FailFrom(call, io::ObjectFaultKind::kErrorBefore);
    succeeded = Restore(store_, {}, disk, "/copy", NoProgress).ok();
    dying.Heal();
    if (!succeeded) LUMA_ASSERT_OK(Restore(store_, {}, disk, "/copy", NoProgress));
    ASSERT_EQ(RowsOn(disk, table), SortedRows(table));
  }
}

// Goal: the archive loses nothing when power is cut at any step: every commit that was acknowledged
// and archived can be restored, and the archive of the next life continues without a gap.
TEST(LogArchiveCrashTest, TheArchiveContinuesAfterPowerLossAtEveryStep) {
  ManualClock clock{1'795'000'000'000};
  bool is_complete = false;
  for (uint64_t step = 0; !is_complete; step += 3) {
    SCOPED_TRACE("power lost at step " + std::to_string(step));
    io::SimObjectStore store;
    io::SimDisk disk({.power_loss_step = step, .seed = step + 1});
    EngineOptions options = TestEngineOptions();
    options.hold_log = true;
    const auto live = [&](io::SimDisk& on) -> Status {
      LUMA_ASSIGN_OR_RETURN(const auto engine, StorageEngine::Open(options, on, clock));
      LogArchive archive(engine->backup_source(), store, {.background = false});
      for (int round = 0; round < 3; ++round) {
        auto transaction = engine->Begin();
        LUMA_RETURN_IF_ERROR(
            transaction->CreateObject(TestTable({.name = "t" + std::to_string(round)})).status());
        const Status committed = transaction->Commit();
        if (!committed.ok() && committed.code() != StatusCode::kAlreadyExists) return committed;
        LUMA_RETURN_IF_ERROR(engine->Flush());
        LUMA_RETURN_IF_ERROR(archive.ArchiveOnce());
      }
      EXPECT_EQ(archive.stats().lost_records, 0u);
      return engine->Close();
    };
    is_complete = live(disk).ok();
    io::SimDisk next = disk.Reboot();
    const auto engine = StorageEngine::Open(options, next, clock);
    ASSERT_TRUE(engine.ok()) << engine.status();
    LogArchive archive((*engine)->backup_source(), store, {.background = false});
    LUMA_ASSERT_OK(archive.ArchiveOnce());
    EXPECT_EQ(archive.stats().lost_records, 0u);
    EXPECT_EQ(ToNumber(archive.stats().archived), ToNumber(*(*engine)->backup_source().SyncLog()));
  }
}

}  // namespace
}  // namespace luma::storage
