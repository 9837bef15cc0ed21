// Rows keep their meaning while merges put them elsewhere: snapshots, deletes, keys, definitions.
#include <thread>

#include "base/failpoint.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class CompactionTest : public EngineTest {
 protected:
  ~CompactionTest() override { EXPECT_TRUE(failpoint::Arm("").ok()); }

  std::vector<std::string> SegmentFiles() { return *disk_.List("/data/segments"); }
  // A segment of its own.
  void InsertAndFlush(ObjectId table, const std::vector<TestRow>& rows) {
    Insert(table, rows);
    LUMA_ASSERT_OK(engine_->Flush());
  }
  Status Delete(ObjectId table, int64_t key) {
    auto transaction = engine_->Begin();
    LUMA_RETURN_IF_ERROR(DeleteKey(*transaction, table, key).status());
    return transaction->Commit();
  }
  void CompactPairs() { LUMA_ASSERT_OK(engine_->Compact(pairs_)); }
  // Runs something at the first sync after a merged segment is written: while its inputs still
  // are in the table.
  template <typename Work>
  void DuringMerge(Work work) {
    bool is_done = false;
    disk_.SetSyncHook([&](const io::Path& path) {
      if (is_done || !path.ends_with(".seg.tmp")) return;
      is_done = true;
      work();
    });
    CompactPairs();
    disk_.SetSyncHook(nullptr);
    EXPECT_TRUE(is_done);
  }

  const MergePolicy pairs_{.inputs_min = 2, .largest_share_max = 1, .free_bytes_min = 0};
};

TEST_F(CompactionTest, SegmentsBecomeOneWithTheSameRows) {
  const ObjectId sorted = CreateTable({.name = "sorted", .has_key = false, .sorted = true});
  const ObjectId plain = CreateTable({.name = "plain"});
  for (const ObjectId table : {sorted, plain}) {
    InsertAndFlush(table, {{5, "e"}, {1, "a"}});
    InsertAndFlush(table, {{4, "d"}, {2, "b"}});
  }
  EXPECT_THAT(SegmentFiles(), SizeIs(4));
  CompactPairs();
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_THAT(SegmentFiles(), SizeIs(2));
    EXPECT_EQ(engine_->Stats().warm_segments, 2);
    EXPECT_THAT(Rows(sorted),
                ElementsAre(TestRow{1, "a"}, TestRow{2, "b"}, TestRow{4, "d"}, TestRow{5, "e"}));
    EXPECT_THAT(Rows(plain),
                ElementsAre(TestRow{5, "e"}, TestRow{1, "a"}, TestRow{4, "d"}, TestRow{2, "b"}));
  }
}

TEST_F(CompactionTest, NothingIsMergedWhoseRowsAReplayWouldBringBack) {
  options_.run_rows_max = 4;
  Reopen();
  const ObjectId table = CreateTable({.has_key = false});
  for (int64_t i = 0; i < 4; ++i) {
    Insert(table, {{3 * i, "a"}, {3 * i + 1, "b"}, {3 * i + 2, "c"}});
    LUMA_ASSERT_OK(engine_->FlushSealed());
  }
  CompactPairs();
  EXPECT_THAT(SegmentFiles(), SizeIs(4)) << "the log still has their rows";
  LUMA_ASSERT_OK(engine_->Flush());
  CompactPairs();
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
  Reopen();
  EXPECT_THAT(Rows(table), SizeIs(12));
}

TEST_F(CompactionTest, DeletedRowsLeave) {
  const ObjectId table = CreateTable({.has_key = false, .sorted = true});
  InsertAndFlush(table, {{1, "a"}, {2, "b"}, {3, "c"}, {4, "d"}});
  for (const int64_t key : {1, 3}) LUMA_ASSERT_OK(Delete(table, key));
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(engine_->Stats().warm_rows, 4);
  CompactPairs();
  EXPECT_EQ(engine_->Stats().warm_rows, 2) << "one run, half of it deleted";
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{2, "b"}, TestRow{4, "d"}));
}

// ---- snapshots and transactions across a merge

TEST_F(CompactionTest, SnapshotsKeepReadingTheFilesTheyBeganWith) {
  const ObjectId table = CreateTable({.has_key = false});
  InsertAndFlush(table, {{1, "a"}});
  InsertAndFlush(table, {{2, "b"}});
  auto reader = engine_->Begin();
  const auto before = ReadRowsById(**reader->Read(table));
  CompactPairs();
  EXPECT_THAT(SegmentFiles(), SizeIs(3));
  LUMA_ASSERT_OK(Delete(table, 1));
  EXPECT_EQ(ReadRowsById(**reader->Read(table)), before);
  reader.reset();
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
}

