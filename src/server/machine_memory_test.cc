#include "server/machine_memory.h"

#include <gtest/gtest.h>

namespace luma::server {
namespace {

constexpr uint64_t kMachine = 100ull << 30;

TEST(MachineMemoryTest, AmountsAreSizesOrShares) {
  EXPECT_EQ(ParseMemoryAmount("512MiB", kMachine).value(), 512ull << 20);
  EXPECT_EQ(ParseMemoryAmount("100%", kMachine).value(), kMachine);
  EXPECT_EQ(ParseMemoryAmount("50%", kMachine).value(), kMachine / 2);
  EXPECT_EQ(ParseMemoryAmount("1%", 10ull << 30).value(), 256ull << 20) << "never below the least";
}

TEST(MachineMemoryTest, NonsenseIsRefused) {
  for (const char* const text : {"", "%", "0%", "101%", "-5%", "6 0%", "255MiB", "2TiB", "much"}) {
    EXPECT_EQ(ParseMemoryAmount(text, kMachine).status().code(), StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(MachineMemoryTest, CgroupsSayBytesOrMax) {
  EXPECT_EQ(ParseCgroupLimit("536870912"), 512ull << 20);
  EXPECT_EQ(ParseCgroupLimit("max"), UINT64_MAX);
  EXPECT_EQ(ParseCgroupLimit(""), UINT64_MAX);
}

TEST(MachineMemoryTest, ThisMachineHasSome) {
  EXPECT_GT(MachineMemoryBytes(), 64ull << 20);
  EXPECT_LT(MachineMemoryBytes(), 1ull << 50);
}

}  // namespace
}  // namespace luma::server
