// Old rows go to the cold tier and mean there what they meant before: to readers, deletes, merges,
// truncation, restarts; nothing is lost by a store that is down.
#include "storage/cold/cold_mover.h"

#include <atomic>
#include <cmath>
#include <limits>
#include <thread>

#include "base/failpoint.h"
#include "storage/directory_check.h"
#include "storage/testing/cold_fixture.h"

namespace luma::storage {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr UnixMillis kTwoDaysAgo = kColdNow - 48 * kHourMillis;

class ColdMoverTest : public ColdTest {
 protected:
  ~ColdMoverTest() override { EXPECT_TRUE(failpoint::Arm("").ok()); }

  void Move() { LUMA_ASSERT_OK(engine_->MoveCold()); }
};

TEST_F(ColdMoverTest, OldRunsBecomeObjectsAndReadTheSame) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  InsertAndFlush(table, kColdNow - kHourMillis, 60);
  const auto before = ReadReadings(**engine_->Read(table));
  Move();
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold, Tier::kWarm));
    EXPECT_EQ(*ReadReadings(**engine_->Read(table)), *before) << "row ids too";
    EXPECT_THAT(Objects(), ElementsAre(EndsWith(".plain"), EndsWith(".plain.sidecar")));
    EXPECT_THAT(Segments(), SizeIs(1));
    EXPECT_THAT(ColdFiles(), ElementsAre(EndsWith(".sidecar")));
  }
  const ColdReport report = engine_->Report().cold;
  EXPECT_EQ(report.objects, 1u);
  EXPECT_EQ(report.rows, 60u);
  EXPECT_EQ(report.bytes, store_->Head(Objects()[0])->size_bytes);
}

TEST_F(ColdMoverTest, TheSegmentFileStaysUntilItsLastReaderLetsGo) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  auto reader = engine_->Begin();
  const auto before = ReadReadings(**reader->Read(table));
  Move();
  EXPECT_THAT(Segments(), SizeIs(1));
  EXPECT_EQ(*ReadReadings(**reader->Read(table)), *before);
  reader.reset();
  EXPECT_THAT(Segments(), IsEmpty());
}

TEST_F(ColdMoverTest, EveryBitOfEveryValueIsKept) {
  const ObjectId table = CreateTable();
  const double payload = std::bit_cast<double>(0x7ff8'0000'dead'beefull);
  const std::vector<Reading> readings = {
      {1, kTwoDaysAgo, -0.0, std::nullopt},
      {1, kTwoDaysAgo + 1, 0.0, ""},
      {1, kTwoDaysAgo + 2, payload, "more than twelve bytes of text"},
      {1, kTwoDaysAgo + 3, std::numeric_limits<double>::denorm_min(), "x"},
      {INT64_MIN, kTwoDaysAgo + 4, -std::numeric_limits<double>::infinity(), "\xff\n"}};
  Insert(table, readings);
  LUMA_ASSERT_OK(engine_->Flush());
  const std::vector<Reading> before = MustRead(table);
  Move();
  Reopen();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  EXPECT_EQ(MustRead(table), before);
}

TEST_F(ColdMoverTest, BlocksAndZoneMapsStayAsTheyWere) {
  const ObjectId table = CreateTable();
  std::vector<Reading> readings;
  constexpr uint32_t kRows = 2 * kColdGroupRows + kBlockRows + 5;
  for (uint32_t i = 0; i < kRows; ++i) {
    readings.push_back({i % 3, kTwoDaysAgo + i, 0.1 * i, std::nullopt});
  }
  Insert(table, readings);
  LUMA_ASSERT_OK(engine_->Flush());
  const TableSnapshotPtr warm = *engine_->Read(table);
  Move();
  const TableSnapshotPtr cold = *engine_->Read(table);
  ASSERT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  const RunView& a = *warm->runs()[0];
  const RunView& b = *cold->runs()[0];
  ASSERT_EQ(a.block_count(), b.block_count());
  for (uint32_t block = 0; block < a.block_count(); ++block) {
    EXPECT_EQ(a.BlockStart(block), b.BlockStart(block));
    EXPECT_EQ(a.BlockRows(block), b.BlockRows(block));
    for (const uint32_t id : {1, 2, 3, 4}) {
      const ZoneMap& x = *a.Zone(ColumnId{id}, block);
      const ZoneMap& y = *b.Zone(ColumnId{id}, block);
      EXPECT_TRUE(x.min == y.min && x.max == y.max && x.null_count == y.null_count);
      EXPECT_EQ(std::bit_cast<uint64_t>(x.sum_double), std::bit_cast<uint64_t>(y.sum_double));
    }
  }
  EXPECT_EQ(*ReadReadings(*warm), *ReadReadings(*cold));
}

TEST_F(ColdMoverTest, YoungRunsAndThoseTheLogStillHasStay) {
  options_.run_rows_max = 40;
  Reopen();
  const ObjectId table = CreateTable();
  Insert(table, {{1, kTwoDaysAgo, 1, "a"}});
  Move();
  EXPECT_THAT(Tiers(table), IsEmpty());
  std::vector<Reading> readings;
  for (int i = 0; i < 40; ++i) readings.push_back({1, kTwoDaysAgo + i, 0, "b"});
  Insert(table, readings);
  LUMA_ASSERT_OK(engine_->FlushSealed());
  Move();
  EXPECT_THAT(Tiers(table), AllOf(SizeIs(2), testing::Each(Tier::kWarm)))
      << "a replay would make the runs again";
  LUMA_ASSERT_OK(engine_->Flush());
  Move();
  EXPECT_THAT(Tiers(table), testing::Each(Tier::kCold));
}

TEST_F(ColdMoverTest, DataAgesByTheClockAndAJumpOnlyMovesItEarly) {
  const ObjectId table = CreateTable();
  const std::vector<Reading> all = InsertAndFlush(table, kColdNow - kHourMillis, 60);
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kWarm));
  clock_.JumpWallTimeTo(kColdNow + 10 * 365 * 24 * kHourMillis);
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  for (const UnixMillis now : {UnixMillis{0}, kColdNow - 1000, kColdNow, kColdNow + kHourMillis}) {
    clock_.JumpWallTimeTo(now);
    Move();
    EXPECT_EQ(MustRead(table), all);
  }
}

