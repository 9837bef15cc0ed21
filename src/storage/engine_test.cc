#include "storage/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "storage/testing/engine_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// ---- isolation

TEST_F(EngineTest, CommittedRowsAreReadInOrder) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "one"}, {2, std::nullopt}});
  Insert(table, {{3, "a text of more than twelve bytes"}});
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "one"}, TestRow{2, std::nullopt},
                                       TestRow{3, "a text of more than twelve bytes"}));
}

TEST_F(EngineTest, OwnChangesAreSeenAtOnceAndByNobodyElse) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}, {2, "b"}});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{3, "c"}}));
  LUMA_ASSERT_OK(DeleteKey(*transaction, table, 1));
  EXPECT_THAT(Rows(*transaction, table), ElementsAre(TestRow{2, "b"}, TestRow{3, "c"}));
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}, TestRow{2, "b"}));
  transaction->Rollback();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}, TestRow{2, "b"}));
}

TEST_F(EngineTest, ReadsAreRepeatable) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  auto reader = engine_->Begin();
  Insert(table, {{2, "b"}});
  auto writer = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*writer, table, 1));
  LUMA_ASSERT_OK(writer->Commit());
  EXPECT_THAT(Rows(*reader, table), ElementsAre(TestRow{1, "a"}));
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{2, "b"}));
}

TEST_F(EngineTest, AnEarlierSnapshotDoesNotShowLaterChanges) {
  const ObjectId table = CreateTable();
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{1, "a"}, {2, "b"}}));
  const TableSnapshotPtr earlier = *transaction->Read(table);
  LUMA_ASSERT_OK(Append(*transaction, table, {{3, std::nullopt}}));
  LUMA_ASSERT_OK(DeleteKey(*transaction, table, 1));
  EXPECT_THAT(ReadRows(*earlier), ElementsAre(TestRow{1, "a"}, TestRow{2, "b"}));
  EXPECT_THAT(Rows(*transaction, table), ElementsAre(TestRow{2, "b"}, TestRow{3, std::nullopt}));
}

TEST_F(EngineTest, OfTwoThatDeleteARowTheFirstWins) {
  const ObjectId table = CreateTable({.has_key = false});
  Insert(table, {{1, "a"}});
  auto first = engine_->Begin();
  auto second = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*first, table, 1));
  LUMA_ASSERT_OK(DeleteKey(*second, table, 1));
  LUMA_ASSERT_OK(Append(*second, table, {{1, "lost update"}}));
  LUMA_ASSERT_OK(first->Commit());
  EXPECT_EQ(second->Commit().code(), StatusCode::kConflict);
  EXPECT_THAT(Rows(table), IsEmpty());
}

TEST_F(EngineTest, DeletingARowThatALaterCommitDeletedConflictsAtOnce) {
  const ObjectId table = CreateTable({.has_key = false});
  Insert(table, {{1, "a"}});
  auto late = engine_->Begin();
  auto first = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*first, table, 1));
  LUMA_ASSERT_OK(first->Commit());
  EXPECT_EQ(DeleteKey(*late, table, 1).status().code(), StatusCode::kConflict);
}

TEST_F(EngineTest, ChangesOfDifferentRowsDoNotConflict) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}, {2, "b"}});
  auto first = engine_->Begin();
  auto second = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*first, table, 1));
  LUMA_ASSERT_OK(DeleteKey(*second, table, 2));
  LUMA_ASSERT_OK(Append(*second, table, {{3, "c"}}));
  LUMA_ASSERT_OK(first->Commit());
  LUMA_ASSERT_OK(second->Commit());
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{3, "c"}));
}

TEST_F(EngineTest, ARowNamedTwiceIsDeletedOnce) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}, {2, "b"}});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{3, "c"}}));
  std::vector<RowId> ids;
  for (const auto& [id, row] : ReadRowsById(**transaction->Read(table))) {
    ids.push_back(id);
    ids.push_back(id);
  }
  EXPECT_EQ(*transaction->Delete(table, ids), 3);
  EXPECT_EQ(*transaction->Delete(table, ids), 0);
}

// ---- truncate

TEST_F(EngineTest, TruncateRemovesAllRowsAndKeepsWhatFollows) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{2, "b"}}));
  LUMA_ASSERT_OK(transaction->Truncate(table));
  LUMA_ASSERT_OK(Append(*transaction, table, {{1, "again"}}));
  EXPECT_THAT(Rows(*transaction, table), ElementsAre(TestRow{1, "again"}));
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "again"}));
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "again"}));
}

TEST_F(EngineTest, TruncateConflictsWithAConcurrentAppend) {
  const ObjectId table = CreateTable();
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(transaction->Truncate(table));
  Insert(table, {{1, "a"}});
  EXPECT_EQ(transaction->Commit().code(), StatusCode::kConflict);
}