TEST_F(CompactionTest, DeletesDuringAMergeAreCarriedOver) {
  for (const bool sorted : {false, true}) {
    const ObjectId table =
        CreateTable({.name = sorted ? "sorted" : "plain", .has_key = false, .sorted = sorted});
    InsertAndFlush(table, {{1, "a"}, {3, "c"}, {5, "e"}});
    InsertAndFlush(table, {{2, "b"}, {4, "d"}, {6, "f"}});
    LUMA_ASSERT_OK(Delete(table, 1));
    DuringMerge([&] {
      LUMA_ASSERT_OK(Delete(table, 4));
      LUMA_ASSERT_OK(Delete(table, 5));
      Insert(table, {{7, "g"}});
    });
    const auto expected =
        UnorderedElementsAre(TestRow{2, "b"}, TestRow{3, "c"}, TestRow{6, "f"}, TestRow{7, "g"});
    EXPECT_THAT(Rows(table), expected);
    LUMA_ASSERT_OK(Delete(table, 3));
    Reopen();
    EXPECT_THAT(Rows(table),
                UnorderedElementsAre(TestRow{2, "b"}, TestRow{6, "f"}, TestRow{7, "g"}));
  }
}

TEST_F(CompactionTest, ATransactionThatReadTheOldRunsCannotDeleteByTheirPositions) {
  const ObjectId table = CreateTable({.has_key = false, .sorted = true});
  InsertAndFlush(table, {{1, "a"}, {3, "c"}});
  InsertAndFlush(table, {{2, "b"}, {4, "d"}});
  auto late = engine_->Begin();
  auto ready = engine_->Begin();
  auto appends = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*ready, table, 4));
  LUMA_ASSERT_OK(Append(*appends, table, {{9, "i"}}));
  CompactPairs();
  EXPECT_EQ(DeleteKey(*late, table, 2).status().code(), StatusCode::kConflict);
  EXPECT_EQ(ready->Commit().code(), StatusCode::kConflict);
  LUMA_EXPECT_OK(appends->Commit()) << "it names no row";
  LUMA_EXPECT_OK(Delete(table, 4));
  EXPECT_THAT(Rows(table),
              ElementsAre(TestRow{1, "a"}, TestRow{2, "b"}, TestRow{3, "c"}, TestRow{9, "i"}));
}

TEST_F(CompactionTest, AMergeIsGivenUpWhenItsRunsAreTruncatedOrDropped) {
  for (const bool drop : {false, true}) {
    const ObjectId table = CreateTable({.name = drop ? "dropped" : "truncated"});
    InsertAndFlush(table, {{1, "a"}});
    InsertAndFlush(table, {{2, "b"}});
    DuringMerge([&] {
      auto transaction = engine_->Begin();
      LUMA_ASSERT_OK(drop ? transaction->DropObject(table) : transaction->Truncate(table));
      LUMA_ASSERT_OK(transaction->Commit());
    });
    LUMA_ASSERT_OK(engine_->Flush());
    EXPECT_THAT(SegmentFiles(), IsEmpty());
    Reopen();
    if (!drop) EXPECT_THAT(Rows(table), IsEmpty());
  }
}

TEST_F(CompactionTest, TruncationWhileTheManifestIsWrittenWins) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, {{1, "a"}});
  InsertAndFlush(table, {{2, "b"}});
  bool is_done = false;
  disk_.SetSyncHook([&](const io::Path& path) {
    if (is_done || path.find("MANIFEST") == std::string::npos) return;
    is_done = true;
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(transaction->Truncate(table));
    LUMA_ASSERT_OK(transaction->Commit());
  });
  CompactPairs();
  disk_.SetSyncHook(nullptr);
  EXPECT_TRUE(is_done);
  EXPECT_THAT(Rows(table), IsEmpty());
  Insert(table, {{3, "c"}});
  for (const bool flushed : {false, true}) {
    if (flushed) LUMA_ASSERT_OK(engine_->Flush());
    Reopen();
    EXPECT_THAT(Rows(table), ElementsAre(TestRow{3, "c"}));
  }
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
}

