#include "storage/retention/table_expiry.h"

#include <random>
#include <thread>

#include "base/failpoint.h"
#include "base/log.h"
#include "encoding/testing/test_seed.h"
#include "storage/metrics/sample_scan.h"
#include "storage/testing/engine_fixture.h"
#include "storage/testing/sample_table.h"

namespace luma::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr UnixMillis kStart = 1'700'000'000'000;
constexpr UnixMillis kHour = 3'600'000;
constexpr UnixMillis kDay = 24 * kHour;

class TableExpiryTest : public EngineTest {
 protected:
  TableExpiryTest() {
    SetLogLevel(LogLevel::kOff);
    clock_.JumpWallTimeTo(kStart);
    options_.default_policy.retention = days(3);
    Reopen();
  }
  ~TableExpiryTest() override { SetLogLevel(LogLevel::kInfo); }

  // A run on disk with samples of these times.
  void WriteRun(const std::vector<UnixMillis>& times) {
    LUMA_ASSERT_OK(AppendSamples(*engine_, times));
    LUMA_ASSERT_OK(engine_->Flush());
  }
  // Sorted by `key`, which may be null, as times in milliseconds.
  ObjectId CreateTableWithTimes(const std::string& name) {
    CatalogObject table = TestTable({.name = name, .has_key = false, .sorted = true});
    TableSchema schema = *table.table;
    schema.columns[0].logical_type = "TIMESTAMP_MS";
    table.table = std::make_shared<const TableSchema>(std::move(schema));
    auto transaction = engine_->Begin();
    const auto id = transaction->CreateObject(std::move(table));
    EXPECT_TRUE(id.ok()) << id.status();
    EXPECT_TRUE(transaction->Commit().ok());
    return *id;
  }
  uint64_t Expire() {
    const auto counts = engine_->maintenance().Expire();
    EXPECT_TRUE(counts.ok()) << counts.status();
    return counts.ok() ? counts->runs : 0;
  }
  std::vector<UnixMillis> Times() { return SampleTimes(*engine_); }
  size_t FileCount() { return disk_.List("/data/segments")->size(); }
};

TEST_F(TableExpiryTest, DropsRunsAllOfWhoseRowsAreTooOld) {
  WriteRun({kStart - kDay, kStart - 2});
  WriteRun({kStart - 1, kStart});
  clock_.Advance(days(3));
  EXPECT_EQ(Expire(), 1u);
  EXPECT_THAT(Times(), ElementsAre(kStart - 1, kStart));
  EXPECT_EQ(FileCount(), 1u);
  Reopen();
  EXPECT_THAT(Times(), ElementsAre(kStart - 1, kStart));
  EXPECT_EQ(Expire(), 0u);
}

TEST_F(TableExpiryTest, RowsOfTheLogAreDroppedOnceTheyAreFlushed) {
  LUMA_ASSERT_OK(AppendSamples(*engine_, {kStart}));
  clock_.Advance(days(4));
  EXPECT_EQ(Expire(), 0u);
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(Expire(), 1u);
  EXPECT_THAT(Times(), IsEmpty());
}

TEST_F(TableExpiryTest, AMergeLeavesOutRowsThatAreTooOld) {
  for (int i = 0; i < 8; ++i) WriteRun({kStart - kDay + i, kStart + i});
  clock_.Advance(days(3) - hours(1));
  EXPECT_EQ(Expire(), 0u);
  EXPECT_EQ(Times().size(), 16u);
  LUMA_ASSERT_OK(engine_->Compact());
  EXPECT_EQ(Times().size(), 8u);
  EXPECT_EQ(Times().front(), kStart);
}

TEST_F(TableExpiryTest, TheOptionOfTheTableWinsOverTheDefault) {
  WriteRun({kStart});
  LUMA_ASSERT_OK(SetTableOption(*engine_, kSamplesTableId, "retention", "0"));
  clock_.Advance(days(400));
  EXPECT_EQ(Expire(), 0u);
  LUMA_ASSERT_OK(SetTableOption(*engine_, kSamplesTableId, "retention", "401 days"));
  EXPECT_EQ(Expire(), 0u);
  LUMA_ASSERT_OK(SetTableOption(*engine_, kSamplesTableId, "retention", "399 days"));
  EXPECT_EQ(Expire(), 1u);
}

