// Goal: a restored database in whose log deleted rows are named by what they held comes to the same
// rows whatever step of its first starts the power is lost at: none is deleted twice.
// Method: a bag of equal rows, of which some are deleted after a merge; restored, and started with
// power lost at step 0, 1, ...; then started again.
#include "base/log.h"
#include "storage/testing/restore_every_commit.h"

namespace luma::storage {
namespace {

using MovedRowsCrashTest = RestoreEveryCommitTest;

TEST_F(MovedRowsCrashTest, TheFirstStartOfARestoredDatabaseSurvivesPowerLossAtEveryStep) {
  const ObjectId bag = Create(TestTable({.name = "bag", .has_key = false, .sorted = true}));
  const ObjectId keyed = Create(TestTable({.name = "keyed", .sorted = true}));
  Insert(bag, {{"2", "same"}, {"1", "same"}, {"1", "same"}});
  Backup();
  for (int round = 0; round < 2; ++round) {
    Insert(bag, {{"3", "same"}, {"1", "same"}, {"1", "same"}});
    Insert(keyed, {{std::to_string(10 - round), "a"}, {std::to_string(5 - round), "b"}});
    Flush();
  }
  Merge();
  Delete(bag, FirstIs(1), 3);
  Replace(keyed, FirstIs(5), {{"5", "updated"}});
  Insert(bag, {{"1", "same"}});
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  LUMA_ASSERT_OK(RestoreTo(LastLsn()));
  const DatabaseRows& expected = states_.rbegin()->second;

  SetLogLevel(LogLevel::kOff);  // a failing disk logs an error per step
  bool is_whole = false;
  uint64_t failed = 0;
  for (uint64_t step = 0; !is_whole; ++step) {
    SCOPED_TRACE("power lost at step " + std::to_string(step));
    io::SimDisk disk = restored_disk_.Restart({.power_loss_step = step, .seed = step + 1});
    {
      const auto engine = OpenRestored(disk);
      is_whole = engine.ok() && (*engine)->Close().ok() && !disk.power_lost();
      failed += engine.ok() ? 0 : 1;
    }
    io::SimDisk after = disk.Reboot();
    for (int start = 0; start < 2; ++start) {
      const auto engine = OpenRestored(after);
      ASSERT_TRUE(engine.ok()) << engine.status();
      ASSERT_EQ(ReadDatabase(**engine), expected);
    }
  }
  SetLogLevel(LogLevel::kInfo);
  EXPECT_GT(failed, 20u);
}

}  // namespace
}  // namespace luma::storage
