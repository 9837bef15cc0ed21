// Rows keep their identity and meaning while they move from memory to segment files.
#include <future>
#include <numeric>

#include "base/failpoint.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class EngineFlushTest : public EngineTest {
 protected:
  ~EngineFlushTest() override { EXPECT_TRUE(failpoint::Arm("").ok()); }

  std::vector<std::string> SegmentFiles() { return *disk_.List("/data/segments"); }
  void Delete(ObjectId table, int64_t key) {
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(DeleteKey(*transaction, table, key));
    LUMA_ASSERT_OK(transaction->Commit());
  }
};

std::vector<TestRow> Numbered(int64_t first, int64_t count, int64_t step = 1) {
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t key = first + i * step;
    rows.push_back({key, "row number " + std::to_string(key)});
  }
  return rows;
}

TEST_F(EngineFlushTest, RowsAndRowIdsSurviveAFlush) {
  const ObjectId table = CreateTable();
  Insert(table, Numbered(0, 40'000));
  Delete(table, 17);
  const auto before = ReadRowsById(**engine_->Read(table));
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(ReadRowsById(**engine_->Read(table)), before);
  EXPECT_EQ(engine_->Stats().hot_rows, 0);
  EXPECT_EQ(engine_->Stats().warm_rows, 40'000);
  EXPECT_EQ(engine_->Stats().flushes, 1);
  Reopen();
  EXPECT_EQ(ReadRowsById(**engine_->Read(table)), before);
}

TEST_F(EngineFlushTest, AFlushWithoutNewCommitsWritesNothing) {
  const ObjectId table = CreateTable();
  Insert(table, Numbered(0, 3));
  LUMA_ASSERT_OK(engine_->Flush());
  const uint64_t steps = disk_.steps();
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(disk_.steps(), steps);
  Reopen();
  const uint64_t steps_reopened = disk_.steps();
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(disk_.steps(), steps_reopened);
}

TEST_F(EngineFlushTest, ATransactionMayDeleteRowsThatWereFlushedSince) {
  const ObjectId table = CreateTable();
  Insert(table, Numbered(0, 10));
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*transaction, table, 3));
  LUMA_ASSERT_OK(engine_->Flush());
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_THAT(IdsOfKey(**engine_->Read(table), 3), IsEmpty());
  Reopen();
  EXPECT_THAT(Rows(table), SizeIs(9));
  EXPECT_THAT(IdsOfKey(**engine_->Read(table), 3), IsEmpty());
}

TEST_F(EngineFlushTest, KeysAreFoundAndEnforcedInSegmentFiles) {
  const ObjectId table = CreateTable();
  Insert(table, Numbered(0, 20'000));
  LUMA_ASSERT_OK(engine_->Flush());
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    auto transaction = engine_->Begin();
    EXPECT_EQ(Append(*transaction, table, {{777, "again"}}).code(), StatusCode::kUniqueViolation);
    const TestColumns wanted({{19'999, ""}, {20'000, ""}});
    const auto found = *transaction->FindKeys(table, 0, wanted.keys());
    EXPECT_EQ(found[0], IdsOfKey(**transaction->Read(table), 19'999)[0]);
    EXPECT_EQ(found[1], std::nullopt);
  }
}

// ---- tables with a sort key

TEST_F(EngineFlushTest, SortedTablesAreSortedOnDisk) {
  const ObjectId table = CreateTable({.has_key = false, .sorted = true});
  Insert(table, {{3, "c"}, {std::nullopt, "null"}, {1, "a"}, {-2, "z"}, {1, "b"}});
  Delete(table, 3);
  LUMA_ASSERT_OK(engine_->Flush());
  const auto expected = ElementsAre(TestRow{-2, "z"}, TestRow{1, "a"}, TestRow{1, "b"},
                                    TestRow{std::nullopt, "null"});
  EXPECT_THAT(Rows(table), expected);
  Reopen();
  EXPECT_THAT(Rows(table), expected);
  Delete(table, -2);
  Reopen();
  EXPECT_THAT(Rows(table), SizeIs(3));
  EXPECT_THAT(IdsOfKey(**engine_->Read(table), -2), IsEmpty());
}

TEST_F(EngineFlushTest, DeletesOfRowsThatWereResortedSinceConflict) {
  const ObjectId table = CreateTable({.has_key = false, .sorted = true});
  Insert(table, {{3, "c"}, {1, "a"}});
  auto late = engine_->Begin();
  auto ready = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*ready, table, 3));
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(DeleteKey(*late, table, 3).status().code(), StatusCode::kConflict);
  EXPECT_EQ(ready->Commit().code(), StatusCode::kConflict);
  EXPECT_THAT(Rows(*late, table), ElementsAre(TestRow{3, "c"}, TestRow{1, "a"}));
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}, TestRow{3, "c"}));
}

