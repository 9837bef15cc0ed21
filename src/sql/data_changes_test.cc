// INSERT, UPDATE, DELETE, MERGE and what constraints make of them.
#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using DataChangesTest = SqlTest;

TEST_F(DataChangesTest, InsertFillsInDefaultsAndReturnsRows) {
  Run("CREATE TABLE t (a INTEGER DEFAULT 7, b VARCHAR, c INTEGER AS (a + 1))");
  EXPECT_EQ(Query("INSERT INTO t (b) VALUES ('x') RETURNING a, b, c"), (Rows{{"7", "x", "8"}}));
  Run("INSERT INTO t VALUES (DEFAULT, 'y')");
  EXPECT_EQ(Query("SELECT a, b FROM t ORDER BY b"), (Rows{{"7", "x"}, {"7", "y"}}));
  EXPECT_EQ(SqlState("INSERT INTO t (c) VALUES (1)"), "42601");
}

TEST_F(DataChangesTest, InsertFromTheSameTableReadsItAsItWas) {
  Run("CREATE TABLE t AS SELECT * FROM range(5000) r(i)");
  Run("INSERT INTO t SELECT i + 5000 FROM t");
  EXPECT_EQ(Query("SELECT count(*), max(i) FROM t"), (Rows{{"10000", "9999"}}));
}

TEST_F(DataChangesTest, UpdateKeepsWhatItDoesNotSet) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR, b INTEGER[])");
  Run("INSERT INTO t SELECT i, 'name number ' || i, [i] FROM range(3000) r(i)");
  Run("UPDATE t SET a = 'changed' WHERE id % 1000 = 5");
  EXPECT_EQ(
      Query("SELECT * FROM t WHERE a = 'changed' ORDER BY id"),
      (Rows{
          {"5", "changed", "{5}"}, {"1005", "changed", "{1005}"}, {"2005", "changed", "{2005}"}}));
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"3000"}}));
  EXPECT_EQ(Query("UPDATE t SET b = NULL WHERE id = 1 RETURNING *"),
            (Rows{{"1", "name number 1", "NULL"}}));
}

TEST_F(DataChangesTest, KeysMayShift) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t SELECT * FROM range(100)");
  Run("UPDATE t SET id = id + 1");
  EXPECT_EQ(Query("SELECT min(id), max(id), count(*) FROM t"), (Rows{{"1", "100", "100"}}));
  EXPECT_EQ(SqlState("UPDATE t SET id = 5 WHERE id = 6"), "23505");
}

TEST_F(DataChangesTest, ARowThatAJoinNamesTwiceIsChangedOnce) {
  Run("CREATE TABLE t (a INTEGER, b INTEGER); INSERT INTO t VALUES (1, 0), (2, 0)");
  Run("CREATE TABLE u (a INTEGER); INSERT INTO u VALUES (1), (1), (1)");
  Run("UPDATE t SET b = b + 1 FROM u WHERE t.a = u.a");
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY a"), (Rows{{"1", "1"}, {"2", "0"}}));
  Run("DELETE FROM t USING u WHERE t.a = u.a");
  EXPECT_EQ(Query("SELECT a FROM t"), (Rows{{"2"}}));
}

TEST_F(DataChangesTest, DeleteReturnsRowsAndTruncateEmpties) {
  Run("CREATE TABLE t (a INTEGER, b VARCHAR); INSERT INTO t VALUES (1, 'x'), (2, 'y'), (3, 'z')");
  EXPECT_EQ(Query("DELETE FROM t WHERE a = 2 RETURNING b"), (Rows{{"y"}}));
  EXPECT_EQ(Query("SELECT a FROM t ORDER BY a"), (Rows{{"1"}, {"3"}}));
  Run("TRUNCATE TABLE t RESTART IDENTITY CASCADE");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
}

TEST_F(DataChangesTest, OnConflictUpdatesOrDoesNothing) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 10)");
  Run("INSERT INTO t VALUES (1, 5), (2, 5) ON CONFLICT (id) DO UPDATE SET n = t.n + excluded.n");
  Run("INSERT INTO t VALUES (1, 0), (3, 30) ON CONFLICT DO NOTHING");
  Run("INSERT OR REPLACE INTO t VALUES (3, 31)");
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"), (Rows{{"1", "15"}, {"2", "5"}, {"3", "31"}}));
}

