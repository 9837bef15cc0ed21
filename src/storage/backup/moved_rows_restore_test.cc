// Restores to a point in time across deletes of rows that flushes and merges had moved.
// Goal: the database at every commit since the first backup comes back as it was seen.
// Method: histories in which rows come in descending order, so that each flush moves them, are
// remembered whole after every commit; each commit is restored from the first backup alone.
#include <bit>
#include <cmath>
#include <future>
#include <random>

#include "encoding/testing/test_seed.h"
#include "storage/deleted_rows.h"
#include "storage/metrics/metrics_store.h"
#include "storage/testing/restore_every_commit.h"

namespace luma::storage {
namespace {

using testing::HasSubstr;

class MovedRowsRestoreTest : public RestoreEveryCommitTest {
 protected:
  // Each a flush of its own.
  void InsertDescending(ObjectId table, int64_t from, int64_t to, const std::string& text) {
    for (int64_t key = from; key >= to; key -= 2) {
      Insert(table, {{std::to_string(key), text}, {std::to_string(key - 1), text}});
      Flush();
    }
  }
};

TEST_F(MovedRowsRestoreTest, DeletesAndUpdatesOfATableWithAKey) {
  const ObjectId table = Create(TestTable({.sorted = true}));
  InsertDescending(table, 20, 11, "before the backup");
  Backup();
  Delete(table, FirstIs(15));  // where it was in the backup
  InsertDescending(table, 10, 1, "after the backup");
  Merge();
  Delete(table, FirstIs(20));
  Replace(table, FirstIs(14), {{"14", "updated"}});
  Replace(table, FirstIs(3), {{"3", "updated"}});
  Flush();
  Replace(table, FirstIs(14), {{"14", "updated twice, in more than twelve bytes"}});
  Insert(table, {{"20", "again"}});
  Merge();
  Replace(table, FirstIs(14), {{"14", "before the backup"}});  // as it was once
  Delete(table, FirstIs(20));
  Insert(table, {{"20", "again"}, {"15", "again"}});
  Restart();
  Flush();
  Merge();
  Delete(table, [](const TextRow& row) { return row[1] == "before the backup"; });
  Delete(table, FirstIs(20));
  EXPECT_GT(states_.size(), 15u);
  ExpectEveryCommitComesBack();
}

TEST_F(MovedRowsRestoreTest, UniqueIndexesAreRightAfterwards) {
  const ObjectId table = Create(TestTable({.sorted = true}));
  InsertDescending(table, 10, 5, "first");
  Backup();
  InsertDescending(table, 4, 1, "second");
  Merge();
  Delete(table, FirstIs(7));
  Replace(table, FirstIs(2), {{"2", "updated"}});
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  LUMA_ASSERT_OK(RestoreTo(LastLsn()));
  const auto engine = OpenRestored(restored_disk_);
  ASSERT_TRUE(engine.ok()) << engine.status();
  for (const int64_t key : {1, 2, 5, 7, 10}) {
    const auto transaction = (*engine)->Begin();
    const Status inserted = AppendTextRows(*transaction, table, {{std::to_string(key), "again"}});
    EXPECT_EQ(inserted.code(), key == 7 ? StatusCode::kOk : StatusCode::kUniqueViolation) << key;
    transaction->Rollback();
  }
}

// Goal: what the first start has found stays so when a later flush takes a part of the runs only.
TEST_F(MovedRowsRestoreTest, ALaterRecoveryDoesNotBringTheRowsBack) {
  const ObjectId table = Create(TestTable({.has_key = false, .sorted = true}));
  Backup();
  InsertDescending(table, 8, 1, "same");  // four runs, which are in memory after the restore
  Delete(table, FirstIs(1));
  Delete(table, FirstIs(8));
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  LUMA_ASSERT_OK(RestoreTo(LastLsn()));
  for (int start = 0; start < 3; ++start) {
    const auto engine = OpenRestored(restored_disk_);
    ASSERT_TRUE(engine.ok()) << engine.status();
    ASSERT_EQ(ReadDatabase(**engine), states_.rbegin()->second);
    LUMA_ASSERT_OK((*engine)->FlushSealed());
  }
}

TEST_F(MovedRowsRestoreTest, RowsOfABagThatAreEqualOrNearlySo) {
  const ObjectId table = Create(TestTable({.has_key = false, .sorted = true}));
  const TextRow null_text{"5", std::nullopt};
  const TextRow empty_text{"5", ""};
  const TextRow all_null{std::nullopt, std::nullopt};
  const std::string long_text(5'000, 'x');
  Insert(table, {{"9", long_text}, {"8", "same"}, {"8", "same"}, null_text, empty_text});
  Backup();
  for (int round = 0; round < 3; ++round) {
    Insert(table, {{"9", long_text + "y"}, {"8", "same"}, all_null, null_text, empty_text});
    Flush();
  }
  Merge();
  const auto is_same = [](const TextRow& row) { return row[1] == "same"; };
  EXPECT_EQ(Delete(table, is_same, 2), 2u);
  EXPECT_EQ(Delete(table, [](const TextRow& row) { return row[1] == ""; }, 1), 1u);
  EXPECT_EQ(Delete(table, [](const TextRow& row) { return !row[0]; }, 2), 2u);
  Insert(table, {{"8", "same"}, {"9", long_text}});
  EXPECT_EQ(Delete(table, is_same, 2), 2u);
  Flush();
  Merge();
  EXPECT_EQ(Delete(table, is_same), 2u);
  EXPECT_EQ(Delete(table, [&](const TextRow& row) { return row[1] == long_text; }, 1), 1u);
  EXPECT_EQ(Delete(table, [](const TextRow& row) { return !row[1]; }, 3), 3u);
  ExpectEveryCommitComesBack();
}

TEST_F(MovedRowsRestoreTest, TruncatesAndDropsTakeWithThemWhatWasDeletedBefore) {
  const ObjectId table = Create(TestTable({.sorted = true}));
  const ObjectId other = Create(TestTable({.name = "other", .has_key = false, .sorted = true}));
  Backup();
  for (const ObjectId id : {table, other}) InsertDescending(id, 8, 1, "first");
  Merge();
  for (const ObjectId id : {table, other}) Delete(id, FirstIs(4));
  Commit([&](Transaction& transaction) {
    LUMA_ASSERT_OK(transaction.Truncate(table));
    LUMA_ASSERT_OK(AppendTextRows(transaction, table, {{"4", "second"}, {"3", "second"}}));
  });
  Flush();
  Delete(table, FirstIs(4));
  Commit([&](Transaction& transaction) { LUMA_ASSERT_OK(transaction.DropObject(other)); });
  Insert(table, {{"4", "third"}});
  ExpectEveryCommitComesBack();
}

TEST_F(MovedRowsRestoreTest, ColumnsThatCameAndWentBetweenTheDeleteAndTheTarget) {
  const ObjectId table = Create(TestTable({.has_key = false, .sorted = true}));
  InsertDescending(table, 20, 13, "two columns");
  Backup();
  InsertDescending(table, 12, 9, "two columns");
  Merge();
  Delete(table, FirstIs(20));
  const int64_t five = 5;
  ChangeColumns(table, [&](TableSchema& schema) {
    ColumnSchema added = schema.columns[0];
    added.id = ColumnId{3};
    added.name = "added";
    added.missing_value = Value::Fixed(PhysicalType::kInt64, &five);
    schema.columns.push_back(added);
    schema.next_column_id = 4;
  });
  Delete(table, FirstIs(19));  // by the default of a column that its run lacks
  Insert(table, {{"8", "three", "5"}, {"7", "three", std::nullopt}, {"7", "three", "6"}});
  Flush();
  Merge();
  Delete(table, FirstIs(18));
  Delete(table, FirstIs(7), 1);
  Delete(table, [](const TextRow& row) { return row[0] == "8" && row[2] == "5"; });
  ChangeColumns(table,
                [](TableSchema& schema) { schema.columns.erase(schema.columns.begin() + 1); });
  Delete(table, FirstIs(17));  // rows that differ in the dropped column only are the same now
  Insert(table, {{"17", "5"}});
  Flush();
  Merge();
  Delete(table, FirstIs(17));
  ChangeColumns(table, [](TableSchema& schema) { schema.columns.pop_back(); });
  Delete(table, FirstIs(16));
  ExpectEveryCommitComesBack();
}

// Goal: what a delete names is what the rows were before its own transaction changed the table.
TEST_F(MovedRowsRestoreTest, ATransactionThatDeletesDoublesAndAddsAKey) {
  const ObjectId table = Create(TestTable({.has_key = false, .sorted = true}));
  Insert(table, {{"3", "keep"}, {"2", "keep"}, {"2", "drop"}, {"1", "keep"}, {"1", "drop"}});
  Backup();
  InsertDescending(table, 20, 13, "more");
  Merge();
  Commit([&](Transaction& transaction) {
    const auto drop =
        Where(transaction, table, [](const TextRow& row) { return row[1] == "drop"; });
    LUMA_ASSERT_OK(transaction.Delete(table, drop));
    CatalogObject object = *transaction.Catalog().Find(table);
    TableSchema schema = *object.table;
    schema.uniques.push_back({"t_pkey", {ColumnId{1}}, true});
    object.table = std::make_shared<const TableSchema>(std::move(schema));
    LUMA_ASSERT_OK(transaction.AlterObject(std::move(object)));
  });
  Replace(table, FirstIs(2), {{"2", "drop"}});
  Flush();
  Delete(table, FirstIs(2));
  ExpectEveryCommitComesBack();
}

TEST_F(MovedRowsRestoreTest, RowsOfColdRunsAndValuesThatAreEqualInOrderOnly) {
  const ObjectId table = Create(ReadingsTable());
  const UnixMillis old = clock_.NowMillis() - 48 * kHourMillis;
  const auto reading = [&](int64_t minute, double value) {
    return TextRow{"1", std::to_string(old + minute * 60'000),
                   std::to_string(std::bit_cast<int64_t>(value)), "note"};
  };
  const double other_nan = std::bit_cast<double>(0x7ff0000000000002);
  Insert(table, {reading(9, 0.0), reading(8, 1.5), reading(8, NAN), reading(8, other_nan)});
  Backup();
  Insert(table, {reading(9, -0.0), reading(8, 1.5), reading(7, NAN), reading(6, 3.25)});
  Flush();
  Merge();
  MoveCold();
  ASSERT_EQ(engine_->Report().cold.rows, 8u);
  const auto value_is = [](double value) {
    return [bits = std::to_string(std::bit_cast<int64_t>(value))](const TextRow& row) {
      return row[2] == bits;
    };
  };
  EXPECT_EQ(Delete(table, value_is(-0.0)), 1u);
  EXPECT_EQ(Delete(table, value_is(other_nan)), 1u);
  EXPECT_EQ(Delete(table, value_is(1.5), 1), 1u);
  EXPECT_EQ(Delete(table, value_is(NAN), 1), 1u);
  ExpectEveryCommitComesBack();
  // From a backup whose runs are cold already.
  first_ = MustBackup().backup.Id();
  states_.clear();
  Insert(table, {reading(10, 4), reading(5, 4)});
  Flush();
  MoveCold();
  EXPECT_EQ(Delete(table, value_is(3.25)), 1u);
  EXPECT_EQ(Delete(table, value_is(0.0)), 1u);
  ExpectEveryCommitComesBack();
}

// ---- metrics

class MovedSamplesRestoreTest : public RestoreEveryCommitTest {
 protected:
  MovedSamplesRestoreTest() { OpenMetrics(); }
  ~MovedSamplesRestoreTest() override { metrics_.reset(); }
  void OpenMetrics() {
    auto opened = MetricsStore::Open(*engine_, MetricsOptions());
    ASSERT_TRUE(opened.ok()) << opened.status();
    metrics_ = std::move(opened).value();
  }
  void Write(const std::string& instance, UnixMillis at, double value) {
    SeriesBatch batch;
    std::vector<LabelRef> refs{{"__name__", "m"}, {"instance", instance}};
    batch.StartSeries(*Labels::Of(std::move(refs)));
    batch.AddSample({at, value});
    std::promise<Status> done;
    metrics_->Write(batch, [&](Result<WriteSummary> result) { done.set_value(result.status()); });
    LUMA_ASSERT_OK(done.get_future().get());
    Remember();
  }

  std::unique_ptr<MetricsStore> metrics_;
};

TEST_F(MovedSamplesRestoreTest, LateDuplicatesDeletesAndDownsampling) {
  const UnixMillis start = clock_.NowMillis() - 6 * kHourMillis;
  const auto minute = [&](int number) { return start + number * 60'000; };
  for (int i = 0; i < 4; ++i) {
    for (const char* instance : {"b", "a"}) Write(instance, minute(10 * i), i);
  }
  Backup();
  for (int i = 4; i < 8; ++i) {
    for (const char* instance : {"b", "a"}) Write(instance, minute(10 * i), i);
    Flush();
  }
  Merge();
  Write("a", minute(10), 100);  // replaces a sample of the backup
  Write("b", minute(50), 101);  // and one that is younger
  Write("a", minute(10), 1);    // as it was
  Flush();
  Merge();
  Write("a", minute(10), 102);
  const std::vector<Matchers> only_b{{*Matcher::Create("instance", MatchOp::kEqual, "b")}};
  LUMA_ASSERT_OK(metrics_->DeleteSamples(only_b, {minute(15), minute(35)}));
  Remember();
  metrics_->SetDownsampling({{.match_text = "",
                              .match = {},
                              .after = std::chrono::hours(2),
                              .resolution = std::chrono::minutes(30)}},
                            std::chrono::minutes(10));
  for (int pass = 0; pass < 12; ++pass) {
    LUMA_ASSERT_OK(metrics_->Downsample());
    Remember();
  }
  ASSERT_GT((*engine_->Read(kRollupsTableId))->VisibleRowCount(), 0u);
  Flush();
  Merge();
  Write("a", minute(12), 7);  // late: its rollup is made again
  Flush();
  for (int pass = 0; pass < 12; ++pass) {
    LUMA_ASSERT_OK(metrics_->Downsample());
    Remember();
  }
  LUMA_ASSERT_OK(metrics_->DeleteSamples(only_b, {}));  // the series goes, too
  Remember();
  EXPECT_GT(states_.size(), 14u);
  ExpectEveryCommitComesBack();
}

// ---- what cannot be restored

// Goal: without contents a delete of a row that a flush or a merge has moved is refused, and never
// deletes another row. Method: an archive of a server that was started without one, so that it
// wrote none; deletes before and after a flush and a merge.
TEST_F(MovedRowsRestoreTest, DeletesThatDoNotSayWhatTheRowsHeldAreRefused) {
  options_.hold_log = false;
  Restart();
  const ObjectId table = Create(TestTable({.sorted = true}));
  Backup();
  Insert(table, {{"20", "a"}, {"19", "b"}, {"18", "c"}});
  Delete(table, FirstIs(19));
  const Lsn before_flush = LastLsn();
  Flush();
  Delete(table, FirstIs(20));
  const Lsn after_flush = LastLsn();
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  ExpectRestored(before_flush, states_[before_flush]);
  const Status refused = RestoreTo(after_flush).status();
  EXPECT_EQ(refused.code(), StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(refused.hint()), HasSubstr(std::to_string(ToNumber(before_flush))));
  first_ = MustBackup().backup.Id();
  ExpectRestored(after_flush, states_[after_flush]);
  Insert(table, {{"5", "d"}});
  Flush();
  Merge();
  Delete(table, FirstIs(18));
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  EXPECT_EQ(RestoreTo(LastLsn()).status().code(), StatusCode::kOutOfRange);
  // From now on with contents.
  options_.hold_log = true;
  Restart();
  first_ = MustBackup().backup.Id();
  states_.clear();
  Insert(table, {{"4", "e"}});
  Flush();
  Merge();
  Delete(table, FirstIs(5));
  ExpectEveryCommitComesBack();
}

// Goal: a commit whose deletes cannot say what the rows held, for want of memory, is made all the
// same; a restore gets up to it, not across it, and across it from a later backup.
TEST_F(MovedRowsRestoreTest, ACommitThatGoesWithoutContentsIsWhereARestoreStops) {
  const ObjectId table = Create(TestTable({.sorted = true}));
  Backup();
  InsertDescending(table, 20, 1, "text");
  const Lsn before = LastLsn();
  const uint64_t warnings = CommitsWithoutContents().Value();
  const auto transaction = engine_->Begin();
  const auto any = [](const TextRow&) { return true; };
  LUMA_ASSERT_OK(transaction->Delete(table, Where(*transaction, table, any)));
  engine_->budget().RefuseBooking(2, true);
  const Status committed = transaction->Commit();
  engine_->budget().RefuseBooking(0);
  LUMA_ASSERT_OK(committed);
  EXPECT_EQ(CommitsWithoutContents().Value(), warnings + 1);  // of ten runs
  Remember();
  LUMA_ASSERT_OK(archive_->ArchiveOnce());
  ExpectRestored(before, states_[before]);
  const Status refused = RestoreTo(LastLsn()).status();
  EXPECT_EQ(refused.code(), StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(refused.hint()), HasSubstr(std::to_string(ToNumber(before))));
  first_ = MustBackup().backup.Id();
  ExpectRestored(LastLsn(), states_[LastLsn()]);
}

// ---- any history

class RandomHistory : public MovedRowsRestoreTest {
 protected:
  void Step() {
    const ObjectId table = tables_[random_() % tables_.size()];
    switch (random_() % 12) {
      case 0:
        return Flush();
      case 1:
        LUMA_ASSERT_OK(engine_->FlushSealed());
        return;
      case 2:
        return Merge();
      case 3:
        return random_() % 8 == 0 ? Restart() : Flush();
      case 4:
        return Truncate(table);
      default:
        return Change(table);
    }
  }
  void Truncate(ObjectId table) {
    if (random_() % 4 != 0) return;
    Commit([&](Transaction& transaction) { LUMA_ASSERT_OK(transaction.Truncate(table)); });
  }
  // Deletes some rows and inserts some; keys of the first table are unique.
  void Change(ObjectId table) {
    Commit([&](Transaction& transaction) {
      std::vector<RowId> gone;
      std::set<std::string> keys;
      for (const auto& [id, row] : ReadTextRows(**transaction.Read(table))) {
        if (random_() % 5 == 0) {
          gone.push_back(id);
        } else {
          keys.insert(*row[0]);
        }
      }
      LUMA_ASSERT_OK(transaction.Delete(table, gone));
      std::vector<TextRow> rows;
      for (uint64_t i = random_() % 6; i > 0; --i) {
        const std::string key = std::to_string(random_() % 12);
        if (table == tables_[0] && !keys.insert(key).second) continue;
        rows.push_back({key, random_() % 3 == 0 ? std::nullopt
                                                : std::optional(std::string(random_() % 3, 'x'))});
      }
      if (!rows.empty()) LUMA_ASSERT_OK(AppendTextRows(transaction, table, rows));
    });
  }

  const uint64_t seed_ = encoding::testing::TestSeed();
  std::mt19937_64 random_{seed_};
  std::vector<ObjectId> tables_;
};

TEST_F(RandomHistory, ComesBackAtEveryCommit) {
  LUMA_TRACE_SEED(seed_);
  options_.run_rows_max = 8;  // so that some runs are sealed and flushed alone
  Restart();
  tables_ = {Create(TestTable({.name = "keyed", .sorted = true})),
             Create(TestTable({.name = "bag", .has_key = false, .sorted = true})),
             Create(TestTable({.name = "unsorted", .has_key = false}))};
  for (int step = 0; step < 10; ++step) Step();
  Backup();
  for (int step = 0; step < 120 && !HasFatalFailure(); ++step) Step();
  ExpectEveryCommitComesBack();
}

}  // namespace
}  // namespace luma::storage
