// A flush that fails leaves the tables as usable as they were.
#include "base/failpoint.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class FlushFailureTest : public EngineTest {
 protected:
  ~FlushFailureTest() override { EXPECT_TRUE(failpoint::Arm("").ok()); }

  void FailFlushAt(const std::string& points) {
    LUMA_ASSERT_OK(failpoint::Arm(points));
    EXPECT_EQ(engine_->Flush().code(), StatusCode::kIoError);
    LUMA_ASSERT_OK(failpoint::Arm(""));
  }
  Status Delete(ObjectId table, int64_t key) {
    auto transaction = engine_->Begin();
    LUMA_RETURN_IF_ERROR(DeleteKey(*transaction, table, key).status());
    return transaction->Commit();
  }
  ObjectId CreateUnsortedRows() {
    const ObjectId table = CreateTable({.has_key = false, .sorted = true});
    Insert(table, {{2, "b"}, {1, "a"}, {3, "c"}});
    return table;
  }
};

TEST_F(FlushFailureTest, RowsCanBeDeletedAfterAFailedManifestWrite) {
  for (const char* const point : {"manifest.before_write", "manifest.after_sync"}) {
    SCOPED_TRACE(point);
    engine_.reset();
    disk_ = io::SimDisk();
    Reopen();
    const ObjectId table = CreateUnsortedRows();
    FailFlushAt(std::string(point) + ":1:error");
    LUMA_EXPECT_OK(Delete(table, 2));
    EXPECT_THAT(*disk_.List("/data/segments"), IsEmpty());
    const auto expected = testing::UnorderedElementsAre(TestRow{1, "a"}, TestRow{3, "c"});
    EXPECT_THAT(Rows(table), expected);
    Reopen();
    EXPECT_THAT(Rows(table), expected);
    LUMA_EXPECT_OK(engine_->Flush());
    EXPECT_THAT(Rows(table), expected);
  }
}

TEST_F(FlushFailureTest, TheNextFlushSettlesWhatCouldNotBeSettledAtOnce) {
  const ObjectId table = CreateUnsortedRows();
  FailFlushAt("manifest.after_sync:1:error,manifest.before_create:1:error");
  // The manifest may have the rows in another order by now, so no position can be trusted.
  EXPECT_EQ(Delete(table, 2).code(), StatusCode::kConflict);
  FailFlushAt("flush.before_segment:1:error");
  LUMA_EXPECT_OK(Delete(table, 2));
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}, TestRow{3, "c"}));
}

// Goal: a flush that fails leaves no file that is not part of a table.
// Method: every I/O call of a flush fails once, reading back what was written included.
TEST_F(FlushFailureTest, FilesOfAFailedFlushGoAtOnce) {
  bool failed = true;
  for (uint64_t step = 0; failed; ++step) {
    SCOPED_TRACE(step);
    engine_.reset();
    disk_ = io::SimDisk({.reads_are_steps = true});
    Reopen();
    CreateUnsortedRows();
    disk_.SetFault(io::SimFault{.step = disk_.steps() + step});
    failed = !engine_->Flush().ok();
    disk_.SetFault(std::nullopt);
    EXPECT_THAT(*disk_.List("/data/segments"), SizeIs(engine_->Stats().warm_segments));
  }
}

}  // namespace
}  // namespace luma::storage
