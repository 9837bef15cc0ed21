#include <gmock/gmock.h>

#include <thread>
#include <vector>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

class TransactionsTest : public SqlTest {
 protected:
  TransactionsTest() : other_(test_.Connect()) {
    Run("CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO t VALUES (1, 10), (2, "
        "20)");
  }
  TransactionState state() const { return connection_->transaction_state(); }

  std::unique_ptr<Connection> other_;
};

TEST_F(TransactionsTest, ChangesAreSeenByOthersAfterTheCommit) {
  Run("START TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  Run("UPDATE t SET n = 11 WHERE id = 1");
  EXPECT_EQ(state(), TransactionState::kInTransaction);
  EXPECT_EQ(Query(*other_, "SELECT n FROM t WHERE id = 1"), (Rows{{"10"}}));
  Run("END");
  EXPECT_EQ(state(), TransactionState::kIdle);
  EXPECT_EQ(Query(*other_, "SELECT n FROM t WHERE id = 1"), (Rows{{"11"}}));
}

TEST_F(TransactionsTest, ASnapshotStaysAsItWas) {
  Run("BEGIN");
  EXPECT_EQ(Query("SELECT sum(n) FROM t"), (Rows{{"30"}}));
  Run(*other_, "INSERT INTO t VALUES (3, 30); DELETE FROM t WHERE id = 1");
  EXPECT_EQ(Query("SELECT sum(n) FROM t"), (Rows{{"30"}}));
  Run("COMMIT");
  EXPECT_EQ(Query("SELECT sum(n) FROM t"), (Rows{{"50"}}));
}

TEST_F(TransactionsTest, AnErrorFailsTheTransactionUntilItsEnd) {
  Run("BEGIN; INSERT INTO t VALUES (3, 30)");
  EXPECT_EQ(SqlState("SELECT * FROM nowhere"), "42P01");
  EXPECT_EQ(state(), TransactionState::kFailed);
  EXPECT_EQ(SqlState("SELECT 1"), "25P02");
  Run("COMMIT");
  EXPECT_EQ(state(), TransactionState::kIdle);
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"2"}}));
}

TEST_F(TransactionsTest, EachErrorIsReportedAsItself) {
  Run("BEGIN");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (1, 1)"), "23505");
  Run("ROLLBACK; BEGIN");
  EXPECT_EQ(SqlState("SELECT 1 / 0"), "22012");
  Run("ROLLBACK; BEGIN");
  EXPECT_EQ(SqlState("SELECT 'x'::INTEGER"), "22P02");
  Run("ROLLBACK");
  EXPECT_EQ(SqlState("SELECT no_such()"), "42883");
}

// Goal: a single statement does not fail because of others. Method: sessions add to one row at the
// same time, which conflicts nearly always.
TEST_F(TransactionsTest, SingleStatementsThatConflictRunAgain) {
  constexpr int kSessions = 4;
  constexpr int kAdditions = 25;
  std::vector<std::thread> sessions;
  for (int i = 0; i < kSessions; ++i) {
    sessions.emplace_back([connection = test_.Connect()] {
      for (int k = 0; k < kAdditions; ++k) Run(*connection, "UPDATE t SET n = n + 1 WHERE id = 1");
    });
  }
  for (std::thread& session : sessions) session.join();
  EXPECT_EQ(Query("SELECT n FROM t WHERE id = 1"), (Rows{{"110"}}));
}

TEST_F(TransactionsTest, TheFirstCommitterWins) {
  Run("BEGIN; UPDATE t SET n = 1 WHERE id = 1");
  Run(*other_, "BEGIN; UPDATE t SET n = 2 WHERE id = 1");
  Run("COMMIT");
  EXPECT_EQ(SqlState(*other_, "COMMIT"), "40001");
  EXPECT_EQ(other_->transaction_state(), TransactionState::kIdle);
  EXPECT_EQ(Query(*other_, "SELECT n FROM t WHERE id = 1"), (Rows{{"1"}}));
}