TEST_F(EngineFlushTest, RowsInOrderAlreadyKeepTheirPositions) {
  const ObjectId table = CreateTable({.has_key = false, .sorted = true});
  Insert(table, {{1, "a"}, {3, "c"}});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*transaction, table, 3));
  LUMA_ASSERT_OK(engine_->Flush());
  LUMA_EXPECT_OK(transaction->Commit());
}

TEST_F(EngineFlushTest, KeysOfResortedRowsAreFoundByOldAndNewSnapshots) {
  const ObjectId table = CreateTable({.has_key = true, .sorted = true});
  Insert(table, {{3, "c"}, {1, "a"}, {2, "b"}});
  auto old = engine_->Begin();
  const TestColumns wanted({{1, ""}, {2, ""}, {3, ""}});
  EXPECT_THAT(*old->FindKeys(table, 0, wanted.keys()), testing::Each(testing::Ne(std::nullopt)));
  LUMA_ASSERT_OK(engine_->Flush());
  auto current = engine_->Begin();
  for (Transaction* const transaction : {old.get(), current.get()}) {
    const auto found = *transaction->FindKeys(table, 0, wanted.keys());
    for (int64_t key = 1; key <= 3; ++key) {
      EXPECT_EQ(found[key - 1], IdsOfKey(**transaction->Read(table), key)[0]);
    }
  }
  EXPECT_EQ(Append(*current, table, {{2, "again"}}).code(), StatusCode::kUniqueViolation);
}

// ---- files

TEST_F(EngineFlushTest, FilesOfDroppedAndTruncatedTablesGoWhenNobodyReadsThem) {
  const ObjectId dropped = CreateTable({.name = "dropped"});
  const ObjectId truncated = CreateTable({.name = "truncated"});
  Insert(dropped, Numbered(0, 10));
  Insert(truncated, Numbered(0, 10));
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_THAT(SegmentFiles(), SizeIs(2));

  auto reader = engine_->Begin();
  TableSnapshotPtr read = *reader->Read(dropped);
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(transaction->DropObject(dropped));
  LUMA_ASSERT_OK(transaction->Truncate(truncated));
  LUMA_ASSERT_OK(transaction->Commit());
  transaction.reset();
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_THAT(SegmentFiles(), SizeIs(2)) << "a snapshot reads them";
  EXPECT_THAT(ReadRows(*read), SizeIs(10));
  reader.reset();
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
  read.reset();
  EXPECT_THAT(SegmentFiles(), IsEmpty());
  Reopen();
  EXPECT_THAT(Rows(truncated), IsEmpty());
}

TEST_F(EngineFlushTest, RunsWithoutLiveRowsAreNotKept) {
  for (const bool sorted : {false, true}) {
    const ObjectId table =
        CreateTable({.name = sorted ? "sorted" : "unsorted", .has_key = false, .sorted = sorted});
    Insert(table, {{2, "b"}, {1, "a"}});
    LUMA_ASSERT_OK(engine_->Flush());
    EXPECT_THAT(SegmentFiles(), SizeIs(1));
    Delete(table, 1);
    Delete(table, 2);
    LUMA_ASSERT_OK(engine_->Flush());
    EXPECT_THAT(SegmentFiles(), IsEmpty());
    EXPECT_TRUE((*engine_->Read(table))->runs().empty());
    Reopen();
    EXPECT_THAT(Rows(table), IsEmpty());
  }
}

TEST_F(EngineFlushTest, OrphanFilesGoAtTheNextStart) {
  CreateTable();
  engine_.reset();
  (void)disk_.Create("/data/segments/16384-9-1-1.seg", io::CreateMode::kTruncate);
  (void)disk_.Create("/data/segments/16384-9-1-2.seg.tmp", io::CreateMode::kTruncate);
  Reopen();
  EXPECT_THAT(SegmentFiles(), IsEmpty());
}