TEST_F(ColdMoverTest, ATablesOwnPolicyGoesBeforeTheDefault) {
  const ObjectId table = CreateTable();
  auto transaction = engine_->Begin();
  CatalogObject object = *transaction->Catalog().Find(table);
  TableSchema schema = *object.table;
  schema.options["warm_age"] = "10 days";
  object.table = std::make_shared<const TableSchema>(schema);
  LUMA_ASSERT_OK(transaction->AlterObject(object));
  LUMA_ASSERT_OK(transaction->Commit());
  InsertAndFlush(table, kTwoDaysAgo, 10);
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kWarm));
}

TEST_F(ColdMoverTest, WhenSegmentFilesTakeTooMuchTheOldestGoFirst) {
  options_.default_policy.warm_age = std::nullopt;
  options_.cold.warm_bytes_max = 1 << 20;
  Reopen();
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kColdNow - 30 * 24 * kHourMillis, 60);
  InsertAndFlush(table, kColdNow - 60 * 24 * kHourMillis, 60);
  InsertAndFlush(table, kColdNow - 1 * 24 * kHourMillis, 60);
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kWarm, Tier::kWarm, Tier::kWarm));
  options_.cold.warm_bytes_max = engine_->Stats().warm_bytes - 1;
  Reopen();
  LUMA_ASSERT_OK(engine_->Flush());
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kWarm, Tier::kCold, Tier::kWarm));
}

TEST_F(ColdMoverTest, RunsThatAMergeIsDueForAreMergedFirst) {
  const ObjectId table = CreateTable();
  const UnixMillis noon = kTwoDaysAgo - 10 * kHourMillis;
  for (int i = 0; i < 3; ++i) InsertAndFlush(table, noon + i * kHourMillis, 30);
  InsertAndFlush(table, kColdNow, 30);  // closes the old day
  Move();
  EXPECT_THAT(Tiers(table), AllOf(SizeIs(4), testing::Each(Tier::kWarm)));
  LUMA_ASSERT_OK(engine_->Compact({.free_bytes_min = 0}));
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold, Tier::kWarm));
}

// ---- deletes

TEST_F(ColdMoverTest, DeletedRowsLeaveBeforeTheMove) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  LUMA_ASSERT_OK(Delete(table, kTwoDaysAgo));
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  EXPECT_EQ(engine_->Report().cold.rows, 59u);
  EXPECT_THAT(MustRead(table), SizeIs(59));
}

