#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using testing::ElementsAre;

class ColumnNamesTest : public SqlTest {
 protected:
  // What PostgreSQL 15 calls the columns was recorded by running the same statements there.
  std::vector<std::string> Names(const std::string& query) {
    const auto statements = connection_->Parse(query);
    EXPECT_TRUE(statements.ok()) << statements.status();
    const auto stream = connection_->Execute(statements->at(0));
    EXPECT_TRUE(stream.ok()) << query << "\n" << stream.status();
    std::vector<std::string> names;
    if (!stream.ok()) return names;
    for (const ResultColumn& column : (*stream)->columns()) names.push_back(column.name);
    while (true) {
      const auto batch = (*stream)->Next();
      if (!batch.ok() || *batch == nullptr) return names;
    }
  }
};

TEST_F(ColumnNamesTest, FunctionsAreNamedByTheirNameAndTheRestHasNone) {
  EXPECT_THAT(Names("SELECT count(*), Max(1), lower('X'), 1, 'x', 1 + 1, now() > now(), 1 IN (1)"),
              ElementsAre("count", "max", "lower", "?column?", "?column?", "?column?", "?column?",
                          "?column?"));
  EXPECT_THAT(Names("SELECT coalesce(1, 2), nullif(1, 2), array[1], exists(SELECT 1)"),
              ElementsAre("coalesce", "nullif", "array", "exists"));
  EXPECT_THAT(Names("SELECT sum(1) OVER (), (SELECT 5 AS five), (SELECT count(*))"),
              ElementsAre("sum", "five", "count"));
}

TEST_F(ColumnNamesTest, CastsAreNamedByWhatIsCastOrElseByTheType) {
  EXPECT_THAT(Names("SELECT 1::int, 'a'::text, 1.5::numeric(4,2), (1 + 1)::bigint, "
                    "date '2024-01-01', count(*)::int, lower('X')::text"),
              ElementsAre("int4", "text", "numeric", "int8", "date", "count", "lower"));
  EXPECT_THAT(
      Names("SELECT CASE WHEN true THEN 1 END, CASE WHEN true THEN 'a' ELSE lower('x') END"),
      ElementsAre("case", "lower"));
}

TEST_F(ColumnNamesTest, ColumnsAndAliasesKeepTheirNames) {
  Run("CREATE TABLE t (n INTEGER, \"Word\" VARCHAR)");
  EXPECT_THAT(Names("SELECT *, n AS m, n::text, t.n, -n FROM t"),
              ElementsAre("n", "Word", "m", "n", "n", "?column?"));
  EXPECT_THAT(Names("SELECT count FROM (SELECT count(*) FROM t)"), ElementsAre("count"));
  EXPECT_THAT(Names("SELECT count(*) FROM t UNION ALL SELECT 1"), ElementsAre("count"));
  EXPECT_THAT(Names("INSERT INTO t VALUES (1, 'x') RETURNING n + 1, lower(\"Word\")"),
              ElementsAre("?column?", "lower"));
}

TEST_F(ColumnNamesTest, TablesAndViewsMadeOfAQueryGetThem) {
  Run("CREATE TABLE made AS SELECT g::integer, count(*) FROM range(3) r(g) GROUP BY g");
  EXPECT_THAT(Names("SELECT * FROM made"), ElementsAre("g", "count"));
  Run("CREATE VIEW seen AS SELECT max(g) FROM made");
  EXPECT_THAT(Names("SELECT * FROM seen"), ElementsAre("max"));
}

TEST_F(ColumnNamesTest, ANameGivenThisWayDoesNotHideAColumn) {
  Run("CREATE TABLE t (n DOUBLE, k INTEGER)");
  Run("INSERT INTO t VALUES (1.6, 1), (1.7, 2), (0.2, 3)");
  EXPECT_EQ(Query("SELECT n::integer FROM t WHERE n < 1.65 ORDER BY k"), (Rows{{"2"}, {"0"}}));
  EXPECT_EQ(Query("SELECT n::integer, count(*) FROM t GROUP BY n HAVING n > 1.65"),
            (Rows{{"2", "1"}}));
}

}  // namespace
}  // namespace luma::sql
