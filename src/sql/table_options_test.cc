// Goal: options of tables are set and reset as PostgreSQL's storage parameters are, and checked.
#include <gmock/gmock.h>

#include "sql/testing/test_database.h"
#include "storage/table_policy_options.h"

namespace luma::sql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class TableOptionsTest : public SqlTest {
 protected:
  std::map<std::string, std::string> Options(ObjectId schema, const std::string& table) {
    const auto transaction = test_.engine().Begin();
    const auto found = transaction->Catalog().Find(schema, storage::NameSpace::kRelation, table);
    EXPECT_NE(found, nullptr);
    return found->table->options;
  }
  std::map<std::string, std::string> Options(const std::string& table) {
    return Options(storage::kPublicSchemaId, table);
  }
};

TEST_F(TableOptionsTest, AreSetAndResetAndSurviveARestart) {
  Run("CREATE TABLE t (ts TIMESTAMP, v DOUBLE) WITH (warm_age = '7d', retention = '30 days')");
  EXPECT_THAT(Options("t"), ElementsAre(Pair("retention", "30 days"), Pair("warm_age", "7d")));
  Run("ALTER TABLE t SET (hot_bytes = '1GB', warm_age = '1d')");
  Run("ALTER TABLE public.t RESET (retention, hot_age)");
  Restart();
  EXPECT_THAT(Options("t"), ElementsAre(Pair("hot_bytes", "1GB"), Pair("warm_age", "1d")));
  Run("INSERT INTO t VALUES ('2020-01-01', 1)");
  EXPECT_EQ(Query("SELECT v::INTEGER FROM t"), (Rows{{"1"}}));
}

TEST_F(TableOptionsTest, BuiltInTablesHaveThemToo) {
  Run("ALTER TABLE luma.samples SET (warm_age = '2d')");
  EXPECT_THAT(Options(storage::kLumaSchemaId, "samples"), ElementsAre(Pair("warm_age", "2d")));
}

TEST_F(TableOptionsTest, UnknownOptionsAndBadValuesAreRefused) {
  Run("CREATE TABLE t (a INTEGER)");
  for (const char* sql : {"ALTER TABLE t SET (cold_age = '1d')", "ALTER TABLE t RESET (cold_age)",
                          "CREATE TABLE u (a INTEGER) WITH (cold_age = '1d')"}) {
    const Status status = RunSql(*connection_, sql).status();
    EXPECT_EQ(status.sqlstate(), "22023") << sql;
    EXPECT_THAT(std::string(status.message()), HasSubstr("warm_age")) << sql;
  }
  EXPECT_EQ(SqlState("ALTER TABLE t SET (warm_age = 'soon')"), "22023");
  EXPECT_EQ(SqlState("ALTER TABLE t SET (hot_bytes = '1 day')"), "22023");
  EXPECT_THAT(Options("t"), IsEmpty());
  EXPECT_EQ(SqlState("SELECT * FROM u"), "42P01");  // the table was not made either
}

TEST_F(TableOptionsTest, AreThoseOfTablesThatAreThere) {
  EXPECT_EQ(SqlState("ALTER TABLE missing SET (warm_age = '1d')"), "42P01");
  Run("ALTER TABLE IF EXISTS missing SET (warm_age = '1d')");
  Run("CREATE VIEW v AS SELECT 1");
  EXPECT_EQ(SqlState("ALTER TABLE v SET (warm_age = '1d')"), "42809");
  EXPECT_EQ(SqlState("ALTER TABLE v SET (warm_age)"), "22023");
  EXPECT_EQ(SqlState("ALTER TABLE v SET (warm_age = )"), "42601");
}

TEST_F(TableOptionsTest, AgesNeedATimestampToSortBy) {
  Run("CREATE TABLE untimed (a INTEGER)");
  EXPECT_EQ(SqlState("ALTER TABLE untimed SET (warm_age = '1d')"), "22023");
  EXPECT_EQ(SqlState("CREATE TABLE no (a INTEGER) WITH (retention = '1d')"), "22023");
  Run("ALTER TABLE untimed SET (hot_bytes = '1GB')");
  EXPECT_EQ(SqlState("ALTER TABLE luma.series SET (warm_age = '1d')"), "22023");

  Run("CREATE TABLE timed (a INTEGER, at TIMESTAMP)");
  Run("INSERT INTO timed VALUES (1, '2020-01-02'), (2, '2020-01-01')");
  EXPECT_EQ(SqlState("ALTER TABLE timed SET (warm_age = '1d')"), "22023");
  Run("CREATE TABLE late (a INTEGER, at TIMESTAMP)");
  Run("ALTER TABLE late SET (warm_age = '1d')");
  Run("INSERT INTO late SELECT * FROM timed");
  Run("CHECKPOINT");
  EXPECT_EQ(Query("SELECT a FROM late"), (Rows{{"2"}, {"1"}}));
}

TEST_F(TableOptionsTest, CreateIfNotExistsLeavesATableAlone) {
  Run("CREATE TABLE t (a INTEGER)");
  Run("CREATE TABLE IF NOT EXISTS t (a INTEGER) WITH (warm_age = '1d')");
  EXPECT_THAT(Options("t"), IsEmpty());
  Run("CREATE TABLE IF NOT EXISTS u WITH (warm_age = '1d', fillfactor = 70) "
      "AS SELECT 1 AS a, TIMESTAMP '2020-01-01' AS at");
  EXPECT_THAT(Options("u"), ElementsAre(Pair("warm_age", "1d")));
}

TEST_F(TableOptionsTest, AreOfTheTransactionTheyAreSetIn) {
  Run("CREATE TABLE t (a INTEGER)");
  Run("BEGIN");
  Run("ALTER TABLE t SET (hot_age = '1d')");
  Run("ROLLBACK");
  EXPECT_THAT(Options("t"), IsEmpty());
  Run("SET default_transaction_read_only = on");
  EXPECT_EQ(SqlState("ALTER TABLE t SET (warm_age = '1d')"), "25006");
}

}  // namespace
}  // namespace luma::sql
