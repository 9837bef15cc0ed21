// SimDisk is the judge of all crash tests, so its own rules are tested first.
#include "io/sim_disk.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace luma::io {
namespace {

constexpr char kFile[] = "/d/file";

SimDisk DiskWithDirectory(SimDiskOptions options = {}) {
  SimDisk disk(options);
  EXPECT_TRUE(disk.CreateDirectories("/d").ok());  // step 0
  return disk;
}

std::unique_ptr<WritableFile> CreateFile(SimDisk& disk, const Path& path = kFile) {
  auto file = disk.Create(path, CreateMode::kExclusive);
  EXPECT_TRUE(file.ok()) << file.status();
  return *std::move(file);
}

// Makes name and content of kFile durable.
std::unique_ptr<WritableFile> CreateDurable(SimDisk& disk, std::string_view content) {
  auto file = CreateFile(disk);
  EXPECT_TRUE(file->Append(AsBytes(content)).ok());
  EXPECT_TRUE(file->Sync().ok());
  EXPECT_TRUE(disk.SyncDirectory("/d").ok());
  return file;
}

std::string Content(SimDisk& disk, const Path& path = kFile) {
  const auto bytes = ReadFile(disk, path);
  return bytes.ok() ? std::string(AsText(*bytes)) : "<" + bytes.status().ToString() + ">";
}

TEST(SimDiskTest, SyncedBytesSurviveAndUnsyncedOnesMayNot) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    SimDisk disk = DiskWithDirectory({.seed = seed});
    const auto file = CreateDurable(disk, "synced");
    ASSERT_TRUE(file->WriteAt(0, AsBytes("newer!")).ok());
    EXPECT_EQ(Content(disk), "newer!");
    SimDisk after = disk.Reboot();
    seen.insert(Content(after));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"synced", "newer!"}));
}

TEST(SimDiskTest, UnsyncedSectorsSurviveInAnyCombinationButNeverTorn) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk = DiskWithDirectory({.seed = seed});
    const auto file = CreateDurable(disk, std::string(3 * 512, '0'));
    ASSERT_TRUE(file->WriteAt(0, AsBytes(std::string(3 * 512, '1'))).ok());
    SimDisk after = disk.Reboot();
    const std::string content = Content(after);
    ASSERT_EQ(content.size(), 3u * 512);
    std::string pattern;
    for (size_t sector = 0; sector < 3; ++sector) {
      const std::string bytes = content.substr(sector * 512, 512);
      ASSERT_EQ(bytes, std::string(512, bytes[0])) << "torn sector";
      pattern += bytes[0];
    }
    seen.insert(pattern);
  }
  EXPECT_EQ(seen.size(), 8u);
}

TEST(SimDiskTest, AnUnsyncedNameMayBeLostThoughItsBytesAreSynced) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 64; ++seed) {
    SimDisk disk = DiskWithDirectory({.seed = seed});
    const auto file = CreateFile(disk);
    ASSERT_TRUE(file->Append(AsBytes("x")).ok());
    ASSERT_TRUE(file->Sync().ok());
    lost += *disk.Reboot().Exists(kFile) ? 0 : 1;
  }
  EXPECT_GT(lost, 0);
  EXPECT_LT(lost, 64);
}

TEST(SimDiskTest, ARenameIsAtomicAndDependsOnTheCreation) {
  std::set<std::string> seen;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SimDisk disk = DiskWithDirectory({.seed = seed});
    const auto old_file = CreateDurable(disk, "old");
    const auto new_file = CreateFile(disk, "/d/new");
    ASSERT_TRUE(new_file->Append(AsBytes("new")).ok());
    ASSERT_TRUE(new_file->Sync().ok());
    ASSERT_TRUE(disk.Rename("/d/new", kFile).ok());
    SimDisk after = disk.Reboot();
    seen.insert(Content(after) + (*after.Exists("/d/new") ? "+temporary" : ""));
  }
  EXPECT_EQ(seen, (std::set<std::string>{"old", "old+temporary", "new"}));
}

TEST(SimDiskTest, SyncDirectoryMakesNamesDurable) {
  for (uint64_t seed = 0; seed < 32; ++seed) {
    SimDisk disk = DiskWithDirectory({.seed = seed});
    const auto file = CreateDurable(disk, "x");
    ASSERT_TRUE(disk.Rename(kFile, "/d/other").ok());
    ASSERT_TRUE(disk.SyncDirectory("/d").ok());
    EXPECT_EQ(*disk.Reboot().List("/d"), std::vector<std::string>{"other"});
  }
}