TEST_F(TableExpiryTest, TheDefaultCanChange) {
  WriteRun({kStart});
  engine_->maintenance().SetDefaultRetention(std::chrono::seconds(0));
  clock_.Advance(days(10));
  EXPECT_EQ(Expire(), 0u);
  engine_->maintenance().SetDefaultRetention(days(9));
  EXPECT_EQ(Expire(), 1u);
  EXPECT_EQ(engine_->maintenance().expired().runs, 1u);
}

TEST_F(TableExpiryTest, TablesWithoutATimeKeepTheirRows) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "one"}});
  LUMA_ASSERT_OK(engine_->Flush());
  clock_.Advance(days(400));
  EXPECT_EQ(Expire(), 0u);
  EXPECT_EQ(Rows(table).size(), 1u);
}

// ALTER TABLE ... SET (retention) sorts a table by a column that may be null.
TEST_F(TableExpiryTest, RowsWithoutATimeNeverExpire) {
  const ObjectId table = CreateTableWithTimes("t");
  Insert(table, {{kStart, "old"}, {std::nullopt, "without time"}});
  LUMA_ASSERT_OK(engine_->Flush());
  Insert(table, {{kStart, "old, too"}});
  LUMA_ASSERT_OK(engine_->Flush());
  clock_.Advance(days(4));
  EXPECT_EQ(Expire(), 1u);
  EXPECT_THAT(Rows(table), Contains(TestRow{std::nullopt, "without time"}));
  EXPECT_EQ(Rows(table).size(), 2u);
}

// Goal: a table that goes away while others are expired is no runs to drop, and no broken
// invariant. Method: while the first of many tables drops its runs, the others are dropped, and a
// flush, which forgets them, waits for its turn.
TEST_F(TableExpiryTest, TablesMayGoWhileRunsAreDropped) {
  std::vector<ObjectId> tables;
  for (int i = 0; i < 40; ++i) {
    tables.push_back(CreateTableWithTimes("t" + std::to_string(i)));
    Insert(tables.back(), {{kStart, "old"}});
  }
  LUMA_ASSERT_OK(engine_->Flush());
  clock_.Advance(days(4));
  std::thread flush;
  disk_.SetSyncHook([&](const io::Path& path) {
    if (!path.starts_with("/data/manifest") || flush.joinable()) return;
    auto transaction = engine_->Begin();
    for (size_t i = 1; i < tables.size(); ++i) {
      LUMA_EXPECT_OK(transaction->DropObject(tables[i]));
    }
    flush = std::thread([&] { LUMA_EXPECT_OK(engine_->Flush()); });
    LUMA_EXPECT_OK(transaction->Commit());
  });
  EXPECT_EQ(Expire(), 1u);
  flush.join();
  disk_.SetSyncHook(nullptr);
}

// Goal: damage of one table leaves no expired data of others on the disk.
TEST_F(TableExpiryTest, ATableThatFailsKeepsNoOtherFromExpiring) {
  for (const char* name : {"a", "b"}) {
    Insert(CreateTableWithTimes(name), {{kStart, "old"}});
  }
  LUMA_ASSERT_OK(engine_->Flush());
  clock_.Advance(days(4));
  LUMA_ASSERT_OK(failpoint::Arm("retention.before_install:1:error"));
  EXPECT_FALSE(engine_->maintenance().Expire().ok());
  LUMA_ASSERT_OK(failpoint::Arm(""));
  EXPECT_EQ(engine_->maintenance().expired().runs, 1u);
  EXPECT_EQ(Expire(), 1u);
}

TEST_F(TableExpiryTest, SnapshotsKeepWhatTheyRead) {
  WriteRun({kStart});
  const TableSnapshotPtr snapshot = *engine_->Read(kSamplesTableId);
  clock_.Advance(days(4));
  EXPECT_EQ(Expire(), 1u);
  EXPECT_EQ(FileCount(), 1u);
  EXPECT_EQ(FindNewest(*snapshot, 0)->timestamp, kStart);
}

