// Definitions: what CREATE, DROP and COMMENT do, who depends on whom, and that all of it is
// transactional and survives a restart.
#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using CatalogTest = SqlTest;

TEST_F(CatalogTest, TheDefaultSchemaIsPublicAndMainIsAnotherNameForIt) {
  Run("CREATE TABLE t (a INTEGER)");
  Run("INSERT INTO public.t VALUES (1)");
  EXPECT_EQ(Query("SELECT a FROM main.t"), (Rows{{"1"}}));
  EXPECT_EQ(Query("SELECT current_schema()"), (Rows{{"public"}}));
  EXPECT_EQ(Query("SELECT table_schema, table_name FROM information_schema.tables "
                  "WHERE table_name = 't'"),
            (Rows{{"public", "t"}}));
}

TEST_F(CatalogTest, SchemasHoldTablesOfTheSameName) {
  Run("CREATE SCHEMA s");
  Run("CREATE TABLE t (a INTEGER); CREATE TABLE s.t (b VARCHAR)");
  Run("INSERT INTO s.t VALUES ('x')");
  EXPECT_EQ(Query("SELECT * FROM s.t"), (Rows{{"x"}}));
  EXPECT_EQ(SqlState("CREATE SCHEMA s"), "42P06");
  EXPECT_EQ(SqlState("DROP SCHEMA s"), "2BP01");
  Run("DROP SCHEMA s CASCADE");
  EXPECT_EQ(SqlState("SELECT * FROM s.t"), "42P01");
  EXPECT_EQ(SqlState("DROP SCHEMA s"), "3F000");
}

TEST_F(CatalogTest, NamesAreTakenOnceAndFoundInAnyCase) {
  Run("CREATE TABLE People (Id INTEGER)");
  EXPECT_EQ(SqlState("CREATE TABLE people (x INTEGER)"), "42P07");
  EXPECT_EQ(SqlState("CREATE VIEW PEOPLE AS SELECT 1"), "42P07");
  Run("CREATE TABLE IF NOT EXISTS people (x INTEGER)");
  Run("INSERT INTO PEOPLE (ID) VALUES (7)");
  Run("CREATE OR REPLACE TABLE people (x INTEGER)");
  EXPECT_EQ(Query("SELECT x FROM people"), Rows{});
}

TEST_F(CatalogTest, MissingObjectsHaveTheirSqlStates) {
  Run("CREATE TABLE t (a INTEGER)");
  EXPECT_EQ(SqlState("SELECT * FROM nowhere"), "42P01");
  EXPECT_EQ(SqlState("SELECT b FROM t"), "42703");
  EXPECT_EQ(SqlState("SELECT no_such_function(1)"), "42883");
  EXPECT_EQ(SqlState("SELECT * FROM nowhere.t"), "42P01");
  EXPECT_EQ(SqlState("CREATE TABLE u (a no_such_type)"), "42704");
  EXPECT_EQ(SqlState("DROP TABLE nowhere"), "42P01");
  EXPECT_EQ(SqlState("CREATE TABLE u (a INTEGER, a INTEGER)"), "42701");
  EXPECT_EQ(SqlState("SELECT t1.a FROM t t1, t t2 WHERE a = 1"), "42702");
  Run("DROP TABLE IF EXISTS nowhere");
}

TEST_F(CatalogTest, ViewsKeepTheirQueryAndBlockTheDroppingOfTheirTables) {
  Run("CREATE TABLE t (id INTEGER, name VARCHAR)");
  Run("INSERT INTO t VALUES (1, 'a'), (2, 'b')");
  Run("CREATE VIEW v (key, label) AS SELECT id, upper(name) FROM t WHERE id > 1");
  EXPECT_EQ(Query("SELECT * FROM v"), (Rows{{"2", "B"}}));
  EXPECT_EQ(SqlState("DROP TABLE t"), "2BP01");
  Run("CREATE OR REPLACE VIEW v AS SELECT id AS key FROM t");
  Restart();
  EXPECT_EQ(Query("SELECT key FROM v ORDER BY key"), (Rows{{"1"}, {"2"}}));
  Run("ALTER VIEW v RENAME TO w");
  EXPECT_EQ(Query("SELECT count(*) FROM w"), (Rows{{"2"}}));
  Run("DROP TABLE t CASCADE");
  EXPECT_EQ(SqlState("SELECT * FROM w"), "42P01");
}

