#include "sql/statement_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sql/postgres_rewrite.h"

namespace luma::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Texts(std::string_view sql) {
  std::vector<std::string> texts;
  const auto statements = SplitStatements(sql);
  EXPECT_TRUE(statements.ok()) << statements.status();
  for (const auto& statement : *statements) texts.push_back(statement.text);
  return texts;
}

ParsedStatement One(std::string_view sql) { return SplitStatements(sql)->at(0); }

TEST(StatementSplitterTest, SplitsAtSemicolonsOutsideOfQuotesAndComments) {
  EXPECT_THAT(Texts("SELECT 1; SELECT 2;"), ElementsAre("SELECT 1", "SELECT 2"));
  EXPECT_THAT(
      Texts("SELECT ';', \"a;b\", $$;$$, $t$ ; $$ $t$, E'\\';' -- ;\n; /* ; /* ; */ */ SELECT 2"),
      ElementsAre("SELECT ';', \"a;b\", $$;$$, $t$ ; $$ $t$, E'\\';'", "SELECT 2"));
  EXPECT_THAT(Texts(" ; -- nothing\n /* at all */ ;;"), IsEmpty());
  EXPECT_THAT(Texts("SELECT 'open ; SELECT 2"), ElementsAre("SELECT 'open ; SELECT 2"));
}

TEST(StatementSplitterTest, OffsetsCountCharacters) {
  const auto statements = SplitStatements("SELECT 'é';  SELECT 2");
  EXPECT_EQ(statements->at(0).text_offset, 0);
  EXPECT_EQ(statements->at(1).text_offset, 13);
}

TEST(StatementSplitterTest, KindsAndTags) {
  EXPECT_EQ(One("with x as (select 1) select * from x").kind, StatementKind::kSelect);
  EXPECT_EQ(One("WITH x AS (SELECT 1) INSERT INTO t SELECT * FROM x").kind, StatementKind::kInsert);
  EXPECT_EQ(One("(SELECT 1)").kind, StatementKind::kSelect);
  EXPECT_TRUE(One("DELETE FROM t RETURNING a").returns_rows);
  EXPECT_FALSE(One("DELETE FROM t").returns_rows);
  EXPECT_EQ(One("CREATE OR REPLACE TEMP TABLE t (a INTEGER)").command_tag, "CREATE TABLE");
  EXPECT_EQ(One("CREATE UNIQUE INDEX i ON t (a)").command_tag, "CREATE INDEX");
  EXPECT_EQ(One("drop view v").command_tag, "DROP VIEW");
  EXPECT_EQ(One("INSERT INTO t VALUES (1)").command_tag, "INSERT 0");
  EXPECT_EQ(One("ABORT").kind, StatementKind::kRollback);
  EXPECT_EQ(One("SELECT $2, $1, '$9'").parameter_count, 2);
}

