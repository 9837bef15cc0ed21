#include "storage/moved_deletes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/deleted_rows.h"
#include "storage/row_buffer.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr ObjectId kTable{20000};

class MovedDeletesTest : public testing::Test {
 protected:
  static CatalogObjectPtr Table(bool has_key) {
    CatalogObject table = TestTable({.has_key = has_key});
    table.id = kTable;
    return std::make_shared<const CatalogObject>(std::move(table));
  }
  RunVersionPtr RunOf(uint32_t id, const std::vector<TestRow>& rows) {
    const TestColumns columns(rows);
    const auto count = static_cast<uint32_t>(rows.size());
    const auto run =
        *HotRun::WithRoom(HotRun::Empty(RunId{id}, RunColumns::Of(*TestTable().table)), 0, count,
                          LongStringBytes(columns.spans(), 0, count), {.budget = &budget_});
    run->Append(0, columns.spans());
    return std::make_shared<const RunVersion>(run, count, nullptr);
  }
  void AddRun(uint32_t id, const std::vector<TestRow>& rows) {
    TableVersion version = state_.Table(kTable);
    version.AddSealed(RunOf(id, rows));
    state_.SetTable(kTable, std::move(version));
  }
  // As a commit would log it that found `rows` in run `run`.
  Status Delete(MovedDeletes& deletes, uint64_t lsn, uint32_t run, const std::vector<TestRow>& rows,
                const CatalogObjectPtr& table) {
    auto positions = std::make_shared<DeleteBitmap>();
    for (uint32_t row = 0; row < rows.size(); ++row) positions->Add(row);
    BudgetLease memory = budget_.BookAlways(BudgetUse::kTransactions, 0);
    const auto contents =
        DeletedContents(budget_, memory).Encode(*table, *RunOf(run, rows), *positions);
    EXPECT_TRUE(contents.ok()) << contents.status();
    return deletes.Add(Lsn{lsn},
                       {.table = kTable,
                        .run = RunId{run},
                        .positions = positions,
                        .layout = 2,
                        .contents = *contents},
                       table);
  }
  std::vector<RowId> Left() const {
    std::vector<RowId> ids;
    const TableSnapshot table(Table(false), state_.Table(kTable).Views());
    for (const auto& [id, row] : ReadRowsById(table)) ids.push_back(id);
    return ids;
  }
  static RowId At(uint32_t run, uint32_t position) { return MakeRowId(RunId{run}, position); }

  MemoryBudget budget_{1 << 20};
  DatabaseState state_;
  MovedDeletes deletes_{budget_};
};

TEST_F(MovedDeletesTest, TheNewestRowUpToTheRunIsMeant) {
  AddRun(1, {{7, "expired"}, {8, "other"}});
  AddRun(2, {{7, "meant"}});
  AddRun(4, {{7, "later"}});
  LUMA_ASSERT_OK(Delete(deletes_, 10, 3, {{7, "meant"}}, Table(true)));
  LUMA_ASSERT_OK(deletes_.Resolve(state_));
  EXPECT_THAT(Left(), ElementsAre(At(1, 0), At(1, 1), At(4, 0)));
}

TEST_F(MovedDeletesTest, SeveralDeletesOfOneKeyTakeTheRowsOfTheirTimes) {
  AddRun(1, {{7, "first"}});
  AddRun(2, {{7, "second"}});
  AddRun(3, {{7, "third"}});
  LUMA_ASSERT_OK(Delete(deletes_, 10, 1, {{7, "first"}}, Table(true)));
  LUMA_ASSERT_OK(Delete(deletes_, 11, 2, {{7, "second"}}, Table(true)));
  LUMA_ASSERT_OK(deletes_.Resolve(state_));
  EXPECT_THAT(Left(), ElementsAre(At(3, 0)));
}

TEST_F(MovedDeletesTest, RowsOfABagAreComparedWhole) {
  const std::string long_text(100, 'x');
  AddRun(1, {{7, std::nullopt}, {7, ""}, {std::nullopt, ""}, {7, long_text}, {7, long_text + "y"}});
  LUMA_ASSERT_OK(Delete(deletes_, 10, 1, {{7, ""}, {7, long_text}}, Table(false)));
  LUMA_ASSERT_OK(Delete(deletes_, 11, 1, {{std::nullopt, ""}}, Table(false)));
  LUMA_ASSERT_OK(deletes_.Resolve(state_));
  EXPECT_THAT(Left(), ElementsAre(At(1, 0), At(1, 4)));
}