TEST_F(ColdMoverTest, ColdRowsCanBeDeletedAndStayDeleted) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  LUMA_ASSERT_OK(Delete(table, kTwoDaysAgo));
  for (const bool flushed : {false, true}) {
    if (flushed) LUMA_ASSERT_OK(engine_->Flush());
    Reopen();
    EXPECT_THAT(MustRead(table), SizeIs(59));
    EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  }
}

TEST_F(ColdMoverTest, DeletesDuringTheMoveAreCarriedOver) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  auto early = engine_->Begin();
  const RowId first = ReadReadings(**early->Read(table))->front().first;
  int uploads = 0;
  store_->SetScript([&](io::ObjectOperation operation, const std::string&) {
    if (operation == io::ObjectOperation::kPutFile && uploads++ == 0) {
      LUMA_EXPECT_OK(Delete(table, kTwoDaysAgo + 60'000));
    }
    return io::ObjectFault();
  });
  Move();
  EXPECT_EQ(uploads, 1);
  LUMA_ASSERT_OK(early->Delete(table, std::vector<RowId>{first}));
  LUMA_ASSERT_OK(early->Commit()) << "positions are the same";
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
    const std::vector<Reading> left = MustRead(table);
    EXPECT_THAT(left, SizeIs(58));
    EXPECT_EQ(left.front().at, kTwoDaysAgo + 120'000);
  }
}

TEST_F(ColdMoverTest, AColdRunThatIsHalfDeletedIsRewritten) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 10);
  Move();
  const std::vector<std::string> before = Objects();
  for (int i = 0; i < 5; ++i) LUMA_ASSERT_OK(Delete(table, kTwoDaysAgo + i * 60'000));
  LUMA_ASSERT_OK(engine_->Flush());
  LUMA_ASSERT_OK(engine_->Compact({.free_bytes_min = 0}));
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kWarm));
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  EXPECT_EQ(engine_->Report().cold.rows, 5u);
  EXPECT_THAT(Objects(), AllOf(SizeIs(2), testing::Ne(before)));
  Reopen();
  EXPECT_THAT(MustRead(table), SizeIs(5));
}

TEST_F(ColdMoverTest, ALostObjectStopsNoMergesOfItsTable) {
  const UnixMillis yesterday = kColdNow - 24 * kHourMillis + kHourMillis / 2;
  options_.cold.cache_bytes_max = 0;
  Reopen();
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 4);
  Move();
  for (const int minute : {0, 2}) LUMA_ASSERT_OK(Delete(table, kTwoDaysAgo + minute * 60'000));
  LUMA_ASSERT_OK(store_->Delete(Objects()[0]));
  Reopen();
  InsertAndFlush(table, yesterday, 30, 1);
  InsertAndFlush(table, yesterday, 30, 2);
  InsertAndFlush(table, kColdNow - kHourMillis, 4);
  EXPECT_EQ(engine_->Compact({.free_bytes_min = 0}).code(), StatusCode::kCorruption);
  EXPECT_THAT(Tiers(table), SizeIs(3)) << "the lost one, yesterday's, today's";
  InsertAndFlush(table, yesterday, 60, 3);
  InsertAndFlush(table, kColdNow - kHourMillis / 2, 4);
  EXPECT_EQ(engine_->Compact({.free_bytes_min = 0}).code(), StatusCode::kCorruption);
  EXPECT_THAT(Tiers(table), SizeIs(4)) << "yesterday's were merged again";
}

TEST_F(ColdMoverTest, TruncatedAndDroppedTablesLoseTheirObjects) {
  for (const bool drop : {false, true}) {
    const ObjectId table = CreateTable(drop ? "dropped" : "truncated");
    InsertAndFlush(table, kTwoDaysAgo, 60);
    Move();
    EXPECT_THAT(Objects(), SizeIs(2));
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(drop ? transaction->DropObject(table) : transaction->Truncate(table));
    LUMA_ASSERT_OK(transaction->Commit());
    transaction.reset();
    LUMA_ASSERT_OK(engine_->Flush());
    EXPECT_THAT(Objects(), SizeIs(2));
    Move();
    EXPECT_THAT(Objects(), IsEmpty());
    EXPECT_THAT(ColdFiles(), IsEmpty());
    Reopen();
    if (!drop) EXPECT_THAT(MustRead(table), IsEmpty());
  }
}

TEST_F(ColdMoverTest, AMoveIsGivenUpWhenItsRunIsTruncatedMeanwhile) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  store_->SetScript([&](io::ObjectOperation operation, const std::string&) {
    if (operation == io::ObjectOperation::kPutFile) {
      auto transaction = engine_->Begin();
      LUMA_EXPECT_OK(transaction->Truncate(table));
      LUMA_EXPECT_OK(transaction->Commit());
    }
    return io::ObjectFault();
  });
  Move();
  EXPECT_THAT(MustRead(table), IsEmpty());
  EXPECT_THAT(Objects(), IsEmpty());
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_THAT(Segments(), IsEmpty());
}

