// Goal: a directory's name is on disk when CreateDirectories returns, also one that an earlier
// process made and did not live to sync.
// Method: this file replaces the fsync of the C library and notes which directories it is given.
#include <gtest/gtest.h>
#include <limits.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "io/file_system.h"

namespace {

std::vector<std::string>& SyncedPaths() {
  static std::vector<std::string> paths;
  return paths;
}

}  // namespace

extern "C" int fsync(int fd) {
  std::array<char, PATH_MAX> path{};
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  if (::readlink(link.c_str(), path.data(), path.size() - 1) > 0) {
    SyncedPaths().emplace_back(path.data());
  }
  return static_cast<int>(::syscall(SYS_fsync, fd));
}

namespace luma::io {
namespace {

bool IsSynced(const Path& path) {
  return std::count(SyncedPaths().begin(), SyncedPaths().end(), path) > 0;
}

TEST(PosixSyncTest, CreateDirectoriesSyncsTheParentOfEveryNameItMayHaveMade) {
  FileSystem& fs = FileSystem::Posix();
  std::string root = ::testing::TempDir() + "luma_posix_sync_test.XXXXXX";
  ASSERT_NE(::mkdtemp(root.data()), nullptr);
  const Path parent = JoinPath(root, "parent");
  const Path child = JoinPath(parent, "child");

  ASSERT_TRUE(fs.CreateDirectories(child).ok());
  EXPECT_TRUE(IsSynced(root));
  EXPECT_TRUE(IsSynced(parent));

  SyncedPaths().clear();
  ASSERT_TRUE(fs.CreateDirectories(child).ok());
  EXPECT_TRUE(IsSynced(parent));

  ::rmdir(child.c_str());
  ::rmdir(parent.c_str());
  ::rmdir(root.c_str());
}

}  // namespace
}  // namespace luma::io