TEST_F(CatalogTest, SequencesCountAcrossTransactionsAndRestarts) {
  Run("CREATE SEQUENCE s START 10 INCREMENT 5");
  EXPECT_EQ(Query("SELECT nextval('s'), nextval('s')"), (Rows{{"10", "15"}}));
  Run("BEGIN; SELECT nextval('s'); ROLLBACK");
  EXPECT_EQ(Query("SELECT nextval('s')"), (Rows{{"25"}}));
  EXPECT_EQ(Query("SELECT currval('s')"), (Rows{{"25"}}));
  EXPECT_EQ(Query("SELECT setval('s', 100)"), (Rows{{"100"}}));
  EXPECT_EQ(Query("SELECT nextval('s')"), (Rows{{"105"}}));
  Restart();
  EXPECT_THAT(std::stoll(Query("SELECT nextval('s')").at(0).at(0)), testing::Ge(110));
  EXPECT_EQ(SqlState("SELECT nextval('missing')"), "42P01");
}

TEST_F(CatalogTest, ASequenceInADefaultCannotBeDroppedAlone) {
  Run("CREATE SEQUENCE s");
  Run("CREATE TABLE t (id INTEGER DEFAULT nextval('s'), name VARCHAR)");
  Run("INSERT INTO t (name) VALUES ('a'), ('b')");
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"), (Rows{{"1", "a"}, {"2", "b"}}));
  EXPECT_EQ(SqlState("DROP SEQUENCE s"), "2BP01");
  Run("DROP SEQUENCE s CASCADE");
  Run("INSERT INTO t (name) VALUES ('c')");
  EXPECT_EQ(Query("SELECT id FROM t WHERE name = 'c'"), (Rows{{"NULL"}}));
}

TEST_F(CatalogTest, SerialColumnsOwnTheirSequence) {
  Run("CREATE TABLE t (id SERIAL PRIMARY KEY, big BIGSERIAL, name TEXT)");
  Run("INSERT INTO t (name) VALUES ('a'), ('b')");
  EXPECT_EQ(Query("SELECT id, big FROM t ORDER BY id"), (Rows{{"1", "1"}, {"2", "2"}}));
  EXPECT_EQ(Query("SELECT nextval('t_id_seq')"), (Rows{{"3"}}));
  Run("DROP TABLE t");
  EXPECT_EQ(SqlState("SELECT nextval('t_id_seq')"), "42P01");
  Run("CREATE TABLE u (id INTEGER GENERATED ALWAYS AS IDENTITY (START WITH 1), n INTEGER)");
  Run("INSERT INTO u (n) VALUES (5)");
  EXPECT_EQ(Query("SELECT id FROM u"), (Rows{{"1"}}));
}

TEST_F(CatalogTest, EnumsMacrosAndIndexes) {
  Run("CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')");
  Run("CREATE TABLE person (name VARCHAR, feels mood)");
  Run("INSERT INTO person VALUES ('a', 'happy'), ('b', 'sad')");
  Run("CREATE MACRO plus_one(x) AS x + 1");
  Run("CREATE MACRO small(n) AS TABLE SELECT * FROM range(n) r(i)");
  Run("CREATE INDEX person_name ON person (name)");
  Restart();
  EXPECT_EQ(Query("SELECT name FROM person ORDER BY feels"), (Rows{{"b"}, {"a"}}));
  EXPECT_EQ(SqlState("INSERT INTO person VALUES ('c', 'angry')"), "22P02");
  EXPECT_EQ(Query("SELECT plus_one(41)"), (Rows{{"42"}}));
  EXPECT_EQ(Query("SELECT count(*) FROM small(3)"), (Rows{{"3"}}));
  EXPECT_EQ(SqlState("CREATE INDEX person_name ON person (name)"), "42P07");
  EXPECT_EQ(SqlState("DROP TYPE mood"), "2BP01");
  Run("DROP INDEX person_name; DROP MACRO plus_one; DROP MACRO TABLE small");
  EXPECT_EQ(SqlState("SELECT plus_one(1)"), "42883");
}