TEST_F(TransactionsTest, TheSameKeyIsInsertedOnce) {
  Run("BEGIN; INSERT INTO t VALUES (9, 1)");
  Run(*other_, "BEGIN; INSERT INTO t VALUES (9, 2)");
  Run(*other_, "COMMIT");
  EXPECT_EQ(SqlState("COMMIT"), "23505");
  EXPECT_EQ(Query("SELECT n FROM t WHERE id = 9"), (Rows{{"2"}}));
}

TEST_F(TransactionsTest, AnImplicitTransactionIsAllOrNothing) {
  ASSERT_TRUE(connection_->BeginImplicit().ok());
  Run("INSERT INTO t VALUES (3, 30)");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (3, 31)"), "23505");
  EXPECT_TRUE(connection_->EndImplicit(false).ok());
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"2"}}));

  ASSERT_TRUE(connection_->BeginImplicit().ok());
  Run("INSERT INTO t VALUES (3, 30); INSERT INTO t VALUES (4, 40)");
  EXPECT_EQ(Query(*other_, "SELECT count(*) FROM t"), (Rows{{"2"}}));
  EXPECT_TRUE(connection_->EndImplicit(true).ok());
  EXPECT_EQ(Query(*other_, "SELECT count(*) FROM t"), (Rows{{"4"}}));
}

TEST_F(TransactionsTest, AnExplicitBeginTakesTheImplicitTransactionOver) {
  ASSERT_TRUE(connection_->BeginImplicit().ok());
  Run("INSERT INTO t VALUES (3, 30); BEGIN; INSERT INTO t VALUES (4, 40)");
  EXPECT_TRUE(connection_->EndImplicit(true).ok());
  EXPECT_EQ(state(), TransactionState::kInTransaction);
  Run("ROLLBACK");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"2"}}));
}

TEST_F(TransactionsTest, AReadOnlyTransactionDoesNotWrite) {
  Run("BEGIN READ ONLY");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"2"}}));
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (3, 30)"), "25006");
  Run("ROLLBACK");
  Run("START TRANSACTION READ WRITE; INSERT INTO t VALUES (3, 30); COMMIT");
  Run("BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY");
  EXPECT_EQ(Query("SHOW transaction_read_only"), (Rows{{"on"}}));
  EXPECT_EQ(SqlState("DELETE FROM t"), "25006");
  Run("ROLLBACK; BEGIN READ ONLY");
  EXPECT_FALSE(Query("EXPLAIN DELETE FROM t").empty());
  EXPECT_EQ(SqlState("EXPLAIN ANALYZE DELETE FROM t"), "25006");
  Run("ROLLBACK");
  EXPECT_EQ(Query("SHOW transaction_read_only"), (Rows{{"off"}}));
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"3"}}));
}

TEST_F(TransactionsTest, ASessionMayMakeReadOnlyItsDefault) {
  Run("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY");
  EXPECT_EQ(Query("SHOW default_transaction_read_only"), (Rows{{"on"}}));
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (3, 30)"), "25006");
  Run("BEGIN");
  EXPECT_EQ(SqlState("CREATE TABLE u (a INTEGER)"), "25006");
  Run("ROLLBACK; BEGIN READ WRITE; INSERT INTO t VALUES (3, 30); COMMIT");
  Run("SET default_transaction_read_only = off; INSERT INTO t VALUES (4, 40)");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"4"}}));
}

TEST_F(TransactionsTest, CommittedRowsSurviveARestartAndOthersDoNot) {
  Run("BEGIN; INSERT INTO t VALUES (3, 30); COMMIT; BEGIN; INSERT INTO t VALUES (4, 40)");
  other_.reset();
  Restart();
  EXPECT_EQ(Query("SELECT id FROM t ORDER BY id"), (Rows{{"1"}, {"2"}, {"3"}}));
}

}  // namespace
}  // namespace luma::sql
