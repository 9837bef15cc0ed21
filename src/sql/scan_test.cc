// Scans over many blocks: filters, deleted rows, segment files, changes of the own transaction.
#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

class ScanTest : public SqlTest {
 protected:
  static constexpr int kRows = 300'000;

  ScanTest() {
    Run("CREATE TABLE t (id INTEGER, v DOUBLE, label VARCHAR, maybe INTEGER)");
    Run("INSERT INTO t SELECT i, i / 2.0, 'label ' || (i % 7), "
        "CASE WHEN i % 3 = 0 THEN NULL ELSE i END FROM range(" +
        std::to_string(kRows) + ") r(i)");
  }
  void ExpectAnswers() {
    EXPECT_EQ(Query("SELECT count(*), sum(id), count(maybe) FROM t"),
              (Rows{{"300000", "44999850000", "200000"}}));
    EXPECT_EQ(Query("SELECT count(*) FROM t WHERE id BETWEEN 1000 AND 1999"), (Rows{{"1000"}}));
    EXPECT_EQ(Query("SELECT id FROM t WHERE id IN (5, 70000, 299999) ORDER BY id"),
              (Rows{{"5"}, {"70000"}, {"299999"}}));
    EXPECT_EQ(Query("SELECT label, count(*) FROM t WHERE label LIKE '%3' GROUP BY label"),
              (Rows{{"label 3", "42857"}}));
    EXPECT_EQ(Query("SELECT count(*) FROM t WHERE maybe IS NULL AND id < 30"), (Rows{{"10"}}));
    EXPECT_EQ(Query("SELECT id FROM t ORDER BY v DESC LIMIT 2"), (Rows{{"299999"}, {"299998"}}));
    EXPECT_EQ(Query("SELECT count(*) FROM t WHERE id < 0"), (Rows{{"0"}}));
    EXPECT_EQ(Query("SELECT sum(t.id) FROM t JOIN (VALUES (1), (150000)) s(id) ON t.id = s.id"),
              (Rows{{"150001"}}));
  }
};

TEST_F(ScanTest, AnswersFromMemory) { ExpectAnswers(); }

TEST_F(ScanTest, AnswersFromSegmentFiles) {
  ASSERT_TRUE(test_.engine().Flush().ok());
  ExpectAnswers();
  Restart();
  ExpectAnswers();
}

TEST_F(ScanTest, AnswersFromBothAtOnce) {
  ASSERT_TRUE(test_.engine().Flush().ok());
  Run("INSERT INTO t VALUES (1000000, 1, 'new', 1)");
  EXPECT_EQ(Query("SELECT count(*), max(id) FROM t"), (Rows{{"300001", "1000000"}}));
}

TEST_F(ScanTest, DeletedRowsAreGoneInMemoryAndFiles) {
  Run("DELETE FROM t WHERE id % 2 = 0");
  EXPECT_EQ(Query("SELECT count(*), min(id) FROM t"), (Rows{{"150000", "1"}}));
  ASSERT_TRUE(test_.engine().Flush().ok());
  Run("DELETE FROM t WHERE id % 4 = 1");
  EXPECT_EQ(Query("SELECT count(*), min(id) FROM t"), (Rows{{"75000", "3"}}));
  Restart();
  EXPECT_EQ(Query("SELECT count(*), min(id) FROM t WHERE label <> ''"), (Rows{{"75000", "3"}}));
}

TEST_F(ScanTest, OwnChangesAreInTheNextStatement) {
  Run("BEGIN; DELETE FROM t WHERE id >= 10; INSERT INTO t VALUES (-1, 0, 'own', NULL)");
  EXPECT_EQ(Query("SELECT count(*), min(id) FROM t"), (Rows{{"11", "-1"}}));
  Run("UPDATE t SET label = 'own' WHERE id = 3");
  EXPECT_EQ(Query("SELECT id FROM t WHERE label = 'own' ORDER BY id"), (Rows{{"-1"}, {"3"}}));
  Run("ROLLBACK");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"300000"}}));
}

TEST_F(ScanTest, AStreamedResultOutlivesTheTable) {
  const auto statements = connection_->Parse("SELECT id, label FROM t");
  const auto stream = connection_->Execute(statements->at(0));
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto first = (*stream)->Next();
  ASSERT_TRUE(first.ok());
  Run(*test_.Connect(), "DELETE FROM t");
  ASSERT_TRUE(test_.engine().Flush().ok());
  const auto rest = ReadAll(**stream);
  ASSERT_TRUE(rest.ok()) << rest.status();
  EXPECT_EQ((*first)->row_count + rest->size(), size_t{kRows});
}

// A portal that its client closes early.
TEST_F(ScanTest, ADroppedStreamLeavesTheTransactionUsable) {
  const auto drop_stream = [&] {
    const auto statements = connection_->Parse("SELECT a.id FROM t a, t b");
    const auto stream = connection_->Execute(statements->at(0));
    ASSERT_TRUE(stream.ok()) << stream.status();
    EXPECT_TRUE((*stream)->Next().ok());
  };
  Run("BEGIN; INSERT INTO t VALUES (-1, 1, 'own', 1)");
  drop_stream();
  EXPECT_EQ(Query("SELECT min(id) FROM t"), (Rows{{"-1"}}));
  Run("COMMIT");
  drop_stream();
  EXPECT_EQ(Query("SELECT min(id) FROM t"), (Rows{{"-1"}}));
}

TEST_F(ScanTest, RowIdsFindTheirRows) {
  EXPECT_EQ(Query("SELECT count(*) FROM t a JOIN t b ON a.rowid = b.rowid WHERE a.id <> b.id"),
            (Rows{{"0"}}));
  EXPECT_EQ(Query("SELECT count(DISTINCT rowid) FROM t"), (Rows{{"300000"}}));
}

}  // namespace
}  // namespace luma::sql
