// `lumadb check` finds damage wherever it is, and nothing in a healthy directory.
#include "storage/directory_check.h"

#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class DirectoryCheckTest : public EngineTest {
 protected:
  // Two segment files, a deleted row, and rows that are only in the log. The engine is closed.
  void FillAndClose() {
    const ObjectId table = CreateTable();
    Insert(table, {{1, "a"}, {2, std::nullopt}, {3, "c"}});
    LUMA_ASSERT_OK(engine_->Flush());
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(DeleteKey(*transaction, table, 2));
    LUMA_ASSERT_OK(transaction->Commit());
    Insert(table, {{4, "d"}});
    LUMA_ASSERT_OK(engine_->Flush());
    Insert(table, {{5, "e"}, {6, "f"}});
    engine_.reset();
  }

  std::vector<std::string> Problems() { return CheckDirectory(disk_, "/data")->problems; }
  io::Path FirstSegment() {
    return io::JoinPath("/data/segments", disk_.List("/data/segments")->front());
  }
  void Flip(const io::Path& path, uint64_t offset) {
    Bytes bytes = *io::ReadFile(disk_, path);
    bytes[offset] ^= std::byte{0x10};
    const auto file = disk_.Create(path, io::CreateMode::kTruncate);
    LUMA_ASSERT_OK(file);
    LUMA_ASSERT_OK((*file)->Append(bytes));
    LUMA_ASSERT_OK((*file)->Sync());
  }
};

TEST_F(DirectoryCheckTest, AHealthyDirectoryHasNoProblems) {
  FillAndClose();
  const auto report = CheckDirectory(disk_, "/data");
  LUMA_ASSERT_OK(report);
  EXPECT_THAT(report->problems, IsEmpty());
  EXPECT_EQ(report->tables, 1u);
  EXPECT_EQ(report->segment_files, 2u);
  EXPECT_EQ(report->segment_rows, 4u);
  EXPECT_EQ(report->blocks, 4u);
  EXPECT_GE(report->log_records, 1u);
}

TEST_F(DirectoryCheckTest, ChangesNothing) {
  FillAndClose();
  const uint64_t steps = disk_.steps();
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_EQ(disk_.steps(), steps);
}

TEST_F(DirectoryCheckTest, EveryFlippedByteOfASegmentIsAProblemThatNamesIt) {
  FillAndClose();
  const io::Path path = FirstSegment();
  const uint64_t bytes = *disk_.FileSize(path);
  ASSERT_GT(bytes, 100u);
  for (uint64_t offset = 0; offset < bytes; ++offset) {
    Flip(path, offset);
    EXPECT_THAT(Problems(), ElementsAre(HasSubstr(path))) << offset;
    Flip(path, offset);
  }
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(DirectoryCheckTest, DamageInOneFileDoesNotHideAnother) {
  FillAndClose();
  const std::vector<std::string> names = *disk_.List("/data/segments");
  ASSERT_THAT(names, SizeIs(2));
  for (const std::string& name : names) Flip(io::JoinPath("/data/segments", name), 40);
  const std::vector<std::string> problems = Problems();
  EXPECT_THAT(problems, SizeIs(2));
  for (const std::string& name : names) EXPECT_THAT(problems, Contains(HasSubstr(name)));
}

TEST_F(DirectoryCheckTest, AMissingSegmentAndADamagedManifestAreProblems) {
  FillAndClose();
  const io::Path path = FirstSegment();
  LUMA_ASSERT_OK(disk_.Remove(path));
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr(path)));
  for (const std::string& name : *disk_.List("/data/manifest")) {
    if (name.starts_with("MANIFEST-")) Flip(io::JoinPath("/data/manifest", name), 50);
  }
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("MANIFEST-")));
}

TEST_F(DirectoryCheckTest, DamageInTheLogIsAProblem) {
  FillAndClose();
  for (const std::string& name : *disk_.List("/data/wal")) {
    if (name.ends_with(".log")) Flip(io::JoinPath("/data/wal", name), 100);
  }
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr(".log")));
}

TEST_F(DirectoryCheckTest, RefusesADirectoryInUseAndOneThatIsNone) {
  EXPECT_FALSE(CheckDirectory(disk_, "/data").ok()) << "the engine is open";
  EXPECT_EQ(CheckDirectory(disk_, "/nothing").status().code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace luma::storage
