#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using Field = std::optional<std::string_view>;

class CopyTest : public SqlTest {
 protected:
  CopyTest() {
    Run("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR DEFAULT 'none', data BYTEA, "
        "tags INTEGER[])");
  }

  std::unique_ptr<CopyIn> Begin(const std::string& sql) {
    const auto statements = connection_->Parse(sql);
    EXPECT_TRUE(statements.ok()) << statements.status();
    auto copy = connection_->BeginCopyIn(statements->at(0));
    EXPECT_TRUE(copy.ok()) << copy.status();
    return copy.ok() ? std::move(copy).value() : nullptr;
  }
  ParsedStatement Parse(const std::string& sql) {
    const auto statements = connection_->Parse(sql);
    EXPECT_TRUE(statements.ok()) << sql << "\n" << statements.status();
    return statements.ok() ? statements->at(0) : ParsedStatement{};
  }
};

TEST_F(CopyTest, RowsArriveWhenTheCopyIsFinished) {
  const auto copy = Begin("COPY t FROM STDIN");
  ASSERT_EQ(copy->columns().size(), 4u);
  EXPECT_TRUE(copy->AppendRows(std::vector<Field>{"1", "one", "\\x00ff", "{1,NULL,3}",  //
                                                  "2", std::nullopt, std::nullopt, "{}"})
                  .ok());
  EXPECT_EQ(Query(*test_.Connect(), "SELECT count(*) FROM t"), (Rows{{"0"}}));
  EXPECT_EQ(*copy->Finish(), 2u);
  EXPECT_EQ(
      Query("SELECT * FROM t ORDER BY id"),
      (Rows{{"1", "one", std::string("\0\xff", 2), "{1,NULL,3}"}, {"2", "NULL", "NULL", "{}"}}));
}

TEST_F(CopyTest, ColumnsThatAreNotNamedGetTheirDefaults) {
  const auto copy = Begin("COPY t (id) FROM STDIN WITH (FORMAT csv)");
  std::vector<std::string> numbers;
  for (int i = 0; i < 5000; ++i) numbers.push_back(std::to_string(i));
  for (const std::string& number : numbers) {
    ASSERT_TRUE(copy->AppendRows(std::vector<Field>{number}).ok());
  }
  EXPECT_EQ(*copy->Finish(), 5000u);
  EXPECT_EQ(Query("SELECT count(*), min(name), max(name) FROM t"),
            (Rows{{"5000", "none", "none"}}));
}

TEST_F(CopyTest, ABadFieldNamesItsLineAndLeavesNothing) {
  {
    const auto copy = Begin("COPY t (id) FROM STDIN");
    EXPECT_TRUE(copy->AppendRows(std::vector<Field>{"1"}).ok());
    const Status status = copy->AppendRows(std::vector<Field>{"x"});
    EXPECT_EQ(status.sqlstate(), "22P02");
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr("line 2, column id"));
  }
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
}

// Enough rows for the appender to hold full chunks when the error comes.
TEST_F(CopyTest, AFailedCopyStoresNoneOfTheRowsItHasGathered) {
  const auto fail_after = [&](int rows) {
    const auto copy = Begin("COPY t (id) FROM STDIN");
    for (int i = 0; i < rows; ++i) {
      const std::string id = std::to_string(i);
      ASSERT_TRUE(copy->AppendRows(std::vector<Field>{id}).ok());
    }
    EXPECT_FALSE(copy->AppendRows(std::vector<Field>{"x"}).ok());
  };
  fail_after(5000);
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
  Run("BEGIN");
  fail_after(5000);
  EXPECT_EQ(SqlState("SELECT 1"), "25P02");
  Run("ROLLBACK");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
}

TEST_F(CopyTest, LargeRowsAreStoredInPieces) {
  const auto copy = Begin("COPY t (id, name) FROM STDIN");
  const std::string name(1 << 20, 'n');
  for (int i = 0; i < 40; ++i) {
    const std::string id = std::to_string(i);
    ASSERT_TRUE(copy->AppendRows(std::vector<Field>{id, name}).ok());
  }
  EXPECT_EQ(*copy->Finish(), 40u);
  EXPECT_EQ(Query("SELECT count(*), sum(length(name)) FROM t"),
            (Rows{{"40", std::to_string(40 << 20)}}));
}

TEST_F(CopyTest, ConstraintsHold) {
  {
    const auto copy = Begin("COPY t (id) FROM STDIN");
    EXPECT_TRUE(copy->AppendRows(std::vector<Field>{"1", "1"}).ok());
    EXPECT_EQ(copy->Finish().status().sqlstate(), "23505");
  }
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
}

TEST_F(CopyTest, ACopyThatIsDroppedIsRolledBack) {
  Begin("COPY t (id) FROM STDIN")->AppendRows(std::vector<Field>{"1"}).ok();
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
}

TEST_F(CopyTest, ACopyThatIsDroppedFailsItsTransaction) {
  Run("BEGIN; INSERT INTO t (id) VALUES (7)");
  Begin("COPY t (id) FROM STDIN")->AppendRows(std::vector<Field>{"1"}).ok();
  EXPECT_EQ(connection_->transaction_state(), TransactionState::kFailed);
  EXPECT_EQ(SqlState("INSERT INTO t (id) VALUES (8)"), "25P02");
  Run("ROLLBACK");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
}

TEST_F(CopyTest, ACopyInsideATransactionIsPartOfIt) {
  Run("BEGIN");
  {
    const auto copy = Begin("COPY t (id) FROM STDIN");
    EXPECT_TRUE(copy->AppendRows(std::vector<Field>{"1"}).ok());
    EXPECT_EQ(*copy->Finish(), 1u);
  }
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"1"}}));
  Run("ROLLBACK");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"0"}}));
}

TEST_F(CopyTest, OptionsOfBothSyntaxesAreRead) {
  ParsedStatement statement = Parse("COPY t FROM STDIN");
  EXPECT_EQ(statement.kind, StatementKind::kCopyFromStdin);
  EXPECT_EQ(statement.copy.delimiter, '\t');
  EXPECT_EQ(statement.copy.null_text, "\\N");

  statement = Parse("copy public.\"t\" (id, name) from stdin with csv header delimiter as ';'");
  EXPECT_EQ(statement.copy.format, CopyFormat::kCsv);
  EXPECT_TRUE(statement.copy.header);
  EXPECT_EQ(statement.copy.delimiter, ';');
  EXPECT_EQ(statement.copy.null_text, "");
  EXPECT_THAT(statement.copy.columns, testing::ElementsAre("id", "name"));

  statement = Parse("COPY t FROM STDIN (FORMAT csv, HEADER false, NULL 'nil', QUOTE '''')");
  EXPECT_FALSE(statement.copy.header);
  EXPECT_EQ(statement.copy.null_text, "nil");
  EXPECT_EQ(statement.copy.quote, '\'');
  EXPECT_EQ(statement.copy.escape, '\'');

  statement = Parse("COPY (SELECT id FROM t WHERE name = ')') TO STDOUT WITH (DELIMITER E'\\t')");
  EXPECT_EQ(statement.kind, StatementKind::kCopyToStdout);
  EXPECT_EQ(statement.text, "SELECT id FROM t WHERE name = ')'");
}

TEST_F(CopyTest, ToStdoutRunsAsAQuery) {
  Run("INSERT INTO t (id) VALUES (5)");
  EXPECT_EQ(Query("COPY t (name, id) TO STDOUT"), (Rows{{"none", "5"}}));
}

}  // namespace
}  // namespace luma::sql
