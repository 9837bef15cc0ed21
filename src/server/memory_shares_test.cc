#include "server/memory_shares.h"

#include <gtest/gtest.h>

namespace luma::server {
namespace {

Config Limited(std::string limit) {
  Config config;
  config.general.memory_limit = std::move(limit);
  return config;
}

TEST(MemorySharesTest, TheSharesFitIntoTheLimitAndLeaveAReserve) {
  for (const char* const limit : {"512MiB", "1GiB", "4GiB", "64GiB"}) {
    SCOPED_TRACE(limit);
    const Config config = WithMemoryShares(Limited(limit));
    const uint64_t shares = config.storage.memory_limit.bytes + config.query.memory_limit.bytes;
    EXPECT_LE(shares, MemoryLimitBytes(config) / 4 * 3);
    EXPECT_GE(shares, MemoryLimitBytes(config) / 2);
    EXPECT_GE(config.server.body_memory.bytes, 2 * config.server.body_limit.bytes);
    EXPECT_LE(config.storage.flush_hot_bytes.bytes, config.storage.memory_limit.bytes / 4);
    EXPECT_GT(config.wal.bytes_max.bytes, config.storage.flush_wal_bytes.bytes);
  }
}

TEST(MemorySharesTest, TheLeastLimitStillWorks) {
  const Config config = WithMemoryShares(Limited("256MiB"));
  EXPECT_GE(config.storage.memory_limit.bytes, 64u << 20);
  EXPECT_GE(config.query.memory_limit.bytes, 64u << 20);
}

TEST(MemorySharesTest, WhatIsSetStays) {
  Config config = Limited("1GiB");
  config.query.memory_limit = {300ull << 20};
  config.storage.flush_hot_bytes = {5ull << 20};
  const Config shared = WithMemoryShares(config);
  EXPECT_EQ(shared.query.memory_limit.bytes, 300ull << 20);
  EXPECT_EQ(shared.storage.flush_hot_bytes.bytes, 5ull << 20);
  const Config without = WithMemoryShares(Limited("1GiB"));
  EXPECT_EQ(shared.storage.memory_limit.bytes + shared.query.memory_limit.bytes,
            without.storage.memory_limit.bytes + without.query.memory_limit.bytes)
      << "the others give way";
  EXPECT_EQ(WithMemoryShares(shared).storage.memory_limit, shared.storage.memory_limit);
}

}  // namespace
}  // namespace luma::server
