// The contract of FileSystem, checked on the machine's file system and on SimDisk alike.
#include "io/file_system.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "io/sim_disk.h"

namespace luma::io {
namespace {

// Removes what a test left; the tests make no deeper trees than two levels.
void RemoveTree(FileSystem& fs, const Path& path) {
  if (!fs.IsDirectory(path).value()) {
    EXPECT_TRUE(fs.Remove(path).ok());
    return;
  }
  const auto names = fs.List(path);  // a temporary would die before the loop
  for (const std::string& name : *names) RemoveTree(fs, JoinPath(path, name));
  ::rmdir(path.c_str());
}

class FileSystemTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (GetParam()) sim_ = std::make_unique<SimDisk>();
    root_ =
        GetParam() ? "/root" : ::testing::TempDir() + "luma_io_test." + std::to_string(::getpid());
    ASSERT_TRUE(fs().CreateDirectories(root_).ok());
  }
  void TearDown() override {
    if (!GetParam()) RemoveTree(fs(), root_);
  }
  FileSystem& fs() { return GetParam() ? *sim_ : FileSystem::Posix(); }
  Path At(std::string_view name) const { return JoinPath(root_, name); }
  std::string Read(std::string_view name) {
    const auto bytes = ReadFile(fs(), At(name));
    return bytes.ok() ? std::string(AsText(*bytes)) : bytes.status().ToString();
  }

  std::unique_ptr<SimDisk> sim_;
  Path root_;
};
INSTANTIATE_TEST_SUITE_P(PosixAndSim, FileSystemTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "SimDisk" : "Posix"; });

TEST_P(FileSystemTest, AppendsOverwritesAndReadsBack) {
  auto file = fs().Create(At("f"), CreateMode::kExclusive);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_TRUE((*file)->Append(AsBytes("hello ")).ok());
  ASSERT_TRUE((*file)->Append(AsBytes("world")).ok());
  ASSERT_TRUE((*file)->WriteAt(0, AsBytes("J")).ok());
  ASSERT_TRUE((*file)->WriteAt(11, AsBytes("!")).ok());
  ASSERT_TRUE((*file)->Sync().ok());
  EXPECT_EQ(*(*file)->Size(), 12u);
  ASSERT_TRUE((*file)->Close().ok());
  EXPECT_EQ(Read("f"), "Jello world!");

  auto again = fs().OpenForWrite(At("f"));
  ASSERT_TRUE((*again)->Append(AsBytes("?")).ok());
  EXPECT_EQ(Read("f"), "Jello world!?");
  EXPECT_EQ(*fs().FileSize(At("f")), 13u);
}

TEST_P(FileSystemTest, ReadingPastTheEndNamesFileAndOffset) {
  ASSERT_TRUE(WriteFileAtomically(fs(), At("f"), AsBytes("12345")).ok());
  const auto file = fs().OpenForRead(At("f"));
  std::array<std::byte, 4> bytes;
  EXPECT_EQ(*(*file)->ReadSome(3, bytes), 2u);
  EXPECT_EQ(*(*file)->ReadSome(9, bytes), 0u);
  const Status status = (*file)->ReadAt(3, bytes);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_NE(status.message().find("path=" + At("f") + " offset=3"), std::string::npos) << status;
}

