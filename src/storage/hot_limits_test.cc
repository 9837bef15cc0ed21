// Tables over their hot_age or hot_bytes are found, and the background flush then does its work.
#include "storage/hot_limits.h"

#include <thread>

#include "storage/table_policy_options.h"
#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using std::chrono::seconds;

constexpr ObjectId kTable{20'000};

CatalogObject WithPolicy(CatalogObject table, const TablePolicy& policy) {
  TableSchema schema = *table.table;
  schema.options = FormatTablePolicy(policy);
  table.table = std::make_shared<const TableSchema>(std::move(schema));
  return table;
}

class HotLimitsTest : public testing::Test {
 protected:
  explicit HotLimitsTest(const TablePolicy& defaults = {}) : limits_(defaults) {}

  void SetPolicy(const TablePolicy& policy) {
    CatalogObject table = WithPolicy(TestTable(), policy);
    table.id = kTable;
    const std::vector changes{
        CatalogChange::Put(std::make_shared<const CatalogObject>(std::move(table)))};
    auto catalog = CatalogState::Builtin()->Apply(changes, CommitNumber{1});
    ASSERT_TRUE(catalog.ok()) << catalog.status();
    state_.set_catalog(*catalog);
  }
  void AddRow(RunId id) {
    const TestColumns row({{static_cast<int64_t>(id), "text"}});
    const auto columns = RunColumns::Of(*TestTable().table);
    const auto run = HotRun::WithRoom(HotRun::Empty(id, columns), 0, 1, 0, account_);
    ASSERT_TRUE(run.ok()) << run.status();
    (*run)->Append(0, row.spans());
    TableVersion version = state_.Table(kTable);
    version.AddSealed(std::make_shared<const RunVersion>(*run, 1, nullptr));
    state_.SetTable(kTable, std::move(version));
  }
  void Flush(RunId id) {
    TableVersion version = state_.Table(kTable);
    version.Remove(id);
    state_.SetTable(kTable, std::move(version));
  }
  bool ExceededAt(seconds now) { return limits_.AreExceeded(state_, now); }

  MemoryBudget budget_{16 << 20};
  MemoryAccount account_{.budget = &budget_};
  DatabaseState state_;
  HotLimits limits_;
};

TEST_F(HotLimitsTest, RowsAgeFromTheFirstLookUntilTheyAreFlushed) {
  SetPolicy({.hot_age = seconds(60)});
  EXPECT_FALSE(ExceededAt(seconds(1'000)));
  AddRow(RunId{1});
  EXPECT_FALSE(ExceededAt(seconds(1'010)));
  EXPECT_FALSE(ExceededAt(seconds(1'069)));
  EXPECT_TRUE(ExceededAt(seconds(1'070)));
  EXPECT_TRUE(ExceededAt(seconds(1'071))) << "the flush has failed";
  Flush(RunId{1});
  EXPECT_FALSE(ExceededAt(seconds(1'072)));
}

TEST_F(HotLimitsTest, TheOldestRunOfATableCounts) {
  SetPolicy({.hot_age = seconds(60)});
  AddRow(RunId{1});
  EXPECT_FALSE(ExceededAt(seconds(0)));
  AddRow(RunId{2});
  EXPECT_FALSE(ExceededAt(seconds(30)));
  EXPECT_TRUE(ExceededAt(seconds(60)));
  Flush(RunId{1});
  EXPECT_FALSE(ExceededAt(seconds(89)));
  EXPECT_TRUE(ExceededAt(seconds(90)));
}

TEST_F(HotLimitsTest, AnOptionThatIsSetLaterCountsFromThen) {
  SetPolicy({});
  AddRow(RunId{1});
  EXPECT_FALSE(ExceededAt(seconds(0)));
  SetPolicy({.hot_age = seconds(60)});
  EXPECT_FALSE(ExceededAt(seconds(1'000)));
  EXPECT_TRUE(ExceededAt(seconds(1'060)));
  SetPolicy({});
  EXPECT_FALSE(ExceededAt(seconds(1'061)));
}

TEST_F(HotLimitsTest, TheMemoryOfAllHotRunsCounts) {
  AddRow(RunId{1});
  AddRow(RunId{2});
  const uint64_t bytes = state_.HotBytes();
  SetPolicy({.hot_bytes = bytes});
  EXPECT_FALSE(ExceededAt(seconds(0)));
  SetPolicy({.hot_bytes = bytes - 1});
  EXPECT_TRUE(ExceededAt(seconds(0)));
  Flush(RunId{1});
  EXPECT_FALSE(ExceededAt(seconds(0)));
}

class HotLimitsByDefaultTest : public HotLimitsTest {
 protected:
  HotLimitsByDefaultTest() : HotLimitsTest({.hot_bytes = 1}) {}
};

TEST_F(HotLimitsByDefaultTest, ATableHasItsOwnOrElseTheDefault) {
  AddRow(RunId{1});
  SetPolicy({});
  EXPECT_TRUE(ExceededAt(seconds(0)));
  SetPolicy({.hot_bytes = 1 << 20});
  EXPECT_FALSE(ExceededAt(seconds(0)));
}

// ---- the background flush; without its work these tests do not end

class HotLimitsFlushTest : public EngineTest {
 protected:
  HotLimitsFlushTest() {
    options_.background_flush = true;
    options_.flush_interval = std::chrono::hours(24 * 36'500);  // further than the clock gets
    Reopen();
  }
  void SetPolicy(ObjectId table, const TablePolicy& policy) {
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(
        transaction->AlterObject(WithPolicy(*transaction->Catalog().Find(table), policy)));
    LUMA_ASSERT_OK(transaction->Commit());
  }
};

TEST_F(HotLimitsFlushTest, WritesAllTablesWhenOneHasTooManyBytes) {
  const ObjectId table = CreateTable();
  const ObjectId other = CreateTable({.name = "other"});
  Insert(other, {{1, "a"}});
  Insert(table, {{1, "a"}, {2, "b"}});
  SetPolicy(table, {.hot_bytes = 1});
  while (engine_->Stats().warm_rows < 3) std::this_thread::yield();
  EXPECT_EQ(Rows(table).size(), 2);
}

TEST_F(HotLimitsFlushTest, WritesRowsThatAreLongInMemory) {
  const ObjectId table = CreateTable();
  SetPolicy(table, {.hot_age = seconds(1)});
  Insert(table, {{1, "a"}, {2, "b"}});
  while (engine_->Stats().warm_rows < 2) {
    clock_.Advance(std::chrono::milliseconds(1));
    std::this_thread::yield();
  }
  EXPECT_EQ(Rows(table).size(), 2);
}

}  // namespace
}  // namespace luma::storage