TEST_F(CompactionTest, DeletesAreRefusedWhileTheManifestIsWritten) {
  const ObjectId table = CreateTable({.has_key = false});
  InsertAndFlush(table, {{1, "a"}});
  InsertAndFlush(table, {{2, "b"}});
  Status during;
  disk_.SetSyncHook([&](const io::Path& path) {
    if (path.find("MANIFEST") != std::string::npos) during = Delete(table, 1);
  });
  CompactPairs();
  disk_.SetSyncHook(nullptr);
  EXPECT_EQ(during.code(), StatusCode::kConflict);
  LUMA_EXPECT_OK(Delete(table, 1));
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{2, "b"}));
}

// ---- unique keys

TEST_F(CompactionTest, KeysAreFoundAndEnforcedAfterAMerge) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, {{1, "a"}, {2, "b"}, {3, "c"}});
  InsertAndFlush(table, {{4, "d"}, {5, "e"}, {6, "f"}});
  LUMA_ASSERT_OK(Delete(table, 2));
  auto old = engine_->Begin();
  CompactPairs();
  for (const bool reopened : {false, true}) {
    if (reopened) {
      old.reset();
      Reopen();
    }
    auto transaction = engine_->Begin();
    for (const int64_t key : {1, 3, 4, 6}) {
      EXPECT_EQ(Append(*transaction, table, {{key, "again"}}).code(), StatusCode::kUniqueViolation);
    }
    const TestColumns wanted({{5, ""}, {2, ""}});
    const auto found = *transaction->FindKeys(table, 0, wanted.keys());
    EXPECT_EQ(found[0], IdsOfKey(**transaction->Read(table), 5)[0]);
    EXPECT_EQ(found[1], std::nullopt);
    if (old == nullptr) continue;
    EXPECT_EQ((*old->FindKeys(table, 0, wanted.keys()))[0], IdsOfKey(**old->Read(table), 5)[0]);
  }
  Insert(table, {{2, "b again"}});
  EXPECT_THAT(Rows(table), SizeIs(6));
}

TEST_F(CompactionTest, AKeyInsertedByAnOlderTransactionIsCheckedAgainstTheMergedRun) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, {{1, "a"}, {2, "b"}});
  InsertAndFlush(table, {{3, "c"}});
  auto old = engine_->Begin();
  LUMA_ASSERT_OK(Append(*old, table, {{7, "mine"}}));
  InsertAndFlush(table, {{7, "theirs"}});
  CompactPairs();
  EXPECT_EQ(old->Commit().code(), StatusCode::kUniqueViolation);
}

TEST_F(CompactionTest, AnIndexThatAppearsDuringTheMergeHasItsKeys) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, {{1, "a"}, {2, "b"}});
  InsertAndFlush(table, {{3, "c"}, {4, "d"}});
  Reopen();  // no index yet
  Insert(CreateTable({.name = "other"}), {{1, "x"}});
  LUMA_ASSERT_OK(engine_->Flush());
  bool is_done = false;
  disk_.SetSyncHook([&](const io::Path& path) {
    if (is_done || path.find("MANIFEST") == std::string::npos) return;
    is_done = true;
    auto transaction = engine_->Begin();
    EXPECT_EQ(Append(*transaction, table, {{3, "again"}}).code(), StatusCode::kUniqueViolation);
  });
  CompactPairs();
  disk_.SetSyncHook(nullptr);
  EXPECT_TRUE(is_done);
  auto transaction = engine_->Begin();
  for (const int64_t key : {1, 2, 3, 4}) {
    EXPECT_EQ(Append(*transaction, table, {{key, "again"}}).code(), StatusCode::kUniqueViolation);
  }
}

// ---- definitions

TEST_F(CompactionTest, AColumnThatWasDroppedLeavesTheFiles) {
  const ObjectId table = CreateTable({.has_key = false});
  InsertAndFlush(table, {{1, "a"}});
  InsertAndFlush(table, {{2, "b"}});
  auto transaction = engine_->Begin();
  CatalogObject object = *transaction->Catalog().Find(table);
  TableSchema schema = *object.table;
  schema.columns[1].id = ColumnId{schema.next_column_id++};
  schema.columns[1].missing_value = Value::Text("new");
  object.table = std::make_shared<const TableSchema>(schema);
  LUMA_ASSERT_OK(transaction->AlterObject(object));
  LUMA_ASSERT_OK(transaction->Commit());
  CompactPairs();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "new"}, TestRow{2, "new"}));
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "new"}, TestRow{2, "new"}));
}

// ---- failures