TEST_P(FileSystemTest, PreallocateGrowsWithZerosAndNeverShrinks) {
  auto file = fs().Create(At("f"), CreateMode::kTruncate);
  ASSERT_TRUE((*file)->Append(AsBytes("ab")).ok());
  ASSERT_TRUE((*file)->Preallocate(600'000).ok());
  ASSERT_TRUE((*file)->Preallocate(10).ok());
  const std::string content = Read("f");
  EXPECT_EQ(content.size(), 600'000u);
  EXPECT_EQ(content.substr(0, 3), std::string("ab\0", 3));
  EXPECT_EQ(content.find_first_not_of('\0', 2), std::string::npos);
}

TEST_P(FileSystemTest, AMappingOutlivesTheFile) {
  ASSERT_TRUE(WriteFileAtomically(fs(), At("f"), AsBytes("mapped")).ok());
  ASSERT_TRUE(WriteFileAtomically(fs(), At("empty"), {}).ok());
  const auto mapping = (*fs().OpenForRead(At("f")))->Map();
  ASSERT_TRUE(fs().Remove(At("f")).ok());
  EXPECT_EQ(AsText((*mapping)->bytes()), "mapped");
  EXPECT_TRUE((*(*fs().OpenForRead(At("empty")))->Map())->bytes().empty());
}

TEST_P(FileSystemTest, ListsNamesSortedAndRenamesOver) {
  ASSERT_TRUE(fs().CreateDirectories(At("sub/deep")).ok());
  for (const char* name : {"b", "a", "c"}) {
    ASSERT_TRUE(WriteFileAtomically(fs(), At(name), AsBytes(name)).ok());
  }
  ASSERT_TRUE(fs().Rename(At("a"), At("c")).ok());
  EXPECT_EQ(*fs().List(root_), (std::vector<std::string>{"b", "c", "sub"}));
  EXPECT_EQ(Read("c"), "a");
  EXPECT_TRUE(*fs().IsDirectory(At("sub")));
  EXPECT_FALSE(*fs().IsDirectory(At("b")));
  EXPECT_TRUE(*fs().Exists(At("b")));
  EXPECT_FALSE(*fs().Exists(At("a")));
  EXPECT_TRUE(fs().SyncDirectory(root_).ok());
}

TEST_P(FileSystemTest, ErrorsHaveTheirCodesAndNameThePath) {
  EXPECT_EQ(fs().OpenForRead(At("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(fs().OpenForWrite(At("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(fs().Remove(At("none")).code(), StatusCode::kNotFound);
  EXPECT_EQ(fs().Rename(At("none"), At("x")).code(), StatusCode::kNotFound);
  EXPECT_EQ(fs().List(At("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(fs().FileSize(At("none")).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(fs().Create(At("none/x"), CreateMode::kTruncate).status().code(),
            StatusCode::kNotFound);
  ASSERT_TRUE(WriteFileAtomically(fs(), At("f"), {}).ok());
  const auto taken = fs().Create(At("f"), CreateMode::kExclusive);
  EXPECT_EQ(taken.status().code(), StatusCode::kAlreadyExists);
  EXPECT_NE(taken.status().message().find(At("f")), std::string::npos);
}

TEST_P(FileSystemTest, OnlyOneHolderLocksADirectory) {
  auto lock = fs().LockDirectory(root_);
  ASSERT_TRUE(lock.ok()) << lock.status();
  EXPECT_EQ(fs().LockDirectory(root_).status().code(), StatusCode::kUnavailable);
  lock->reset();
  EXPECT_TRUE(fs().LockDirectory(root_).ok());
}

TEST_P(FileSystemTest, FreeBytesIsPositive) { EXPECT_GT(*fs().FreeBytes(root_), 0u); }

TEST(PosixFileSystemTest, AFullDeviceIsDiskFull) {
  auto file = FileSystem::Posix().OpenForWrite("/dev/full");
  ASSERT_TRUE(file.ok()) << file.status();
  const Status status = (*file)->Append(AsBytes("x"));
  EXPECT_EQ(status.code(), StatusCode::kDiskFull);
  EXPECT_EQ(status.message(), "write failed: path=/dev/full error=No space left on device");
}

TEST(PathTest, JoinsAndSplits) {
  EXPECT_EQ(JoinPath("/a", "b"), "/a/b");
  EXPECT_EQ(JoinPath("/a/", "b"), "/a/b");
  EXPECT_EQ(ParentPath("/a/b"), "/a");
  EXPECT_EQ(ParentPath("/a"), "/");
  EXPECT_EQ(ParentPath("a"), ".");
}

}  // namespace
}  // namespace luma::io