// ---- definitions

TEST_F(ColdMoverTest, AColumnAddedLaterReadsAsItsDefaultBeforeAndAfter) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 10);
  Move();
  InsertAndFlush(table, kTwoDaysAgo + kHourMillis, 10, 2);
  auto transaction = engine_->Begin();
  CatalogObject object = *transaction->Catalog().Find(table);
  TableSchema schema = *object.table;
  schema.columns[3].id = ColumnId{schema.next_column_id++};
  schema.columns[3].name = "renamed";
  schema.columns[3].missing_value = Value::Text("default");
  object.table = std::make_shared<const TableSchema>(schema);
  LUMA_ASSERT_OK(transaction->AlterObject(object));
  LUMA_ASSERT_OK(transaction->Commit());
  Move();  // the second run, which has no such column
  for (const bool reopened : {false, true}) {
    if (reopened) Reopen();
    EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold, Tier::kCold));
    for (const Reading& reading : MustRead(table)) EXPECT_EQ(reading.note, "default");
  }
}

// ---- an object store that fails

TEST_F(ColdMoverTest, AStoreThatIsDownLosesNothingAndTheMoveIsTriedAgain) {
  const ObjectId table = CreateTable();
  const std::vector<Reading> all = InsertAndFlush(table, kTwoDaysAgo, 60);
  Down();
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kUnavailable);
  EXPECT_EQ(engine_->Report().cold.failures, 1u);
  EXPECT_THAT(engine_->Report().cold.last_error, HasSubstr("kUnavailable"));
  EXPECT_EQ(MustRead(table), all);
  EXPECT_THAT(ColdFiles(), IsEmpty());
  Up();
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  EXPECT_EQ(MustRead(table), all);
}

TEST_F(ColdMoverTest, AStartNeedsNoStoreAndReadsOfColdRowsSayWhatIsMissing) {
  const ObjectId cold = CreateTable("cold");
  const ObjectId warm = CreateTable("warm");
  const std::vector<Reading> all = InsertAndFlush(cold, kTwoDaysAgo, 60);
  InsertAndFlush(warm, kColdNow, 60);
  Move();
  Down();
  Reopen();
  LUMA_EXPECT_OK(Read(warm));
  const Status status = Read(cold).status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("table=public.cold"), HasSubstr(".plain")));
  EXPECT_NE((*engine_->Read(cold))->runs()[0]->Zone(ColumnId{2}, 0), nullptr);
  Up();
  EXPECT_EQ(MustRead(cold), all);
}

TEST_F(ColdMoverTest, WrongBytesAreNeverTakenForRows) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  Reopen();
  const std::string key = Objects()[0];
  Bytes bytes = *store_->Get(key);
  for (size_t at = 0; at < bytes.size(); at += 37) {
    bytes[at] ^= std::byte{4};
    LUMA_ASSERT_OK(store_->Put(key, bytes));
    const Status status = Read(table).status();
    EXPECT_EQ(status.code(), StatusCode::kCorruption) << at;
    EXPECT_THAT(std::string(status.message()), HasSubstr(key));
    bytes[at] ^= std::byte{4};
  }
  LUMA_ASSERT_OK(store_->Delete(key));
  EXPECT_EQ(Read(table).status().code(), StatusCode::kCorruption);
  LUMA_ASSERT_OK(store_->Put(key, bytes));
  LUMA_EXPECT_OK(Read(table));
}