// ---- constraints

TEST_F(EngineTest, DuplicateKeysAreRefusedAtTheStatement) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  auto transaction = engine_->Begin();
  const Status duplicate = Append(*transaction, table, {{2, "b"}, {1, "c"}});
  EXPECT_EQ(duplicate.code(), StatusCode::kUniqueViolation);
  EXPECT_EQ(duplicate.message(), "duplicate key value violates unique constraint \"t_pkey\"");
  EXPECT_EQ(Append(*transaction, table, {{3, "b"}, {3, "c"}}).code(), StatusCode::kUniqueViolation);
  LUMA_EXPECT_OK(Append(*transaction, table, {{2, "rows of a failed statement are gone"}}));
  EXPECT_EQ(Append(*transaction, table, {{2, "own row"}}).code(), StatusCode::kUniqueViolation);
}

TEST_F(EngineTest, ADeletedKeyMayBeInsertedAgain) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  for (int i = 0; i < 3000; ++i) {
    auto transaction = engine_->Begin();
    LUMA_ASSERT_OK(DeleteKey(*transaction, table, 1));
    LUMA_ASSERT_OK(Append(*transaction, table, {{1, std::to_string(i)}}));
    LUMA_ASSERT_OK(transaction->Commit());
  }
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "2999"}));
}

TEST_F(EngineTest, OfTwoThatInsertAKeyTheFirstWins) {
  const ObjectId table = CreateTable();
  auto first = engine_->Begin();
  auto second = engine_->Begin();
  LUMA_ASSERT_OK(Append(*first, table, {{1, "a"}}));
  LUMA_ASSERT_OK(Append(*second, table, {{1, "b"}}));
  LUMA_ASSERT_OK(first->Commit());
  EXPECT_EQ(second->Commit().code(), StatusCode::kUniqueViolation);
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}));
}

TEST_F(EngineTest, NullsInAPrimaryKeyAreRefused) {
  const ObjectId table = CreateTable();
  auto transaction = engine_->Begin();
  EXPECT_EQ(Append(*transaction, table, {{std::nullopt, "a"}}).code(),
            StatusCode::kNotNullViolation);
}

TEST_F(EngineTest, NullsInAUniqueKeyNeverConflict) {
  CatalogObject object = TestTable({.has_key = false});
  TableSchema schema = *object.table;
  schema.uniques.push_back({"t_text_key", {ColumnId{2}}, false});
  object.table = std::make_shared<const TableSchema>(schema);
  auto ddl = engine_->Begin();
  const ObjectId table = *ddl->CreateObject(object);
  LUMA_ASSERT_OK(ddl->Commit());
  Insert(table, {{1, std::nullopt}, {2, std::nullopt}, {3, "x"}});
  Insert(table, {{4, std::nullopt}});
  auto transaction = engine_->Begin();
  EXPECT_EQ(Append(*transaction, table, {{5, "x"}}).code(), StatusCode::kUniqueViolation);
}

TEST_F(EngineTest, FindKeysSeesWhatTheTransactionSees) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}, {2, "b"}, {3, "c"}});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*transaction, table, 2));
  LUMA_ASSERT_OK(Append(*transaction, table, {{4, "own"}}));
  Insert(table, {{5, "later"}});

  const TestColumns wanted({{4, ""}, {2, ""}, {1, ""}, {5, ""}, {std::nullopt, ""}});
  const auto found = *transaction->FindKeys(table, 0, wanted.keys());
  EXPECT_EQ(found[0], MakeRowId(kTransactionRunId, 0));
  EXPECT_EQ(found[1], std::nullopt);
  EXPECT_EQ(found[2], IdsOfKey(**transaction->Read(table), 1)[0]);
  EXPECT_EQ(found[3], std::nullopt);
  EXPECT_EQ(found[4], std::nullopt);
}

TEST_F(EngineTest, AnOldSnapshotFindsKeysThatAreGoneSince) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  auto old = engine_->Begin();
  auto deleter = engine_->Begin();
  LUMA_ASSERT_OK(DeleteKey(*deleter, table, 1));
  LUMA_ASSERT_OK(deleter->Commit());
  Insert(table, {{1, "again"}});
  const TestColumns wanted({{1, ""}});
  EXPECT_EQ((*old->FindKeys(table, 0, wanted.keys()))[0], IdsOfKey(**old->Read(table), 1)[0]);
}

// ---- definitions

