#include "server/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace luma::server {
namespace {

using testing::HasSubstr;

class InspectTest : public testing::Test {
 protected:
  // A file of that name in a folder of this test's own.
  std::string Write(const std::string& name, const std::string& content) {
    const std::string path = io::JoinPath(folder_, name);
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  io::FileSystem& fs_ = io::FileSystem::Posix();
  std::string folder_ = [this] {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    std::string folder = testing::TempDir() + "luma_inspect_" + test->name();
    EXPECT_TRUE(fs_.CreateDirectories(folder).ok());
    return folder;
  }();
  std::ostringstream out_;
};

TEST_F(InspectTest, KnowsAFormatByTheFirstBytesWhenTheNameSaysNothing) {
  const std::string path = Write("copy", "MANIFEST-000001 00000000\n");
  ASSERT_TRUE(Inspect(fs_, path, out_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("current manifest: MANIFEST-000001"));
}

TEST_F(InspectTest, KnowsAFormatByTheNameWhenTheFirstBytesAreDamaged) {
  const std::string path = Write("wal-0000000000000001.log", std::string(4096, 'x'));
  const Status status = Inspect(fs_, path, out_);
  EXPECT_NE(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(out_.str(), HasSubstr(path));
}

TEST_F(InspectTest, RefusesOtherFilesAndMissingOnes) {
  EXPECT_EQ(Inspect(fs_, Write("notes.txt", "hello"), out_).code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Inspect(fs_, folder_ + "/missing", out_).code(), StatusCode::kNotFound);
}

TEST_F(InspectTest, AFolderIsWalkedToItsEndWhateverIsDamaged) {
  Write("1.seg", "damaged");
  Write("CURRENT", "MANIFEST-000001 00000000\n");
  Write("notes.txt", "hello");
  EXPECT_FALSE(Inspect(fs_, folder_, out_).ok());
  EXPECT_THAT(out_.str(), HasSubstr("1.seg\n"));
  EXPECT_THAT(out_.str(), HasSubstr("current manifest"));
  EXPECT_THAT(out_.str(), HasSubstr("notes.txt\nnothing to decode"));
}

TEST_F(InspectTest, FilesWithoutContentAreExplained) {
  const std::pair<const char*, const char*> files[] = {
      {"LOCK", "lock of the data directory"},
      {"wal-0000000000000003.spare", "spare log file"},
      {"wal-0000000000000004.spare.tmp", "spare log file"},
      {"duckdb_temp_storage-0.tmp", "spilled rows"}};
  for (const auto& [name, what] : files) {
    ASSERT_TRUE(Inspect(fs_, Write(name, ""), out_).ok()) << name;
    EXPECT_THAT(out_.str(), HasSubstr(what));
  }
}

}  // namespace
}  // namespace luma::server