TEST_F(ColdMoverTest, ALostOrDamagedSidecarIsFetchedAgain) {
  const ObjectId table = CreateTable();
  const std::vector<Reading> all = InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  const io::Path path = "/data/cold/" + ColdFiles()[0];
  for (const bool lost : {false, true}) {
    engine_.reset();
    if (lost) {
      LUMA_ASSERT_OK(disk_.Remove(path));
    } else {
      disk_.FlipBit(path, 60, 3);
    }
    Down();
    Reopen();
    EXPECT_EQ((*engine_->Read(table))->runs()[0]->Zone(ColumnId{2}, 0), nullptr);
    EXPECT_EQ(Read(table).status().code(), StatusCode::kUnavailable);
    Up();
    EXPECT_EQ(MustRead(table), all);
    EXPECT_NE((*engine_->Read(table))->runs()[0]->Zone(ColumnId{2}, 0), nullptr);
    engine_.reset();
    EXPECT_THAT(CheckDirectory(disk_, "/data", store_.get())->problems, IsEmpty());
    Reopen();
  }
}

TEST_F(ColdMoverTest, ALostSidecarIsFetchedByTheNextPassAlready) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  LUMA_ASSERT_OK(disk_.Remove("/data/cold/" + ColdFiles()[0]));
  Reopen();
  EXPECT_EQ((*engine_->Read(table))->runs()[0]->Zone(ColumnId{2}, 0), nullptr);
  Move();
  EXPECT_NE((*engine_->Read(table))->runs()[0]->Zone(ColumnId{2}, 0), nullptr);
  EXPECT_THAT(ColdFiles(), SizeIs(1));
}

TEST_F(ColdMoverTest, ASidecarThatIsLostEverywhereIsRebuiltFromTheObject) {
  const ObjectId table = CreateTable();
  std::vector<Reading> readings;
  for (uint32_t i = 0; i < kColdGroupRows + kBlockRows + 5; ++i) {
    readings.push_back(
        {i % 3, kTwoDaysAgo + i, i % 5 == 0 ? -0.0 : 0.1 * i,
         i % 7 == 0 ? std::nullopt : std::optional("note " + std::to_string(i % 9))});
  }
  Insert(table, readings);
  LUMA_ASSERT_OK(engine_->Flush());
  Move();
  const std::vector<Reading> before = MustRead(table);
  const io::Path path = "/data/cold/" + ColdFiles()[0];
  const std::string key = Objects()[1];
  const Bytes sidecar = *io::ReadFile(disk_, path);
  for (const bool is_damaged : {false, true}) {
    engine_.reset();
    LUMA_ASSERT_OK(disk_.Remove(path));
    LUMA_ASSERT_OK(is_damaged ? store_->Put(key, AsBytes("damage")) : store_->Delete(key));
    Reopen();
    EXPECT_EQ(MustRead(table), before);
    EXPECT_EQ(*io::ReadFile(disk_, path), sidecar) << "bit for bit";
    EXPECT_EQ(*store_->Get(key), sidecar);
    EXPECT_THAT(ColdFiles(), SizeIs(1));
  }
}

TEST_F(ColdMoverTest, NoSidecarIsRebuiltFromADamagedObject) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  engine_.reset();
  LUMA_ASSERT_OK(disk_.Remove("/data/cold/" + ColdFiles()[0]));
  LUMA_ASSERT_OK(store_->Delete(Objects()[1]));
  const std::string key = Objects()[0];
  Bytes bytes = *store_->Get(key);
  bytes[9] ^= std::byte{1};
  LUMA_ASSERT_OK(store_->Put(key, bytes));
  Reopen();
  const Status status = Read(table).status();
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(status.message()), HasSubstr(key));
  EXPECT_THAT(ColdFiles(), IsEmpty());
}