TEST_F(EngineTest, DefinitionsRollBack) {
  auto transaction = engine_->Begin();
  const ObjectId table = *transaction->CreateObject(TestTable());
  LUMA_ASSERT_OK(Append(*transaction, table, {{1, "a"}}));
  EXPECT_THAT(Rows(*transaction, table), ElementsAre(TestRow{1, "a"}));
  transaction->Rollback();
  EXPECT_EQ(engine_->Read(table).status().code(), StatusCode::kNotFound);
  EXPECT_EQ(engine_->Begin()->Catalog().Find(table), nullptr);
}

TEST_F(EngineTest, CreateAndFillIsOneCommit) {
  auto transaction = engine_->Begin();
  const ObjectId table = *transaction->CreateObject(TestTable());
  LUMA_ASSERT_OK(Append(*transaction, table, {{1, "a"}}));
  EXPECT_EQ(Append(*transaction, table, {{1, "b"}}).code(), StatusCode::kUniqueViolation);
  LUMA_ASSERT_OK(transaction->Commit());
  Reopen();
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}));
}

TEST_F(EngineTest, OfTwoThatTakeANameTheFirstWins) {
  auto first = engine_->Begin();
  auto second = engine_->Begin();
  LUMA_ASSERT_OK(first->CreateObject(TestTable()));
  LUMA_ASSERT_OK(second->CreateObject(TestTable()));
  LUMA_ASSERT_OK(first->Commit());
  EXPECT_EQ(second->Commit().code(), StatusCode::kConflict);
}

TEST_F(EngineTest, RowsForATableThatIsDroppedMeanwhileConflict) {
  const ObjectId table = CreateTable();
  auto writer = engine_->Begin();
  LUMA_ASSERT_OK(Append(*writer, table, {{1, "a"}}));
  auto dropper = engine_->Begin();
  LUMA_ASSERT_OK(dropper->DropObject(table));
  LUMA_ASSERT_OK(dropper->Commit());
  EXPECT_EQ(writer->Commit().code(), StatusCode::kConflict);
}

TEST_F(EngineTest, AddedAndDroppedColumnsReadOverOldRuns) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{2, "own"}}));
  CatalogObject altered = *transaction->Catalog().Find(table);
  TableSchema schema = *altered.table;
  schema.columns.erase(schema.columns.begin() + 1);
  ColumnSchema added;
  added.id = ColumnId{schema.next_column_id++};
  added.name = "added";
  added.physical_type = PhysicalType::kBytes;
  added.missing_value = Value::Text("what old rows say, at length");
  schema.columns.push_back(added);
  altered.table = std::make_shared<const TableSchema>(schema);
  LUMA_ASSERT_OK(transaction->AlterObject(altered));
  LUMA_ASSERT_OK(Append(*transaction, table, {{3, "new"}}));
  const auto expected = ElementsAre(TestRow{1, "what old rows say, at length"},
                                    TestRow{2, "what old rows say, at length"}, TestRow{3, "new"});
  EXPECT_THAT(Rows(*transaction, table), expected);
  LUMA_ASSERT_OK(transaction->Commit());
  EXPECT_THAT(Rows(table), expected);
  Reopen();
  EXPECT_THAT(Rows(table), expected);
}

TEST_F(EngineTest, AddingAConstraintChecksRowsAndConflictsWithNewOnes) {
  const ObjectId table = CreateTable({.has_key = false});
  Insert(table, {{1, "a"}, {2, "b"}});
  const auto add_key = [&](Transaction& transaction) {
    CatalogObject altered = *transaction.Catalog().Find(table);
    TableSchema schema = *altered.table;
    schema.uniques.push_back({"added", {ColumnId{1}}, true});
    altered.table = std::make_shared<const TableSchema>(schema);
    return transaction.AlterObject(altered);
  };
  auto concurrent = engine_->Begin();
  LUMA_ASSERT_OK(add_key(*concurrent));
  Insert(table, {{1, "duplicate"}});
  EXPECT_EQ(concurrent->Commit().code(), StatusCode::kConflict);

  auto refused = engine_->Begin();
  EXPECT_EQ(add_key(*refused).code(), StatusCode::kUniqueViolation);
  LUMA_ASSERT_OK(refused->Delete(table, {{IdsOfKey(**refused->Read(table), 1)[0]}}));
  LUMA_ASSERT_OK(add_key(*refused));
  EXPECT_EQ(Append(*refused, table, {{2, "c"}}).code(), StatusCode::kUniqueViolation);
  LUMA_ASSERT_OK(refused->Commit());
  auto after = engine_->Begin();
  EXPECT_EQ(Append(*after, table, {{2, "c"}}).code(), StatusCode::kUniqueViolation);
}

// ---- sequences

