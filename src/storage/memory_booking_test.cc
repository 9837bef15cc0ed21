// What grows with a transaction or a table is booked before it is allocated.
#include "storage/testing/engine_fixture.h"
#include "storage/unique_index.h"

namespace luma::storage {
namespace {

class MemoryBookingTest : public EngineTest {
 protected:
  static std::vector<TestRow> Numbered(int64_t count) {
    std::vector<TestRow> rows;
    for (int64_t i = 0; i < count; ++i) rows.push_back({i, "text"});
    return rows;
  }
  MemoryBudget& budget() { return engine_->budget(); }
};

TEST_F(MemoryBookingTest, KeysOfATransactionAreBooked) {
  const ObjectId with_key = CreateTable({.name = "with_key"});
  const ObjectId without_key = CreateTable({.name = "without_key", .has_key = false});
  const auto booked_by = [&](ObjectId table) {
    auto transaction = engine_->Begin();
    EXPECT_TRUE(Append(*transaction, table, Numbered(10'000)).ok());
    return budget().booked_bytes(BudgetUse::kTransactions);
  };
  // A hash, a position and a place in a hash table each.
  EXPECT_GE(booked_by(with_key), booked_by(without_key) + 10'000 * 48);
  EXPECT_EQ(budget().booked_bytes(BudgetUse::kTransactions), 0);
}

TEST_F(MemoryBookingTest, AnIndexRefusesMoreEntriesThanFit) {
  MemoryBudget budget(100'000);
  UniqueIndex index({ColumnId{1}}, budget);
  LUMA_EXPECT_OK(index.CheckRoom(1000));
  EXPECT_EQ(index.CheckRoom(100'000).code(), StatusCode::kOutOfMemory);
  for (uint32_t i = 0; i < 1000; ++i) index.Insert(i * 0x9e3779b97f4a7c15, {1, i});
  LUMA_EXPECT_OK(index.CheckRoom(1000));
  EXPECT_EQ(budget.booked_bytes(), 2048 * sizeof(uint64_t) * 2);
}

TEST_F(MemoryBookingTest, ATableWhoseIndexDoesNotFitGetsNoRows) {
  const ObjectId table = CreateTable();
  Insert(table, {{-1, "before"}});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, Numbered(20'000)));
  // Enough for the record and the rows, too little for the index on top.
  budget().SetLimit(budget().booked_bytes() + 20'000 * (2 * 24 + 24));
  EXPECT_EQ(transaction->Commit().code(), StatusCode::kOutOfMemory);
  EXPECT_EQ(Rows(table).size(), 1);
}

// Goal: a transaction too large for the budget gets an error at some point, at any budget, and one
// that got it has changed nothing.
// Method: budgets that rise until the transaction fits.
TEST_F(MemoryBookingTest, ACommitTooLargeForTheBudgetIsRefused) {
  const ObjectId table = CreateTable();
  Insert(table, {{-1, "before"}});
  Status status = Status::OutOfMemory("");
  const uint64_t before = budget().booked_bytes();
  for (uint64_t limit = 64 << 10; !status.ok(); limit += 64 << 10) {
    ASSERT_LT(limit, 64 << 20);
    budget().SetLimit(before + limit);
    auto transaction = engine_->Begin();
    status = Append(*transaction, table, Numbered(5'000));
    if (status.ok()) status = transaction->Commit();
    if (status.ok()) break;
    EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
    EXPECT_EQ(Rows(table).size(), 1);
  }
  EXPECT_EQ(Rows(table).size(), 5'001);
}

TEST_F(MemoryBookingTest, RowsThatBecomeARunAreBookedOnce) {
  options_.run_rows_max = 1000;
  Reopen();
  const ObjectId table = CreateTable({.has_key = false});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(transaction->Append(table, TestColumns(Numbered(40'000)).spans()));
  const uint64_t booked = budget().booked_bytes(BudgetUse::kTransactions);
  const uint64_t hot = budget().booked_bytes(BudgetUse::kHotRows);
  // Enough for the record of the commit, too little for the rows a second time.
  budget().SetLimit(budget().booked_bytes() + 2 * 40'000 * 24 + 1000);
  LUMA_ASSERT_OK(transaction->Commit());
  transaction.reset();
  EXPECT_EQ(budget().booked_bytes(BudgetUse::kHotRows), hot + booked);
  EXPECT_EQ(budget().booked_bytes(BudgetUse::kTransactions), 0);
}

}  // namespace
}  // namespace luma::storage