// Runs of one day, the second of which is cold and has lost its sidecar: it may not be stepped
// over.
TEST_F(ColdMoverTest, NoMergeReachesAcrossAColdRunWhoseTimesAreNotKnown) {
  const ObjectId table = CreateTable();
  const UnixMillis young = kColdNow - 23 * kHourMillis;
  const UnixMillis old = kColdNow - 30 * kHourMillis;
  ASSERT_EQ(young / (24 * kHourMillis), old / (24 * kHourMillis));
  InsertAndFlush(table, young, 30, 1);
  InsertAndFlush(table, old, 30, 2);
  Move();
  InsertAndFlush(table, young, 30, 3);
  InsertAndFlush(table, kColdNow, 30, 4);
  const auto expected = {Tier::kWarm, Tier::kCold, Tier::kWarm, Tier::kWarm};
  EXPECT_THAT(Tiers(table), testing::ElementsAreArray(expected));
  LUMA_ASSERT_OK(disk_.Remove("/data/cold/" + ColdFiles()[0]));
  Reopen();
  Down();
  LUMA_ASSERT_OK(engine_->Compact({.free_bytes_min = 0}));
  EXPECT_THAT(Tiers(table), testing::ElementsAreArray(expected));
}

TEST_F(ColdMoverTest, WithoutADurableEpochNothingIsUploaded) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  InsertAndFlush(table, kTwoDaysAgo + kHourMillis, 60);
  const std::vector<std::string> before = Objects();
  engine_.reset();
  disk_.SetCapacity(0);
  Reopen();
  disk_.SetCapacity(UINT64_MAX);
  LUMA_ASSERT_OK(engine_->Flush());  // of nothing: no edit of the manifest
  LUMA_ASSERT_OK(failpoint::Arm("manifest.before_switch:1:error"));
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kIoError);
  EXPECT_EQ(Objects(), before) << "the next start would give the same names";
  LUMA_ASSERT_OK(failpoint::Arm(""));
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold, Tier::kCold));
}

TEST_F(ColdMoverTest, AFormatThatChangesAValueIsFoundOutBeforeTheUpload) {
  const ObjectId table = CreateTable();
  const std::vector<Reading> all = InsertAndFlush(table, kTwoDaysAgo, 60);
  format_->SpoilNextFile();
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kInternal);
  EXPECT_THAT(Objects(), IsEmpty());
  EXPECT_EQ(MustRead(table), all);
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kWarm)) << "not tried again before the next start";
  Reopen();
  LUMA_ASSERT_OK(engine_->Flush());
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
}

TEST_F(ColdMoverTest, AFailureAtEveryStepLeavesNothingBehind) {
  const ObjectId table = CreateTable();
  const std::vector<Reading> all = InsertAndFlush(table, kTwoDaysAgo, 60);
  for (const char* const point :
       {"cold.before_write", "cold.after_write", "cold.after_compare", "cold.before_upload",
        "cold.after_upload", "cold.after_verify", "cold.after_sidecar_upload", "cold.after_sidecar",
        "cold.before_install", "cold.before_manifest", "manifest.before_write"}) {
    SCOPED_TRACE(point);
    LUMA_ASSERT_OK(failpoint::Arm(std::string(point) + ":1:error"));
    EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kIoError);
    LUMA_ASSERT_OK(failpoint::Arm(""));
    EXPECT_THAT(Tiers(table), ElementsAre(Tier::kWarm));
    EXPECT_EQ(MustRead(table), all);
    EXPECT_THAT(ColdFiles(), IsEmpty());
    EXPECT_THAT(Segments(), SizeIs(1));
  }
  Move();
  EXPECT_THAT(Objects(), SizeIs(2)) << "garbage of the failures is gone";
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
}

TEST_F(ColdMoverTest, AMoveWhoseManifestEditIsUndecidedKeepsBothCopies) {
  const ObjectId table = CreateTable();
  const std::vector<Reading> all = InsertAndFlush(table, kTwoDaysAgo, 60);
  LUMA_ASSERT_OK(failpoint::Arm("manifest.after_sync:1:error,manifest.before_create:1:error"));
  EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kIoError);
  LUMA_ASSERT_OK(failpoint::Arm(""));
  EXPECT_THAT(Segments(), SizeIs(1));
  EXPECT_THAT(Objects(), SizeIs(2));
  Reopen();
  EXPECT_EQ(MustRead(table), all);
  LUMA_ASSERT_OK(engine_->Flush());
  Move();
  EXPECT_THAT(Tiers(table), ElementsAre(Tier::kCold));
  EXPECT_THAT(Objects(), SizeIs(2));
  EXPECT_THAT(Segments(), IsEmpty());
}

