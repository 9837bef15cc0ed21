#include "server/cold_store.h"

#include <gtest/gtest.h>

#include "io/object_store.h"
#include "io/sim_disk.h"

namespace luma::server {
namespace {

TEST(ColdStoreTest, WithoutAStoreThereIsNone) {
  io::SimDisk disk;
  const auto options = OpenColdStore(Config{}, disk, Clock::System());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->store, nullptr);
  EXPECT_EQ(options->cache_bytes_max, 1u << 30);
  EXPECT_FALSE(options->warm_bytes_max.has_value());
}

TEST(ColdStoreTest, ADirectoryIsMadeAndUsed) {
  io::SimDisk disk;
  Config config;
  config.cold.store = "/mnt/cold";
  config.cold.warm_bytes_max = {1 << 20};
  const auto options = OpenColdStore(config, disk, Clock::System());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_EQ(options->warm_bytes_max, 1u << 20);
  ASSERT_TRUE(options->store->Put("a/b", AsBytes("x")).ok());
  EXPECT_TRUE(disk.Exists("/mnt/cold/a/b").value());
}

TEST(ColdStoreTest, ABucketIsOpenedWithoutAskingTheService) {
  io::SimDisk disk;
  Config config;
  config.cold.store = "s3://bucket/a/b";
  config.cold.endpoint = "http://127.0.0.1:1";
  config.cold.access_key = "K";
  config.cold.secret_key = "S";
  const auto options = OpenColdStore(config, disk, Clock::System());
  ASSERT_TRUE(options.ok()) << options.status();
  EXPECT_NE(options->store, nullptr);
  EXPECT_EQ(options->key_prefix, "a/b/");
  config.cold.endpoint = "http://host/path";
  EXPECT_EQ(OpenColdStore(config, disk, Clock::System()).status().code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace luma::server