TEST_F(CompactionTest, AFailedMergeLosesNothingAndIsTriedAgain) {
  const ObjectId table = CreateTable({.has_key = true, .sorted = true});
  InsertAndFlush(table, {{1, "a"}, {3, "c"}});
  InsertAndFlush(table, {{2, "b"}, {4, "d"}});
  const auto expected =
      UnorderedElementsAre(TestRow{1, "a"}, TestRow{2, "b"}, TestRow{3, "c"}, TestRow{4, "d"});
  for (const char* const point :
       {"compaction.before_segment", "compaction.after_block", "compaction.before_finish",
        "segment.before_create", "segment.before_block_write", "segment.before_sync",
        "segment.before_rename", "segment.before_directory_sync", "compaction.before_install",
        "compaction.before_manifest", "manifest.before_write"}) {
    SCOPED_TRACE(point);
    LUMA_ASSERT_OK(failpoint::Arm(std::string(point) + ":1:error"));
    EXPECT_EQ(engine_->Compact(pairs_).code(), StatusCode::kIoError);
    LUMA_ASSERT_OK(failpoint::Arm(""));
    EXPECT_THAT(SegmentFiles(), SizeIs(2));
    EXPECT_THAT(Rows(table), expected);
  }
  LUMA_ASSERT_OK(Delete(table, 3));
  CompactPairs();
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}, TestRow{2, "b"}, TestRow{4, "d"}));
}

TEST_F(CompactionTest, AMergeWhoseManifestEditIsUndecidedKeepsAllFiles) {
  const ObjectId table = CreateTable({.has_key = false, .sorted = true});
  InsertAndFlush(table, {{1, "a"}, {3, "c"}});
  InsertAndFlush(table, {{2, "b"}, {4, "d"}});
  LUMA_ASSERT_OK(failpoint::Arm("manifest.after_sync:1:error,manifest.before_create:1:error"));
  EXPECT_EQ(engine_->Compact(pairs_).code(), StatusCode::kIoError);
  LUMA_ASSERT_OK(failpoint::Arm(""));
  EXPECT_THAT(SegmentFiles(), SizeIs(3));
  EXPECT_EQ(Delete(table, 1).code(), StatusCode::kConflict) << "the manifest may have the merge";
  {
    // What a crash now would find.
    io::SimDisk crashed = disk_.Restart();
    auto engine = StorageEngine::Open(options_, crashed, clock_);
    LUMA_ASSERT_OK(engine);
    EXPECT_THAT(ReadRows(**(*engine)->Read(table)), SizeIs(4));
  }
  CompactPairs();
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
  LUMA_EXPECT_OK(Delete(table, 1));
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{2, "b"}, TestRow{3, "c"}, TestRow{4, "d"}));
}

TEST_F(CompactionTest, AFullDiskStopsMergesAndNothingElse) {
  const ObjectId table = CreateTable({.has_key = false});
  InsertAndFlush(table, {{1, "a"}});
  InsertAndFlush(table, {{2, "b"}});
  disk_.SetCapacity(0);
  EXPECT_EQ(engine_->Compact(pairs_).code(), StatusCode::kDiskFull);
  disk_.SetCapacity(UINT64_MAX);
  MergePolicy careful = pairs_;
  careful.free_bytes_min = UINT64_MAX;
  EXPECT_EQ(engine_->Compact(careful).code(), StatusCode::kDiskFull) << "room must stay free";
  EXPECT_THAT(SegmentFiles(), SizeIs(2));
  Insert(table, {{3, "c"}});
  CompactPairs();
  EXPECT_THAT(SegmentFiles(), SizeIs(1));
  EXPECT_THAT(Rows(table), SizeIs(3));
}

TEST_F(CompactionTest, ATableThatCannotBeMergedHoldsUpNoOther) {
  const ObjectId damaged = CreateTable({.name = "damaged", .has_key = false});
  const ObjectId intact = CreateTable({.name = "intact", .has_key = false});
  InsertAndFlush(damaged, {{1, "a"}});
  const std::string first_file = SegmentFiles()[0];
  InsertAndFlush(damaged, {{2, "b"}});
  disk_.FlipBit("/data/segments/" + first_file, kSegmentHeaderBytes, 3);
  for (int64_t i = 0; i < 2; ++i) InsertAndFlush(intact, {{i, "c"}});
  EXPECT_EQ(engine_->Compact(pairs_).code(), StatusCode::kCorruption);
  LUMA_EXPECT_OK(engine_->Compact(pairs_)) << "damage is reported once";
  EXPECT_THAT(SegmentFiles(), SizeIs(3));
  EXPECT_THAT(Rows(intact), SizeIs(2));
}

