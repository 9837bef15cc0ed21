#include "io/local_object_store.h"

#include <atomic>
#include <functional>
#include <thread>

#include "io/object_store_contract.h"
#include "io/prefixed_object_store.h"
#include "io/sim_disk.h"
#include "io/sim_object_store.h"

namespace luma::io {
namespace {

// A store in a directory of a simulated disk, which it owns.
class OnSimDisk {
 public:
  std::unique_ptr<ObjectStore> Make() {
    disk_ = std::make_unique<SimDisk>();
    return std::make_unique<LocalObjectStore>(*disk_, "/objects");
  }

 private:
  std::unique_ptr<SimDisk> disk_;
};

std::unique_ptr<ObjectStore> MakeLocalStore() {
  static OnSimDisk directory;
  return directory.Make();
}
std::unique_ptr<ObjectStore> MakeSimStore() { return std::make_unique<SimObjectStore>(); }
// Beside another one's objects, which it must not see.
std::unique_ptr<ObjectStore> MakePrefixedStore() {
  const auto store = std::make_shared<SimObjectStore>();
  EXPECT_TRUE(store->Put("other/t/1", AsBytes("x")).ok());
  return std::make_unique<PrefixedObjectStore>(store, "mine/");
}

INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreContract, testing::Values(&MakeLocalStore));
INSTANTIATE_TEST_SUITE_P(Prefixed, ObjectStoreContract, testing::Values(&MakePrefixedStore));
INSTANTIATE_TEST_SUITE_P(Simulated, ObjectStoreContract, testing::Values(&MakeSimStore));

// Goal: an object is whole or absent, and there once it was acknowledged.
// Method: `work` puts "content" to t/object; the disk loses power at each of its steps.
void ExpectWholeOrAbsentAtEveryStep(const std::function<Status(SimDisk&, ObjectStore&)>& work) {
  const auto run = [&](SimDisk& disk) {
    LocalObjectStore store(disk, "/objects");
    return work(disk, store);
  };
  const uint64_t steps = CountIoSteps([&](SimDisk& disk) { EXPECT_TRUE(run(disk).ok()); });
  for (uint64_t step = 0; step <= steps; ++step) {
    for (uint64_t seed = 0; seed < 16; ++seed) {
      SimDisk disk({.power_loss_step = step, .seed = seed});
      const Status status = run(disk);
      SimDisk after = disk.Reboot();
      LocalObjectStore store(after, "/objects");
      const auto content = store.Get("t/object");
      if (status.ok()) ASSERT_TRUE(content.ok()) << "step " << step;
      if (content.ok()) EXPECT_EQ(AsText(*content), "content") << "step " << step;
    }
  }
}

TEST(LocalObjectStoreTest, APutIsWholeOrAbsentAfterPowerLossAtEveryStep) {
  ExpectWholeOrAbsentAtEveryStep(
      [](SimDisk&, ObjectStore& store) { return store.Put("t/object", AsBytes("content")); });
}

TEST(LocalObjectStoreTest, AFileIsWholeOrAbsentAfterPowerLossAtEveryStep) {
  ExpectWholeOrAbsentAtEveryStep([](SimDisk& disk, ObjectStore& store) {
    LUMA_RETURN_IF_ERROR(WriteFileAtomically(disk, "/file", AsBytes("content")));
    return store.PutFile("t/object", disk, "/file").status();
  });
}

TEST(LocalObjectStoreTest, AFileThatFindsNoRoomLeavesTheRoomThereIs) {
  const Bytes half(60 << 10);
  SimDisk disk({.capacity_bytes = 100 << 10});
  ASSERT_TRUE(WriteFileAtomically(disk, "/file", half).ok());
  LocalObjectStore store(disk, "/objects");
  EXPECT_EQ(store.PutFile("t/object", disk, "/file").status().code(), StatusCode::kDiskFull);
  EXPECT_EQ(disk.List("/objects/t")->size(), 0u);
  EXPECT_TRUE(WriteFileAtomically(disk, "/small", Bytes(30 << 10)).ok());
}

TEST(LocalObjectStoreTest, WhatACrashLeftOfAWriteIsNoObject) {
  SimDisk disk;
  LocalObjectStore store(disk, "/objects");
  ASSERT_TRUE(store.Put("t/object", AsBytes("content")).ok());
  ASSERT_TRUE(disk.Create("/objects/t/other.tmp", CreateMode::kExclusive).ok());
  EXPECT_EQ(store.List("")->size(), 1u);
}

TEST(LocalObjectStoreTest, WhatACrashLeftOfAWriteCanBeRemoved) {
  SimDisk disk;
  LocalObjectStore store(disk, "/objects");
  EXPECT_EQ(*store.RemoveLeftovers("t/"), 0u);
  ASSERT_TRUE(store.Put("t/a/object", AsBytes("content")).ok());
  ASSERT_TRUE(store.Put("u/object", AsBytes("content")).ok());
  ASSERT_TRUE(disk.Create("/objects/t/a/other.tmp", CreateMode::kExclusive).ok());
  ASSERT_TRUE(disk.Create("/objects/u/other.tmp", CreateMode::kExclusive).ok());
  EXPECT_EQ(*store.RemoveLeftovers("t/"), 1u);
  EXPECT_EQ(disk.List("/objects/t/a")->size(), 1u);
  EXPECT_EQ(disk.List("/objects/u")->size(), 2u);
  EXPECT_TRUE(store.Get("t/a/object").ok());
}

TEST(LocalObjectStoreTest, ACopyCanBeGivenUpAndLeavesNothing) {
  SimDisk disk;
  ASSERT_TRUE(WriteFileAtomically(disk, "/file", Bytes(3 << 20)).ok());
  LocalObjectStore store(disk, "/objects");
  std::atomic<bool> is_done = false;
  std::thread cancels([&] {
    while (!is_done) store.CancelCalls();
  });
  StatusCode code = StatusCode::kOk;
  while (code == StatusCode::kOk) code = store.PutFile("t/object", disk, "/file").status().code();
  is_done = true;
  cancels.join();
  EXPECT_EQ(code, StatusCode::kCancelled);
  for (const std::string& name : *disk.List("/objects/t")) EXPECT_EQ(name, "object");
  EXPECT_TRUE(store.PutFile("t/object", disk, "/file").ok());
}

}  // namespace
}  // namespace luma::io