TEST_F(ColdMoverTest, TheFirstPassAfterAStartSweepsWhatCrashesLeft) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  const std::vector<std::string> named = Objects();
  const std::string folder = named[0].substr(0, named[0].rfind('/') + 1);
  LUMA_ASSERT_OK(store_->Put(folder + "16384-9-1-f.plain", AsBytes("left over")));
  LUMA_ASSERT_OK(store_->Put(folder + "16384-9-ffff-1.plain", AsBytes("of a later writer")));
  LUMA_ASSERT_OK(store_->Put(folder + "readme.txt", AsBytes("not ours")));
  LUMA_ASSERT_OK(store_->Put("other/1-1-1-1.plain", AsBytes("not below our prefix")));
  Reopen();
  Move();
  EXPECT_THAT(Objects(),
              testing::UnorderedElementsAre(named[0], named[1], folder + "16384-9-ffff-1.plain",
                                            folder + "readme.txt", "other/1-1-1-1.plain"));
}

TEST_F(ColdMoverTest, WhatIsSentIsBooked) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  uint64_t booked = 0;
  store_->SetScript([&](io::ObjectOperation operation, const std::string&) {
    if (operation == io::ObjectOperation::kPutFile) {
      booked = engine_->budget().booked_bytes(BudgetUse::kMerge);
    }
    return io::ObjectFault();
  });
  Move();
  EXPECT_EQ(booked, io::kTransferBytes);
  EXPECT_EQ(engine_->budget().booked_bytes(BudgetUse::kMerge), 0u);
}

TEST_F(ColdMoverTest, ClosingWaitsForNoStore) {
  const ObjectId table = CreateTable();
  std::vector<Reading> all;
  for (const auto stuck : {io::ObjectOperation::kPutFile, io::ObjectOperation::kHead,
                           io::ObjectOperation::kGetRange, io::ObjectOperation::kReplace}) {
    const auto readings =
        InsertAndFlush(table, kTwoDaysAgo + kHourMillis * static_cast<int>(all.size()), 1);
    all.insert(all.end(), readings.begin(), readings.end());
    std::atomic<bool> is_stuck = false;
    store_->SetScript([&, stuck](io::ObjectOperation operation, const std::string&) {
      if (operation != stuck) return io::ObjectFault();
      is_stuck = true;
      return io::ObjectFault{.kind = io::ObjectFaultKind::kStuck};
    });
    std::thread mover([&] { EXPECT_EQ(engine_->MoveCold().code(), StatusCode::kCancelled); });
    while (!is_stuck) std::this_thread::yield();
    LUMA_EXPECT_OK(engine_->Close());
    mover.join();
    Up();
    Reopen();
    EXPECT_EQ(MustRead(table), all);
    LUMA_ASSERT_OK(engine_->Flush());
    Move();
    EXPECT_EQ(MustRead(table), all);
    EXPECT_THAT(Tiers(table), testing::Each(Tier::kCold));
  }
}

// ---- configuration and reports

TEST_F(ColdMoverTest, AStoreWithColdRowsDoesNotOpenWithoutItsObjectStore) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  engine_.reset();
  options_.cold = {};
  EXPECT_EQ(StorageEngine::Open(options_, disk_, clock_).status().code(),
            StatusCode::kInvalidArgument);
}

TEST_F(ColdMoverTest, CheckFindsDamageOfSidecarsAndObjects) {
  const ObjectId table = CreateTable();
  InsertAndFlush(table, kTwoDaysAgo, 60);
  Move();
  engine_.reset();
  const auto problems = [&] { return CheckDirectory(disk_, "/data", store_.get())->problems; };
  EXPECT_THAT(problems(), IsEmpty());
  EXPECT_EQ(CheckDirectory(disk_, "/data")->cold_rows, 60u);
  const io::Path path = "/data/cold/" + ColdFiles()[0];
  disk_.FlipBit(path, 70, 1);
  EXPECT_THAT(problems(), ElementsAre(HasSubstr(path)));
  disk_.FlipBit(path, 70, 1);
  for (const std::string& key : Objects()) {
    Bytes bytes = *store_->Get(key);
    bytes[9] ^= std::byte{1};
    LUMA_ASSERT_OK(store_->Put(key, bytes));
    EXPECT_THAT(problems(), ElementsAre(HasSubstr(key)));
    bytes[9] ^= std::byte{1};
    LUMA_ASSERT_OK(store_->Put(key, bytes));
  }
}

}  // namespace
}  // namespace luma::storage
