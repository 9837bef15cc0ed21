#include "server/open_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace luma::server {
namespace {

TEST(OpenFilesTest, TheLimitIsRaisedAsFarAsItMay) {
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  rlimit lowered = limit;
  lowered.rlim_cur = limit.rlim_max / 2;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lowered), 0);
  EXPECT_EQ(RaiseOpenFileLimit(), limit.rlim_max);
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &lowered), 0);
  EXPECT_EQ(lowered.rlim_cur, limit.rlim_max);
}

TEST(OpenFilesTest, ConnectionsLeaveFilesToTheStore) {
  constexpr uint64_t kMemory = 16ull << 30;
  EXPECT_EQ(ConnectionsThatFit(10'000, 1'048'576, kMemory), 10'000u);
  EXPECT_EQ(ConnectionsThatFit(10'000, 1'024, kMemory), 256u);
  EXPECT_EQ(ConnectionsThatFit(10'000, 0, kMemory), 1u);
  EXPECT_EQ(ConnectionsThatFit(10'000, 1'048'576, 256 << 20), 2048u);
}

}  // namespace
}  // namespace luma::server
