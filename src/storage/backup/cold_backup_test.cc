// Backups of a database that has runs in the cold tier.
#include "storage/backup/backup_list.h"
#include "storage/backup/backup_writer.h"
#include "storage/backup/restore.h"
#include "storage/backup/store_check.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

Status NoProgress(const Progress&) { return Status::Ok(); }

class ColdBackupTest : public ColdTest {
 protected:
  ObjectId MakeTable() {
    const ObjectId table = CreateTable();
    InsertAndFlush(table, kColdNow - 48 * kHourMillis, 60);
    InsertAndFlush(table, kColdNow - kHourMillis, 60);
    EXPECT_EQ(ErrorText(engine_->MoveCold()), "");
    return table;
  }
  Result<BackupResult> Backup() {
    clock_.Advance(std::chrono::seconds(1));
    return WriteBackup(engine_->backup_source(), backups_, clock_, NoProgress);
  }

  io::SimObjectStore backups_;
};

TEST_F(ColdBackupTest, ARestoreHasColdRowsInObjectsOfItsOwn) {
  const ObjectId table = MakeTable();
  const auto before = *ReadReadings(**engine_->Read(table));
  const auto backup = Backup();
  ASSERT_TRUE(backup.ok()) << backup.status();
  EXPECT_EQ(Backup()->bytes_moved, 0u);
  EXPECT_THAT(CheckBackup(backups_, backup->backup.Id(), NoProgress)->problems, IsEmpty());

  io::SimDisk disk;
  EXPECT_EQ(Restore(backups_, {}, disk, "/copy", NoProgress).status().code(),
            StatusCode::kInvalidArgument);
  const auto restored = Restore(backups_, {}, disk, "/copy", NoProgress,
                                {.store = store_.get(), .key_prefix = "copies/"});
  ASSERT_TRUE(restored.ok()) << restored.status();
  EngineOptions options = options_;
  options.data_dir = "/copy";
  options.cold.key_prefix = "copies/";
  const auto copy = StorageEngine::Open(options, disk, clock_);
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(*ReadReadings(**(*copy)->Read(table)), before);
  EXPECT_THAT(*store_->List("copies/"), SizeIs(2));
  EXPECT_THAT(CheckRunning((*copy)->backup_source(), NoProgress)->problems, IsEmpty());
}

TEST_F(ColdBackupTest, DamageInTheColdTierAndInABackupOfItIsFound) {
  MakeTable();
  const auto backup = Backup();
  ASSERT_TRUE(backup.ok()) << backup.status();
  const std::string id = backup->backup.Id();
  for (const io::ObjectInfo& object : *backups_.List("segments/")) {
    SCOPED_TRACE(object.key);
    const Bytes intact = *backups_.Get(object.key);
    Bytes damaged = intact;
    damaged[damaged.size() / 2] ^= std::byte{1};
    LUMA_ASSERT_OK(backups_.Put(object.key, damaged));
    const std::string name = object.key.substr(0, object.key.rfind('/'));
    EXPECT_THAT(CheckBackup(backups_, id, NoProgress)->problems,
                testing::ElementsAre(HasSubstr(name)));
    LUMA_ASSERT_OK(backups_.Put(object.key, intact));
  }
  const std::string key = Objects().front();
  Bytes damaged = *store_->Get(key);
  damaged[damaged.size() / 2] ^= std::byte{1};
  LUMA_ASSERT_OK(store_->Put(key, damaged));
  EXPECT_THAT(CheckRunning(engine_->backup_source(), NoProgress)->problems,
              testing::ElementsAre(HasSubstr(key)));
  LUMA_ASSERT_OK(DeleteBackup(backups_, id, clock_));
  EXPECT_THAT(*backups_.List(""), IsEmpty());
  EXPECT_EQ(Backup().status().code(), StatusCode::kCorruption);
  EXPECT_THAT(*ListBackups(backups_), IsEmpty());
}

}  // namespace
}  // namespace luma::storage
