// The contract of ObjectStore, checked on a directory and on the simulated store alike.
#include "io/object_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "io/sim_disk.h"

namespace luma::io {
namespace {

class ObjectStoreTest : public ::testing::TestWithParam<bool> {
 protected:
  ObjectStoreTest() {
    if (GetParam())
      store_ = std::make_unique<SimObjectStore>();
    else
      store_ = std::make_unique<LocalObjectStore>(disk_, "/objects");
  }

  SimDisk disk_;
  std::unique_ptr<ObjectStore> store_;
};
INSTANTIATE_TEST_SUITE_P(LocalAndSim, ObjectStoreTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "Simulated" : "Local"; });

TEST_P(ObjectStoreTest, PutReplacesAndGetReturnsTheWholeObject) {
  ASSERT_TRUE(store_->Put("t/1/a.parquet", AsBytes("first")).ok());
  ASSERT_TRUE(store_->Put("t/1/a.parquet", AsBytes("second")).ok());
  EXPECT_EQ(AsText(*store_->Get("t/1/a.parquet")), "second");
  EXPECT_EQ(store_->Head("t/1/a.parquet")->size_bytes, 6u);
  EXPECT_EQ(AsText(*store_->GetRange("t/1/a.parquet", 1, 3)), "eco");
  EXPECT_EQ(store_->GetRange("t/1/a.parquet", 4, 3).status().code(), StatusCode::kOutOfRange);
  EXPECT_EQ(store_->GetRange("t/1/a.parquet", UINT64_MAX, 2).status().code(),
            StatusCode::kOutOfRange);
}

TEST_P(ObjectStoreTest, PutIfAbsentKeepsTheFirst) {
  ASSERT_TRUE(store_->PutIfAbsent("k", AsBytes("first")).ok());
  EXPECT_EQ(store_->PutIfAbsent("k", AsBytes("second")).code(), StatusCode::kAlreadyExists);
  EXPECT_EQ(AsText(*store_->Get("k")), "first");
}

TEST_P(ObjectStoreTest, ListsByPrefixSorted) {
  EXPECT_TRUE(store_->List("")->empty());
  for (const char* key : {"b", "a/2", "a/1", "a.x", "ab/1"}) {
    ASSERT_TRUE(store_->Put(key, AsBytes(key)).ok());
  }
  std::string keys;
  const auto objects = store_->List("a");
  for (const ObjectInfo& object : *objects) keys += object.key + " ";
  EXPECT_EQ(keys, "a.x a/1 a/2 ab/1 ");
  EXPECT_EQ(store_->List("a/")->size(), 2u);
}

TEST_P(ObjectStoreTest, AMissingObjectIsNotFoundAndDeletingItIsFine) {
  EXPECT_EQ(store_->Get("none").status().code(), StatusCode::kNotFound);
  EXPECT_EQ(store_->Head("none").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store_->Delete("none").ok());
  ASSERT_TRUE(store_->Put("k", AsBytes("x")).ok());
  ASSERT_TRUE(store_->Delete("k").ok());
  EXPECT_EQ(store_->Get("k").status().code(), StatusCode::kNotFound);
}

TEST_P(ObjectStoreTest, KeysCannotLeaveTheStore) {
  for (const char* key :
       {"", "/", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".", "a b", "x.tmp"}) {
    EXPECT_EQ(store_->Put(key, AsBytes("x")).code(), StatusCode::kInvalidArgument) << key;
  }
  EXPECT_EQ(store_->Put(std::string(1025, 'k'), {}).code(), StatusCode::kInvalidArgument);
}

TEST(LocalObjectStoreTest, APutIsWholeOrAbsentAfterPowerLossAtEveryStep) {
  const auto work = [](SimDisk& disk) {
    LocalObjectStore store(disk, "/objects");
    return store.Put("t/object", AsBytes("content"));
  };
  const uint64_t steps = CountIoSteps([&](SimDisk& disk) { EXPECT_TRUE(work(disk).ok()); });
  for (uint64_t step = 0; step <= steps; ++step) {
    for (uint64_t seed = 0; seed < 16; ++seed) {
      SimDisk disk({.power_loss_step = step, .seed = seed});
      const Status status = work(disk);
      SimDisk after = disk.Reboot();
      LocalObjectStore store(after, "/objects");
      const auto content = store.Get("t/object");
      if (status.ok()) ASSERT_TRUE(content.ok()) << "step " << step;
      if (content.ok()) EXPECT_EQ(AsText(*content), "content") << "step " << step;
    }
  }
}

TEST(SimObjectStoreTest, TheScriptDecides) {
  SimObjectStore store;
  int puts = 0;
  store.SetScript([&](SimObjectStore::Operation operation, const std::string&) {
    const bool fails = operation == SimObjectStore::Operation::kPut && ++puts == 2;
    return fails ? Status::IoError("scripted") : Status::Ok();
  });
  EXPECT_TRUE(store.Put("a", {}).ok());
  EXPECT_EQ(store.Put("b", {}).code(), StatusCode::kIoError);
  EXPECT_EQ(store.Get("b").status().code(), StatusCode::kNotFound);
  EXPECT_TRUE(store.Put("b", {}).ok());
}

}  // namespace
}  // namespace luma::io
