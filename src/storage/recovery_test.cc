// A directory whose parts do not fit together is refused, and nothing in it is changed.
#include "storage/manifest/manifest.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class RecoveryTest : public EngineTest {
 protected:
  Status OpenStatus() { return MultiTierStorage::Open(options_, disk_, clock_).status(); }
  void RemoveAll(const io::Path& directory) {
    const std::vector<std::string> names = *disk_.List(directory);
    for (const std::string& name : names) {
      LUMA_ASSERT_OK(disk_.Remove(io::JoinPath(directory, name)));
    }
  }
  void MakeFile(const io::Path& path) {
    LUMA_ASSERT_OK(disk_.Create(path, io::CreateMode::kExclusive));
  }
};

TEST_F(RecoveryTest, ALogThatEndsBeforeTheCheckpointIsRefused) {
  CreateTable();
  engine_.reset();
  // Says that rows of commits up to 5 are in the log and nowhere else; there is one commit in it.
  ManifestEdit edit;
  edit.checkpoint = {.commit = CommitNumber{5}, .replay_from = kFirstLsn};
  LUMA_ASSERT_OK(Manifest::Open(disk_, "/data/manifest")->manifest->Append(edit));
  EXPECT_EQ(OpenStatus().code(), StatusCode::kCorruption);
  EXPECT_THAT(OpenStatus().message(), HasSubstr("log ends before the checkpoint"));
}

TEST_F(RecoveryTest, ALogThatIsAllInTheCheckpointIsNot) {
  const ObjectId table = CreateTable();
  for (int64_t i = 0; i < 3; ++i) {
    Insert(table, {{i, "a"}});
    LUMA_ASSERT_OK(engine_->Flush());
    Reopen();
  }
  EXPECT_EQ(Rows(table).size(), 3);
}

TEST_F(RecoveryTest, ALogWithoutAManifestIsRefused) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  engine_.reset();
  RemoveAll("/data/manifest");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(OpenStatus().code(), StatusCode::kCorruption);
  EXPECT_THAT(*disk_.List("/data/manifest"), IsEmpty());
}

TEST_F(RecoveryTest, SegmentsWithoutAManifestAreRefusedAndKept) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  LUMA_ASSERT_OK(engine_->Flush());
  engine_.reset();
  const auto segments = *disk_.List("/data/segments");
  RemoveAll("/data/manifest");
  RemoveAll("/data/wal");
  for (int i = 0; i < 2; ++i) EXPECT_EQ(OpenStatus().code(), StatusCode::kCorruption);
  EXPECT_EQ(*disk_.List("/data/segments"), segments);
}

TEST_F(RecoveryTest, OnlySegmentFilesAreRemovedAsLeftovers) {
  engine_.reset();
  LUMA_ASSERT_OK(disk_.CreateDirectories("/data/segments/lost+found"));
  MakeFile("/data/segments/16384-9-1-1.seg");
  MakeFile("/data/segments/16384-9-1-2.seg.tmp");
  Reopen();
  EXPECT_THAT(*disk_.List("/data/segments"), testing::ElementsAre("lost+found"));
}

}  // namespace
}  // namespace luma::storage