TEST_F(CompactionTest, TablesWhoseMergeFailedTakeTurns) {
  std::vector<ObjectId> tables;
  for (const char* const name : {"a", "b", "c"}) {
    tables.push_back(CreateTable({.name = name, .has_key = false}));
    for (int64_t i = 0; i < 2; ++i) InsertAndFlush(tables.back(), {{i, "c"}});
  }
  LUMA_ASSERT_OK(failpoint::Arm("compaction.before_segment:1:error"));
  EXPECT_EQ(engine_->Compact(pairs_).code(), StatusCode::kIoError);
  LUMA_ASSERT_OK(failpoint::Arm("compaction.before_segment:3:error"));
  EXPECT_EQ(engine_->Compact(pairs_).code(), StatusCode::kIoError);
  LUMA_ASSERT_OK(failpoint::Arm(""));
  const auto is_first = [&](const std::string& name) {
    return name.starts_with(std::to_string(static_cast<uint32_t>(tables[0])));
  };
  EXPECT_EQ(std::ranges::count_if(SegmentFiles(), is_first), 2) << "not before the others";
  EXPECT_THAT(SegmentFiles(), SizeIs(4));
  CompactPairs();
  EXPECT_THAT(SegmentFiles(), SizeIs(3));
}

TEST_F(CompactionTest, KeysOfAFailedMergeLeaveTheIndex) {
  // So many that the index is half full, and twice as large with those of the merged run.
  constexpr int64_t kRows = 16 * 224;
  const ObjectId table = CreateTable();
  for (int64_t first : {int64_t{0}, kRows}) {
    std::vector<TestRow> rows;
    for (int64_t i = 0; i < kRows; ++i) rows.push_back({first + i, "a"});
    InsertAndFlush(table, rows);
  }
  LUMA_ASSERT_OK(Delete(table, 7));
  const auto booked = [&] { return engine_->budget().booked_bytes(BudgetUse::kMerge); };
  // The index, and what three attempts leave in the block cache.
  const uint64_t booked_max = booked() + 3 * 2 * kRows * 9;
  for (const char* const point : {"compaction.before_manifest", "manifest.before_write"}) {
    SCOPED_TRACE(point);
    LUMA_ASSERT_OK(failpoint::Arm(std::string(point) + ":1:error"));
    EXPECT_EQ(engine_->Compact(pairs_).code(), StatusCode::kIoError);
    LUMA_ASSERT_OK(failpoint::Arm(""));
    EXPECT_LT(booked(), booked_max);
  }
  DuringMerge([&] {
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(transaction->Truncate(table));
    LUMA_ASSERT_OK(transaction->Commit());
  });
  EXPECT_LT(booked(), booked_max);
}

// Goal: no I/O error of a merge, whenever it comes, leaves a file that is not part of a table.
TEST_F(CompactionTest, FilesOfAFailedMergeGoAtOnce) {
  bool failed = true;
  for (uint64_t step = 0; failed; ++step) {
    SCOPED_TRACE(step);
    engine_.reset();
    disk_ = io::SimDisk({.reads_are_steps = true});
    Reopen();
    const ObjectId table = CreateTable({.has_key = true, .sorted = true});
    InsertAndFlush(table, {{1, "a"}, {3, "c"}});
    InsertAndFlush(table, {{2, "b"}, {4, "d"}});
    disk_.SetFault(io::SimFault{.step = disk_.steps() + step});
    failed = !engine_->Compact(pairs_).ok();
    disk_.SetFault(std::nullopt);
    EXPECT_THAT(SegmentFiles(), SizeIs(engine_->Stats().warm_segments));
    EXPECT_THAT(Rows(table), SizeIs(4));
  }
}

// ---- background

TEST_F(CompactionTest, TheBackgroundMergesAfterFlushesAndStopsAtOnce) {
  options_.background_flush = true;
  Reopen();
  const ObjectId table = CreateTable();
  for (int64_t i = 10; i < 18; ++i) InsertAndFlush(table, {{i, "a"}});
  while (engine_->Stats().warm_segments > 3)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_THAT(Rows(table), SizeIs(8));
  engine_.reset();
  Reopen();
  EXPECT_THAT(Rows(table), SizeIs(8));
}

}  // namespace
}  // namespace luma::storage