TEST_F(TableExpiryTest, DeletesOfDroppedRowsAreConflicts) {
  WriteRun({kStart, kStart + 1});
  auto before = engine_->Begin();
  LUMA_ASSERT_OK(before->Delete(kSamplesTableId, FirstRow(**before->Read(kSamplesTableId))));
  auto after = engine_->Begin();
  const auto row = FirstRow(**after->Read(kSamplesTableId));
  clock_.Advance(days(4));
  EXPECT_EQ(Expire(), 1u);
  EXPECT_EQ(before->Commit().code(), StatusCode::kConflict);
  EXPECT_EQ(after->Delete(kSamplesTableId, row).status().code(), StatusCode::kConflict);
  before.reset();
  after.reset();
  Reopen();
  EXPECT_THAT(Times(), IsEmpty());
}

TEST_F(TableExpiryTest, AWrongClockTakesNothing) {
  WriteRun({kStart});
  EXPECT_EQ(Expire(), 0u);  // the clock is known from here on
  const UnixMillis ten_years = kStart + 3'650 * kDay;
  clock_.JumpWallTimeTo(ten_years);
  EXPECT_EQ(Expire(), 0u);
  WriteRun({ten_years});  // as a scrape by that clock would
  EXPECT_EQ(Expire(), 0u);
  Reopen();
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(Expire(), 0u);
  EXPECT_GT(engine_->maintenance().expiry_clock().Lag(), days(3'000));
  clock_.Advance(days(2));
  EXPECT_EQ(Expire(), 0u);
  clock_.Advance(days(1) + hours(1));  // three days have passed, whatever the date
  EXPECT_EQ(Expire(), 1u);
  EXPECT_THAT(Times(), ElementsAre(ten_years));
}

TEST_F(TableExpiryTest, AnOperatorCanConfirmTheClock) {
  WriteRun({kStart});
  clock_.JumpWallTimeTo(kStart + 100 * kDay);
  EXPECT_EQ(Expire(), 0u);
  engine_->maintenance().expiry_clock().Confirm();
  EXPECT_EQ(Expire(), 1u);
}

TEST_F(TableExpiryTest, ADamagedClockFileIsReplacedByTheNewestSample) {
  WriteRun({kStart});
  EXPECT_EQ(Expire(), 0u);
  LUMA_ASSERT_OK(io::WriteFileAtomically(disk_, "/data/expiry_clock", AsBytes("nonsense")));
  clock_.JumpWallTimeTo(kStart + 3'650 * kDay);
  Reopen();
  LUMA_ASSERT_OK(engine_->Flush());
  EXPECT_EQ(Expire(), 0u);
  EXPECT_EQ(engine_->maintenance().expiry_clock().Now(), kStart);
}

// Goal: nothing younger than the retention is ever dropped, whatever the wall clock does (D14).
// Method: random steps of real time, jumps of the wall clock, restarts, writes and passes; a sample
// is stamped with the real time it was written at. Only jumps by an hour are ever believed.
TEST_F(TableExpiryTest, NothingYoungerThanTheRetentionGoesWhateverTheClockDoes) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    engine_.reset();
    disk_ = io::SimDisk();
    clock_.JumpWallTimeTo(kStart);
    Reopen();
    UnixMillis real = kStart;
    UnixMillis believed = 0;
    std::vector<UnixMillis> written;
    for (int step = 0; step < 12; ++step) {
      const auto passed = milliseconds(random() % (20 * kHour));
      clock_.Advance(passed);
      real += passed.count();
      switch (random() % 5) {
        case 0: {
          const int64_t jumps[] = {kHour, -kHour, 3'650 * kDay, -1'000, 40 * kDay, real};
          const int64_t jump = jumps[random() % std::size(jumps)];
          clock_.JumpWallTimeTo(jump == real ? real : clock_.NowMillis() + jump);
          if (jump == kHour) believed += kHour;
          break;
        }
        case 1:
          Reopen();
          LUMA_ASSERT_OK(engine_->Flush());
          break;
        case 2:
          LUMA_ASSERT_OK(engine_->Compact());
          break;
        default:
          written.push_back(real);
          WriteRun({real});
      }
      Expire();
      const std::vector<UnixMillis> kept = Times();
      for (const UnixMillis time : written) {
        if (time < real + believed - 3 * kDay) continue;
        ASSERT_TRUE(std::ranges::count(kept, time) == 1) << "round " << round << " step " << step;
      }
    }
  }
}

}  // namespace
}  // namespace luma::storage