TEST_F(MovedDeletesTest, AsManyEqualRowsGoAsWereDeleted) {
  AddRun(1, {{7, "a"}, {7, "a"}});
  AddRun(2, {{7, "a"}, {7, "b"}});
  LUMA_ASSERT_OK(Delete(deletes_, 10, 2, {{7, "a"}}, Table(false)));
  LUMA_ASSERT_OK(Delete(deletes_, 11, 1, {{7, "a"}}, Table(false)));
  LUMA_ASSERT_OK(deletes_.Resolve(state_));
  EXPECT_EQ(Left().size(), 2u);
  EXPECT_THAT(Left(), testing::Contains(At(2, 1)));
}

// Goal: what does not fit into one scan is found by several, which give back the memory of each.
TEST_F(MovedDeletesTest, ManyRowsAreFoundInSeveralScans) {
  std::vector<TestRow> rows;
  for (int64_t key = 0; key < 1000; ++key) rows.push_back({key, "text"});
  AddRun(1, rows);
  MovedDeletes small(budget_, 1);
  for (int64_t key = 0; key < 1000; key += 2) {
    LUMA_ASSERT_OK(Delete(small, 10 + static_cast<uint64_t>(key), 1, {{key, "text"}}, Table(true)));
  }
  const uint64_t booked = budget_.booked_bytes(BudgetUse::kMerge);
  EXPECT_GT(booked, 0u);
  LUMA_ASSERT_OK(small.Resolve(state_));
  EXPECT_EQ(budget_.booked_bytes(BudgetUse::kMerge), booked);
  EXPECT_EQ(Left().size(), 500u);
}

TEST_F(MovedDeletesTest, ARowThatIsNotThereIsCorruption) {
  AddRun(1, {{7, "a"}});
  AddRun(3, {{8, "later"}});
  LUMA_ASSERT_OK(Delete(deletes_, 10, 2, {{7, "a"}}, Table(true)));
  LUMA_ASSERT_OK(Delete(deletes_, 11, 2, {{8, "b"}}, Table(true)));
  const Status status = deletes_.Resolve(state_);
  EXPECT_EQ(status.code(), StatusCode::kCorruption);
  EXPECT_THAT(std::string(status.message()), HasSubstr("table=20000 commit=11"));
}

TEST_F(MovedDeletesTest, WhatWasForgottenIsNotLookedFor) {
  LUMA_ASSERT_OK(Delete(deletes_, 10, 2, {{7, "a"}}, Table(true)));
  EXPECT_FALSE(deletes_.empty());
  deletes_.Forget(kTable);
  EXPECT_TRUE(deletes_.empty());
  EXPECT_EQ(budget_.booked_bytes(BudgetUse::kMerge), 0u);
  LUMA_EXPECT_OK(deletes_.Resolve(state_));
}

TEST_F(MovedDeletesTest, ColumnsThatTheTableHasNotAreCorruption) {
  CatalogObject other = *Table(false);
  TableSchema schema = *other.table;
  schema.columns.pop_back();
  other.table = std::make_shared<const TableSchema>(schema);
  auto positions = std::make_shared<DeleteBitmap>();
  positions->Add(0);
  BudgetLease memory = budget_.BookAlways(BudgetUse::kTransactions, 0);
  const auto contents =
      DeletedContents(budget_, memory).Encode(*Table(false), *RunOf(1, {{7, "a"}}), *positions);
  const LoggedDelete one{
      .table = kTable, .run = RunId{1}, .positions = positions, .layout = 2, .contents = *contents};
  EXPECT_EQ(deletes_.Add(Lsn{1}, one, std::make_shared<const CatalogObject>(other)).code(),
            StatusCode::kCorruption);
  EXPECT_EQ(deletes_.Add(Lsn{1}, one, nullptr).code(), StatusCode::kCorruption);
}

// Goal: a scan looks for no more than it may, however many rows a delete has.
TEST_F(MovedDeletesTest, ADeleteOfManyRowsIsFoundInSeveralScans) {
  std::vector<TestRow> rows;
  for (int64_t key = 0; key < 2000; ++key) rows.push_back({key, "text"});
  AddRun(1, rows);
  rows.resize(1500);
  MovedDeletes small(budget_, 64 << 10);
  LUMA_ASSERT_OK(Delete(small, 10, 1, rows, Table(true)));
  LUMA_ASSERT_OK(small.Resolve(state_));
  EXPECT_EQ(Left().size(), 500u);
}