TEST(SimDiskTest, PowerIsLostAtTheGivenStepAndForEver) {
  SimDisk disk = DiskWithDirectory({.power_loss_step = 2});
  const auto file = CreateFile(disk);  // step 1
  EXPECT_EQ(file->Append(AsBytes("x")).code(), StatusCode::kIoError);
  EXPECT_TRUE(disk.power_lost());
  EXPECT_EQ(file->Sync().code(), StatusCode::kIoError);
  EXPECT_EQ(disk.OpenForRead(kFile).status().code(), StatusCode::kIoError);
  EXPECT_FALSE(disk.Reboot().power_lost());
}

// What makes retrying fsync wrong: the second one says OK and the bytes are gone all the same.
TEST(SimDiskTest, ASyncAfterAFailedSyncLies) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 32; ++seed) {
    SimDisk disk = DiskWithDirectory({.seed = seed});
    const auto file = CreateDurable(disk, "old");
    ASSERT_TRUE(file->WriteAt(0, AsBytes("new")).ok());
    disk.SetFault(SimFault{disk.steps(), StatusCode::kIoError});
    EXPECT_EQ(file->Sync().code(), StatusCode::kIoError);
    EXPECT_TRUE(file->Sync().ok());
    SimDisk after = disk.Reboot();
    lost += Content(after) == "old" ? 1 : 0;
  }
  EXPECT_GT(lost, 0);
}

TEST(SimDiskTest, AFullDiskRefusesGrowthButNotOverwriting) {
  SimDisk disk = DiskWithDirectory({.capacity_bytes = 1000});
  const auto file = CreateFile(disk);
  ASSERT_TRUE(file->Preallocate(900).ok());
  EXPECT_EQ(file->Append(Bytes(101)).code(), StatusCode::kDiskFull);
  EXPECT_TRUE(file->WriteAt(0, Bytes(900)).ok());
  disk.SetCapacity(2000);
  EXPECT_TRUE(file->Append(Bytes(101)).ok());
  ASSERT_TRUE(disk.Remove(kFile).ok());
  EXPECT_EQ(*disk.FreeBytes("/d"), 2000u);
}

TEST(SimDiskTest, RestartKeepsUnsyncedBytesAndRebootOfItMayStillLoseThem) {
  int lost = 0;
  for (uint64_t seed = 0; seed < 32; ++seed) {
    SimDisk disk = DiskWithDirectory();
    const auto file = CreateDurable(disk, "old");
    ASSERT_TRUE(file->WriteAt(0, AsBytes("new")).ok());
    SimDisk restarted = disk.Restart({.seed = seed});
    EXPECT_EQ(Content(restarted), "new");
    SimDisk after = restarted.Reboot();
    lost += Content(after) == "old" ? 1 : 0;
  }
  EXPECT_GT(lost, 0);
}

TEST(SimDiskTest, RebootGivesIndependentEqualDisks) {
  SimDisk disk = DiskWithDirectory({.seed = 5});
  const auto file = CreateDurable(disk, "old");
  ASSERT_TRUE(file->WriteAt(0, AsBytes("new")).ok());
  SimDisk first = disk.Reboot();
  SimDisk second = disk.Reboot();
  EXPECT_EQ(Content(first), Content(second));
  first.FlipBit(kFile, 0, 0);
  EXPECT_NE(Content(first), Content(second));
}

TEST(SimDiskTest, ADirectoryHasOneLockHolder) {
  SimDisk disk = DiskWithDirectory();
  auto lock = disk.LockDirectory("/d");
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(disk.LockDirectory("/d").status().code(), StatusCode::kUnavailable);
  lock->reset();
  EXPECT_TRUE(disk.LockDirectory("/d").ok());
}

// Goal: WriteFileAtomically leaves the old or the new content, and the new one if it said OK.
TEST(SimDiskTest, WriteFileAtomicallySurvivesPowerLossAtEveryStep) {
  const auto work = [](SimDisk& disk) {
    Status status = disk.CreateDirectories("/d");
    if (status.ok()) status = WriteFileAtomically(disk, kFile, AsBytes("old"));
    return status.ok() ? WriteFileAtomically(disk, kFile, AsBytes("new")) : status;
  };
  const uint64_t steps = CountIoSteps([&](SimDisk& disk) { EXPECT_TRUE(work(disk).ok()); });
  for (uint64_t step = 0; step <= steps; ++step) {
    for (uint64_t seed = 0; seed < 16; ++seed) {
      SCOPED_TRACE(::testing::Message() << "step " << step << " seed " << seed);
      SimDisk disk({.power_loss_step = step, .seed = seed});
      const Status status = work(disk);
      SimDisk after = disk.Reboot();
      const std::string content = *after.Exists(kFile) ? Content(after) : "";
      EXPECT_TRUE(content == "old" || content == "new" || content.empty()) << content;
      if (status.ok()) EXPECT_EQ(content, "new");
      if (step > steps / 2) EXPECT_FALSE(content.empty());
    }
  }
}

}  // namespace
}  // namespace luma::io