TEST_F(EngineFlushTest, TheLogShrinksWithAFlush) {
  const ObjectId table = CreateTable();
  for (int i = 0; i < 20; ++i) Insert(table, Numbered(i * 1000, 1000));
  const uint64_t before = engine_->Stats().wal_bytes;
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_LT(engine_->Stats().wal_bytes, before / 4);
}

// ---- large batches, definitions, sequences

TEST_F(EngineFlushTest, LargeBatchesBecomeRunsOfTheirOwn) {
  options_.run_rows_max = 1000;
  Reopen();
  const ObjectId table = CreateTable();
  Insert(table, Numbered(0, 10));
  Insert(table, Numbered(10, 600));
  Insert(table, Numbered(610, 400));
  Insert(table, Numbered(1010, 400));
  Insert(table, Numbered(1410, 400));
  EXPECT_THAT((*engine_->Read(table))->runs(), SizeIs(4)) << "10, 600, 400 + 400, 400";
  const auto before = ReadRowsById(**engine_->Read(table));
  EXPECT_THAT(before, SizeIs(1810));
  Reopen();
  EXPECT_EQ(ReadRowsById(**engine_->Read(table)), before);
  LUMA_ASSERT_OK(engine_->Flush());
  Insert(table, Numbered(5000, 600));
  Reopen();
  EXPECT_THAT(Rows(table), SizeIs(2410));
}

TEST_F(EngineFlushTest, DefinitionsAndSequencesSurviveInTheManifestAlone) {
  const ObjectId table = CreateTable();
  CatalogObject object;
  object.schema_id = kPublicSchemaId;
  object.kind = ObjectKind::kSequence;
  object.name = "s";
  auto ddl = engine_->Begin();
  const ObjectId sequence = *ddl->CreateObject(object);
  EXPECT_EQ(*ddl->NextValue(sequence), 1);
  LUMA_ASSERT_OK(engine_->Flush()) << "between the number and the commit";
  LUMA_ASSERT_OK(ddl->Commit());
  LUMA_ASSERT_OK(engine_->Flush());
  Reopen();
  auto later = engine_->Begin();
  EXPECT_EQ(later->Catalog().Find(table)->name, "t");
  EXPECT_GT(*later->NextValue(sequence), 1);
  EXPECT_GT(*later->CreateObject(TestTable({.name = "new"})), sequence);
}

TEST_F(EngineFlushTest, AFailedFlushLosesNothingAndIsTriedAgain) {
  const ObjectId table = CreateTable({.has_key = false, .sorted = true});
  Insert(table, {{2, "b"}, {1, "a"}});
  for (const char* const point :
       {"flush.before_seal", "flush.before_segment", "flush.after_block", "flush.before_finish",
        "flush.after_segments", "flush.before_manifest"}) {
    SCOPED_TRACE(point);
    LUMA_ASSERT_OK(failpoint::Arm(std::string(point) + ":1:error"));
    EXPECT_EQ(engine_->Flush().code(), StatusCode::kIoError);
    LUMA_ASSERT_OK(failpoint::Arm(""));
    EXPECT_THAT(Rows(table), ElementsAre(TestRow{2, "b"}, TestRow{1, "a"}));
  }
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}, TestRow{2, "b"}));
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
  Delete(table, 1);
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{2, "b"}));
}

TEST_F(EngineFlushTest, AfterAFullDiskWritesAndFlushesGoOn) {
  const ObjectId table = CreateTable();
  Insert(table, Numbered(0, 100));
  disk_.SetCapacity(0);
  EXPECT_EQ(engine_->Flush().code(), StatusCode::kDiskFull);
  Status status;
  for (int i = 1; i < 100 && status.ok(); ++i) {
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(Append(*transaction, table, Numbered(i * 100, 100)));
    status = transaction->Commit();
  }
  EXPECT_EQ(status.code(), StatusCode::kDiskFull);
  const auto rows = Rows(table);
  disk_.SetCapacity(UINT64_MAX);
  LUMA_ASSERT_OK(engine_->Flush());
  Insert(table, Numbered(100'000, 1));
  Reopen();
  EXPECT_EQ(Rows(table).size(), rows.size() + 1);
}

}  // namespace
}  // namespace luma::storage