// ---- what does not fit

class DeletedContentsTest : public MovedDeletesTest {
 protected:
  // Of so many rows with numbers.
  Result<Bytes> Encode(DeletedContents& contents, uint32_t run, uint32_t rows) {
    std::vector<TestRow> all;
    DeleteBitmap positions;
    for (uint32_t row = 0; row < rows; ++row) {
      all.push_back({int64_t{row} * row * 7919, "text"});
      positions.Add(row);
    }
    return contents.Encode(*Table(true), *RunOf(run, all), positions);
  }
  uint64_t BytesOf(uint32_t rows) {
    BudgetLease memory = budget_.BookAlways(BudgetUse::kTransactions, 0);
    DeletedContents contents(budget_, memory);
    return Encode(contents, 1, rows)->size();
  }

  const uint64_t warnings_before_ = CommitsWithoutContents().Value();
  uint64_t warnings() const { return CommitsWithoutContents().Value() - warnings_before_; }
  BudgetLease memory_ = budget_.BookAlways(BudgetUse::kTransactions, 0);
};

// Goal: deletes of one commit share the room, so that its record cannot become too large.
TEST_F(DeletedContentsTest, ManyRunsOfOneCommitShareTheRoom) {
  const uint64_t bytes = BytesOf(500);
  DeletedContents contents(budget_, memory_, 2 * bytes + bytes / 2);
  uint64_t total = 0;
  uint64_t booked = 0;
  for (uint32_t run = 1; run <= 20; ++run) {
    const auto encoded = Encode(contents, run, 500);
    LUMA_ASSERT_OK(encoded);
    EXPECT_EQ(encoded->empty(), run > 2) << run;
    total += encoded->size();
    if (run == 2) booked = memory_.bytes();
  }
  EXPECT_EQ(total, 2 * bytes);
  EXPECT_EQ(memory_.bytes(), booked);  // nothing for what was left out
  EXPECT_EQ(warnings(), 1u);
  const auto small = Encode(contents, 21, 1);  // would fit, but the commit is not restored anyway
  LUMA_ASSERT_OK(small);
  EXPECT_TRUE(small->empty());
}

TEST_F(DeletedContentsTest, JustTheRoomIsEnough) {
  DeletedContents contents(budget_, memory_, BytesOf(500));
  EXPECT_FALSE(Encode(contents, 1, 500)->empty());
  EXPECT_EQ(warnings(), 0u);
}

TEST_F(DeletedContentsTest, WithoutMemoryTheyAreLeftOut) {
  for (uint64_t refused = 1; refused <= 3; ++refused) {
    BudgetLease memory = budget_.BookAlways(BudgetUse::kTransactions, 100);
    DeletedContents contents(budget_, memory);
    // RunOf books before.
    std::vector<TestRow> row{{7, "a text that is longer than twelve bytes"}};
    const RunVersionPtr run = RunOf(1, row);
    DeleteBitmap positions;
    positions.Add(0);
    budget_.RefuseBooking(refused);
    const auto encoded = contents.Encode(*Table(false), *run, positions);
    budget_.RefuseBooking(0);
    LUMA_ASSERT_OK(encoded);
    EXPECT_TRUE(encoded->empty()) << refused;
    EXPECT_EQ(memory.bytes(), 100u);
    EXPECT_EQ(warnings(), refused);
  }
}

// ---- what it costs

// Bytes of contents for each of the first `rows` of a run; recorded for ADR 12.
template <typename Fill>
double BytesPerRow(const CatalogObject& table, uint32_t rows, const Fill& fill) {
  MemoryBudget budget(64 << 20);
  std::vector<PhysicalType> types;
  for (const ColumnSchema& column : table.table->columns) types.push_back(column.physical_type);
  RowBuffer buffer(types);
  fill(buffer);
  std::vector<ColumnSpan> columns;
  for (size_t i = 0; i < types.size(); ++i) columns.push_back(buffer.Column(i));
  const uint32_t count = buffer.row_count();
  const auto run =
      *HotRun::WithRoom(HotRun::Empty(RunId{1}, RunColumns::Of(*table.table)), 0, count,
                        LongStringBytes(columns, 0, count), {.budget = &budget});
  run->Append(0, columns);
  DeleteBitmap positions;
  for (uint32_t row = 0; row < rows; ++row) positions.Add(row);
  BudgetLease memory = budget.BookAlways(BudgetUse::kTransactions, 0);
  const auto contents =
      DeletedContents(budget, memory).Encode(table, RunVersion(run, count, nullptr), positions);
  EXPECT_TRUE(contents.ok()) << contents.status();
  EXPECT_GE(memory.bytes() + 192, 3 * contents->size());  // all but the list of columns
  return static_cast<double>(contents->size()) / rows;
}