TEST_F(CatalogTest, CommentsAreKept) {
  Run("CREATE TABLE t (a INTEGER)");
  Run("COMMENT ON TABLE t IS 'about t'; COMMENT ON COLUMN t.a IS 'about a'");
  Restart();
  EXPECT_EQ(Query("SELECT comment FROM duckdb_tables() WHERE table_name = 't'"),
            (Rows{{"about t"}}));
  EXPECT_EQ(Query("SELECT comment FROM duckdb_columns() WHERE table_name = 't'"),
            (Rows{{"about a"}}));
}

TEST_F(CatalogTest, DefinitionsRollBack) {
  Run("CREATE TABLE keep (a INTEGER); INSERT INTO keep VALUES (1)");
  Run("BEGIN");
  Run("CREATE TABLE gone (a INTEGER); INSERT INTO gone VALUES (1)");
  Run("ALTER TABLE keep ADD COLUMN b INTEGER DEFAULT 5; CREATE SCHEMA s; DROP TABLE keep");
  EXPECT_EQ(Query("SELECT a FROM gone"), (Rows{{"1"}}));
  Run("ROLLBACK");
  EXPECT_EQ(SqlState("SELECT * FROM gone"), "42P01");
  EXPECT_EQ(Query("SELECT * FROM keep"), (Rows{{"1"}}));
  Run("CREATE SCHEMA s");
}

TEST_F(CatalogTest, DefinitionsOfAnOpenTransactionAreItsOwn) {
  const auto other = test_.Connect();
  Run("BEGIN; CREATE TABLE t (a INTEGER)");
  EXPECT_EQ(SqlState(*other, "SELECT * FROM t"), "42P01");
  Run("COMMIT");
  EXPECT_EQ(Query(*other, "SELECT * FROM t"), Rows{});
}

TEST_F(CatalogTest, TheSameNameFromTwoTransactionsIsGivenOnce) {
  const auto other = test_.Connect();
  Run("BEGIN; CREATE TABLE t (a INTEGER)");
  Run(*other, "BEGIN; CREATE TABLE t (b INTEGER)");
  Run("COMMIT");
  EXPECT_NE(SqlState(*other, "COMMIT"), "00000");
  EXPECT_EQ(Query("SELECT a FROM t"), Rows{});
}

TEST_F(CatalogTest, TheBuiltInSchemaIsEmptiedButStays) {
  Run("CREATE TABLE t (a INTEGER); CREATE VIEW v AS SELECT * FROM t");
  EXPECT_EQ(SqlState("DROP SCHEMA public"), "2BP01");
  Run("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
  EXPECT_EQ(SqlState("SELECT * FROM t"), "42P01");
  Run("CREATE TABLE t (a INTEGER)");
  EXPECT_EQ(SqlState("CREATE SCHEMA public"), "42P06");
}

TEST_F(CatalogTest, TemporaryTablesAreTheSessionsOwn) {
  Run("CREATE TEMP TABLE tmp (a INTEGER); INSERT INTO tmp VALUES (1)");
  EXPECT_EQ(Query("SELECT a FROM tmp"), (Rows{{"1"}}));
  const auto other = test_.Connect();
  EXPECT_EQ(SqlState(*other, "SELECT * FROM tmp"), "42P01");
}

}  // namespace
}  // namespace luma::sql