TEST_F(EngineTest, SequencesNeverRepeatAndSurviveAReopen) {
  CatalogObject object;
  object.schema_id = kPublicSchemaId;
  object.kind = ObjectKind::kSequence;
  object.name = "s";
  auto ddl = engine_->Begin();
  const ObjectId sequence = *ddl->CreateObject(object);
  EXPECT_EQ(*ddl->NextValue(sequence), 1);
  LUMA_ASSERT_OK(ddl->Commit());
  auto transaction = engine_->Begin();
  EXPECT_EQ(*transaction->NextValue(sequence), 2);
  EXPECT_EQ(*transaction->CurrentValue(sequence), 2);
  transaction->Rollback();
  Reopen();
  auto later = engine_->Begin();
  EXPECT_EQ(later->CurrentValue(sequence).status().sqlstate(), "55000");
  EXPECT_EQ(*later->NextValue(sequence), 3);
  LUMA_ASSERT_OK(later->SetValue(sequence, 100, false));
  EXPECT_EQ(*later->NextValue(sequence), 100);
  EXPECT_EQ(later->SetValue(sequence, 0, true).code(), StatusCode::kOutOfRange);
}

// ---- durability

TEST_F(EngineTest, AReopenedDatabaseIsEqual) {
  const ObjectId table = CreateTable();
  std::vector<TestRow> rows;
  for (int64_t i = 0; i < 1000; ++i) {
    rows.push_back({i, i % 7 == 0 ? std::nullopt : std::optional(std::string(i % 40, 'x'))});
  }
  Insert(table, rows);
  auto transaction = engine_->Begin();
  for (int64_t i = 0; i < 1000; i += 3) LUMA_ASSERT_OK(DeleteKey(*transaction, table, i));
  LUMA_ASSERT_OK(transaction->Commit());
  const auto before = Rows(table);
  const CommitNumber commit = engine_->Stats().last_commit;
  for (int i = 0; i < 3; ++i) {
    Reopen();
    EXPECT_EQ(Rows(table), before);
    EXPECT_EQ(engine_->Stats().last_commit, commit);
  }
  Insert(table, {{1000, "more"}});
  EXPECT_EQ(Rows(table).size(), before.size() + 1);
  auto duplicate = engine_->Begin();
  EXPECT_EQ(Append(*duplicate, table, {{1, "x"}}).code(), StatusCode::kUniqueViolation);
}

TEST_F(EngineTest, CommitAsyncAnswersOnceDurable) {
  const ObjectId table = CreateTable();
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{1, "a"}}));
  std::promise<Status> done;
  transaction->CommitAsync([&](const Status& status) { done.set_value(status); });
  transaction.reset();
  LUMA_EXPECT_OK(done.get_future().get());
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}));
}

TEST_F(EngineTest, TheDirectoryBelongsToOneEngine) {
  EXPECT_EQ(MultiTierStorage::Open({.data_dir = "/data"}, disk_, clock_).status().code(),
            StatusCode::kUnavailable);
}

TEST_F(EngineTest, AfterClosingWritesAreRefused) {
  const ObjectId table = CreateTable();
  LUMA_ASSERT_OK(engine_->Close());
  LUMA_ASSERT_OK(engine_->Close());
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{1, "a"}}));
  EXPECT_EQ(transaction->Commit().code(), StatusCode::kUnavailable);
  EXPECT_FALSE(engine_->Stats().poisoned);
}

TEST_F(EngineTest, APoisonedLogRefusesWritesAndServesReads) {
  const ObjectId table = CreateTable();
  Insert(table, {{1, "a"}});
  disk_.SetFault(io::SimFault{.step = disk_.steps(), .forever = true});
  auto transaction = engine_->Begin();
  LUMA_ASSERT_OK(Append(*transaction, table, {{2, "b"}}));
  EXPECT_EQ(transaction->Commit().code(), StatusCode::kIoError);
  EXPECT_TRUE(engine_->Stats().poisoned);
  EXPECT_THAT(Rows(table), ElementsAre(TestRow{1, "a"}));
}

TEST_F(EngineTest, AFullBudgetRefusesRowsAndRecovers) {
  const ObjectId table = CreateTable();
  engine_->budget().SetLimit(engine_->budget().booked_bytes() + 1000);
  auto transaction = engine_->Begin();
  EXPECT_EQ(Append(*transaction, table, {{1, "a"}}).code(), StatusCode::kOutOfMemory);
  engine_->budget().SetLimit(engine_->budget().booked_bytes() + (1 << 20));
  LUMA_EXPECT_OK(Append(*transaction, table, {{1, "a"}}));
  LUMA_EXPECT_OK(transaction->Commit());
  EXPECT_EQ(engine_->budget().booked_bytes(BudgetUse::kTransactions), 0);
}

}  // namespace
}  // namespace luma::storage