// As downsampling deletes them: 120 samples each of many series, 15 s apart with some jitter.
TEST(ContentsCostTest, SamplesTakeAFewBytesEach) {
  const CatalogObjectPtr table = CatalogState::Builtin()->Find(kSamplesTableId);
  const auto fill = [](RowBuffer& rows) {
    for (uint64_t series = 1; series <= 136; ++series) {
      for (int64_t i = 0; i < 120; ++i) {
        const int64_t time = 1'795'000'000'000 + i * 15'000 + static_cast<int64_t>(series * i % 7);
        const double value = 1.0;
        const auto span = [](PhysicalType type, const void* one) {
          return ColumnSpan{.type = type, .count = 1, .values = static_cast<const std::byte*>(one)};
        };
        rows.Append(std::vector<ColumnSpan>{span(PhysicalType::kUInt64, &series),
                                            span(PhysicalType::kInt64, &time),
                                            span(PhysicalType::kFloat64, &value)});
      }
    }
  };
  const double many = BytesPerRow(*table, 16'320, fill);
  const double one = BytesPerRow(*table, 1, fill);
  RecordProperty("bytes_per_sample_of_many", std::to_string(many));
  RecordProperty("bytes_of_one_sample", std::to_string(one));
  EXPECT_LT(many, 4.5);
  EXPECT_LT(one, 40);
}

TEST(ContentsCostTest, RowsOfATableTakeTheirKeyOrAllTheyHold) {
  const auto fill = [](RowBuffer& rows) {
    std::vector<TestRow> all;
    for (int64_t key = 0; key < 10'000; ++key) {
      all.push_back({key * 100 + key * key % 97, "the text of row " + std::to_string(key)});
    }
    rows.Append(TestColumns(all).spans());
  };
  const double keyed = BytesPerRow(TestTable(), 10'000, fill);
  const double whole = BytesPerRow(TestTable({.has_key = false}), 10'000, fill);
  RecordProperty("bytes_per_key_of_many", std::to_string(keyed));
  RecordProperty("bytes_of_one_key", std::to_string(BytesPerRow(TestTable(), 1, fill)));
  RecordProperty("bytes_per_row_without_key", std::to_string(whole));
  EXPECT_LT(keyed, 2);
  EXPECT_LT(whole, 40);
}

// ---- which columns tell rows apart

std::vector<uint32_t> IdentityOf(const CatalogObject& table) {
  std::vector<uint32_t> ids;
  for (const ColumnSchema* const column : IdentityColumns(table)) {
    ids.push_back(static_cast<uint32_t>(column->id));
  }
  return ids;
}

TEST(IdentityColumnsTest, AKeyWithoutNullsOrEverything) {
  CatalogObject table = TestTable({.has_key = false});
  EXPECT_THAT(IdentityOf(table), ElementsAre(1, 2));
  TableSchema schema = *table.table;
  schema.uniques.push_back({"t_text_key", {ColumnId{2}}, false});
  table.table = std::make_shared<const TableSchema>(schema);
  EXPECT_THAT(IdentityOf(table), ElementsAre(1, 2));  // nulls are not unique
  schema.columns[1].not_null = true;
  table.table = std::make_shared<const TableSchema>(schema);
  EXPECT_THAT(IdentityOf(table), ElementsAre(2));
  EXPECT_THAT(IdentityOf(TestTable()), ElementsAre(1));
}

TEST(IdentityColumnsTest, TheMetricsStoreKeepsKeysWithoutConstraints) {
  const CatalogStatePtr catalog = CatalogState::Builtin();
  EXPECT_THAT(IdentityOf(*catalog->Find(kSeriesTableId)), ElementsAre(1));
  EXPECT_THAT(IdentityOf(*catalog->Find(kSamplesTableId)), ElementsAre(1, 2));
  EXPECT_THAT(IdentityOf(*catalog->Find(kHistogramsTableId)), ElementsAre(1, 2));
  EXPECT_THAT(IdentityOf(*catalog->Find(kRollupsTableId)), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace luma::storage