TEST_F(DataChangesTest, MergeInsertsUpdatesAndDeletes) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 1), (2, 2)");
  Run("MERGE INTO t USING (VALUES (1, 100), (2, NULL), (3, 300)) s(id, n) ON t.id = s.id "
      "WHEN MATCHED AND s.n IS NULL THEN DELETE "
      "WHEN MATCHED THEN UPDATE SET n = s.n "
      "WHEN NOT MATCHED THEN INSERT VALUES (s.id, s.n)");
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"), (Rows{{"1", "100"}, {"3", "300"}}));
}

TEST_F(DataChangesTest, ConstraintsHaveTheirSqlStatesAndLeaveNothingBehind) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, a INTEGER NOT NULL, b INTEGER UNIQUE,"
      " CHECK (a < 100))");
  Run("INSERT INTO t VALUES (1, 1, 1)");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (2, 2, 2), (1, 2, 3)"), "23505");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (2, 2, 1)"), "23505");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (2, NULL, 2)"), "23502");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (2, 100, 2)"), "23514");
  EXPECT_EQ(SqlState("UPDATE t SET a = 200"), "23514");
  Run("INSERT INTO t VALUES (2, 2, NULL), (3, 3, NULL)");
  EXPECT_EQ(Query("SELECT id FROM t ORDER BY id"), (Rows{{"1"}, {"2"}, {"3"}}));
}

TEST_F(DataChangesTest, ForeignKeysHoldInBothDirections) {
  Run("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
  Run("CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER REFERENCES parent(id))");
  Run("INSERT INTO parent VALUES (1), (2)");
  Run("INSERT INTO child VALUES (10, 1), (11, NULL)");
  EXPECT_EQ(SqlState("INSERT INTO child VALUES (12, 9)"), "23503");
  EXPECT_EQ(SqlState("UPDATE child SET p = 9 WHERE id = 10"), "23503");
  EXPECT_EQ(SqlState("DELETE FROM parent WHERE id = 1"), "23503");
  EXPECT_EQ(SqlState("UPDATE parent SET id = 5 WHERE id = 1"), "23503");
  EXPECT_EQ(SqlState("DROP TABLE parent"), "2BP01");
  Run("DELETE FROM parent WHERE id = 2");
  Restart();
  EXPECT_EQ(SqlState("DELETE FROM parent"), "23503");
  Run("DELETE FROM child WHERE p = 1; DELETE FROM parent");
  Run("DROP TABLE parent CASCADE");
  Run("INSERT INTO child VALUES (13, 77)");
}

TEST_F(DataChangesTest, ATableMayReferToItself) {
  Run("CREATE TABLE node (id INTEGER PRIMARY KEY, up INTEGER REFERENCES node(id))");
  Run("INSERT INTO node VALUES (1, 2), (2, NULL)");
  EXPECT_EQ(SqlState("INSERT INTO node VALUES (3, 4)"), "23503");
  EXPECT_EQ(SqlState("DELETE FROM node WHERE id = 2"), "23503");
  Run("DELETE FROM node");
}

TEST_F(DataChangesTest, AffectedRowsAreCounted) {
  Run("CREATE TABLE t (a INTEGER)");
  const auto affected = [&](const std::string& sql) {
    const auto statements = connection_->Parse(sql);
    const auto stream = connection_->Execute(statements->at(0));
    EXPECT_TRUE(stream.ok()) << stream.status();
    EXPECT_TRUE(ReadAll(**stream).ok());
    return (*stream)->affected_rows();
  };
  EXPECT_EQ(affected("INSERT INTO t SELECT * FROM range(10)"), 10u);
  EXPECT_EQ(affected("UPDATE t SET a = 0 WHERE a < 4"), 4u);
  EXPECT_EQ(affected("DELETE FROM t WHERE a = 0"), 4u);
  EXPECT_EQ(affected("SELECT * FROM t"), 6u);
  EXPECT_EQ(affected("CREATE TABLE u AS SELECT * FROM t"), 6u);
  EXPECT_EQ(affected("DROP TABLE u"), 0u);
}

}  // namespace
}  // namespace luma::sql