// A position counted from the start of the text for each statement took minutes here.
TEST(StatementSplitterTest, ManyStatementsAreSplitInOnePass) {
  std::string text;
  for (int i = 0; i < 400'000; ++i) text += "é;";
  const auto statements = SplitStatements(text);
  ASSERT_TRUE(statements.ok()) << statements.status();
  EXPECT_EQ(statements->back().text_offset, 2 * 399'999);
}

TEST(StatementSplitterTest, WhatWouldTakeTooMuchMemoryIsRefused) {
  EXPECT_EQ(SplitStatements("SELECT '" + std::string(kQueryBytesMax, 'x')).status().sqlstate(),
            "54001");
  std::string text = "SELECT 1";
  for (size_t i = 0; i < kQueryTokensMax; ++i) text += ",1";
  EXPECT_EQ(SplitStatements(text).status().sqlstate(), "54001");
}

TEST(StatementSplitterTest, WhatPostgresHasAloneIsNamed) {
  for (const char* sql : {"SAVEPOINT a", "RELEASE a", "ROLLBACK TO a", "ROLLBACK TO SAVEPOINT a",
                          "LISTEN a", "NOTIFY a, 'b'", "LOCK TABLE t"}) {
    EXPECT_EQ(SplitStatements(sql).status().sqlstate(), "0A000") << sql;
  }
}

TEST(PostgresRewriteTest, SerialColumnsBecomeDefaults) {
  const auto rewritten = RewritePostgres("CREATE TABLE s.t (id serial PRIMARY KEY, n text)");
  EXPECT_THAT(rewritten.before, ElementsAre("CREATE SEQUENCE IF NOT EXISTS \"s\".\"t_id_seq\""));
  EXPECT_EQ(rewritten.text,
            "CREATE TABLE s.t (id INTEGER NOT NULL DEFAULT nextval('\"s\".\"t_id_seq\"') "
            "PRIMARY KEY, n text)");
}

TEST(PostgresRewriteTest, OtherStatementsStayAsTheyAre) {
  for (const char* sql : {"SELECT 'serial'", "CREATE TABLE serial (a INTEGER)",
                          "CREATE TABLE t (g INTEGER GENERATED ALWAYS AS (a + 1))",
                          "INSERT INTO t VALUES ('id serial')"}) {
    EXPECT_EQ(RewritePostgres(sql).text, sql);
    EXPECT_THAT(RewritePostgres(sql).before, IsEmpty());
  }
}

TEST(PostgresRewriteTest, ListsBecomeStatements) {
  auto rewritten = RewritePostgres("DROP TABLE IF EXISTS a, s.b, \"c,d\" CASCADE");
  EXPECT_THAT(rewritten.before,
              ElementsAre("DROP TABLE IF EXISTS a CASCADE", "DROP TABLE IF EXISTS s.b CASCADE"));
  EXPECT_EQ(rewritten.text, "DROP TABLE IF EXISTS \"c,d\" CASCADE");
  rewritten = RewritePostgres("TRUNCATE a, b RESTART IDENTITY");
  EXPECT_THAT(rewritten.before, ElementsAre("TRUNCATE a"));
  EXPECT_EQ(rewritten.text, "TRUNCATE b ");
  EXPECT_EQ(RewritePostgres("DROP MACRO f").text, "DROP MACRO f");
}

TEST(PostgresRewriteTest, NamesThatDuckDbHasForKeywordsAreQuoted) {
  EXPECT_EQ(RewritePostgres("CREATE TABLE t (at TIMESTAMP, by TEXT)").text,
            "CREATE TABLE t (\"at\" TIMESTAMP, \"by\" TEXT)");
  EXPECT_EQ(RewritePostgres("SELECT at, t.by FROM t ORDER BY at").text,
            "SELECT \"at\", t.\"by\" FROM t ORDER BY \"at\"");
  for (const char* sql : {"SELECT x AT TIME ZONE 'UTC' FROM t GROUP BY y ORDER BY z",
                          "SELECT sum(a) OVER (PARTITION BY b) FROM t"}) {
    EXPECT_EQ(RewritePostgres(sql).text, sql);
  }
}

TEST(PostgresRewriteTest, StorageParametersAreLeftOut) {
  EXPECT_EQ(RewritePostgres("CREATE TABLE t (a int) WITH (fillfactor=70)").text,
            "CREATE TABLE t (a int) ");
}

TEST(PostgresRewriteTest, TableOptionsAreTakenOutOfTheText) {
  auto rewritten = RewritePostgres("CREATE TABLE IF NOT EXISTS s.t (a int) WITH (warm_age = '7d')");
  EXPECT_EQ(rewritten.text, "CREATE TABLE IF NOT EXISTS s.t (a int) ");
  ASSERT_TRUE(rewritten.table_options);
  EXPECT_EQ(rewritten.table_options->schema, "s");
  EXPECT_EQ(rewritten.table_options->table, "t");
  EXPECT_TRUE(rewritten.table_options->if_not_exists);
  EXPECT_THAT(rewritten.table_options->set, ElementsAre(testing::Pair("warm_age", "7d")));

  rewritten =
      RewritePostgres("ALTER TABLE ONLY \"T\" SET (hot_bytes = 5, fillfactor=70, Retention=x)");
  EXPECT_EQ(rewritten.text, "");
  ASSERT_TRUE(rewritten.table_options);
  EXPECT_EQ(rewritten.table_options->table, "T");
  EXPECT_THAT(rewritten.table_options->set,
              ElementsAre(testing::Pair("hot_bytes", "5"), testing::Pair("retention", "x")));

  rewritten = RewritePostgres("ALTER TABLE IF EXISTS t RESET (warm_age, retention)");
  ASSERT_TRUE(rewritten.table_options);
  EXPECT_THAT(rewritten.table_options->reset, ElementsAre("warm_age", "retention"));
}

TEST(PostgresRewriteTest, WhatIsNoListOfOptionsIsLeftToTheParser) {
  for (const char* sql :
       {"ALTER TABLE t SET (warm_age = )", "ALTER TABLE t SET (warm_age", "ALTER TABLE t SET ()",
        "ALTER TABLE t SET SCHEMA s", "ALTER TABLE t ALTER a SET DEFAULT 1",
        "CREATE TABLE t AS WITH x AS (SELECT 1) SELECT * FROM x",
        "CREATE VIEW v AS SELECT 1 WITH (a = 1)"}) {
    const auto rewritten = RewritePostgres(sql);
    EXPECT_EQ(rewritten.text, sql);
    EXPECT_FALSE(rewritten.table_options) << sql;
  }
}

TEST(PostgresRewriteTest, PositionsLeadBackToTheOriginal) {
  const std::string sql = "CREATE TABLE t (id serial, n nope)";
  const auto rewritten = RewritePostgres(sql);
  EXPECT_EQ(rewritten.edits.OriginalOffset(rewritten.text.find("nope")), sql.find("nope"));
  EXPECT_EQ(rewritten.edits.OriginalOffset(rewritten.text.find("nextval")), sql.find("serial"));
}

}  // namespace
}  // namespace luma::sql
