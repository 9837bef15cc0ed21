#include "sql/expression_growth.h"

#include <gtest/gtest.h>

#include <string>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

class ExpressionGrowthTest : public SqlTest {
 protected:
  ExpressionGrowthTest() {
    Run("CREATE TABLE t (a text, n bigint)");
    Run("INSERT INTO t VALUES ('x', 0), ('y', 1)");
  }
};

// `query` around itself so many times, and around t.
std::string Nested(const std::string& query, int levels) {
  return levels == 0 ? "t" : "(" + query + " FROM " + Nested(query, levels - 1) + ")";
}

TEST_F(ExpressionGrowthTest, ConditionsThatDoubleWithEveryLevelAreRefused) {
  const std::string doubled = "SELECT a || a AS a";
  EXPECT_EQ(Query("SELECT length(a) FROM " + Nested(doubled, 8) + " WHERE a < 'y'"),
            (Rows{{"256"}}));
  EXPECT_EQ(SqlState("SELECT 1 FROM " + Nested(doubled, 14) + " WHERE a = 'x'"), "54001");
  EXPECT_EQ(SqlState("EXPLAIN SELECT 1 FROM " + Nested(doubled, 60) + " WHERE a = 'x'"), "54001");
  EXPECT_EQ(SqlState("SELECT 1 FROM " + Nested("SELECT DISTINCT a || a AS a", 14) +
                     " GROUP BY a HAVING a = 'x'"),
            "54001");
  std::string ctes = "WITH t0 AS (SELECT a FROM t)";
  for (int i = 1; i <= 14; ++i) {
    ctes +=
        ", t" + std::to_string(i) + " AS (SELECT a || a AS a FROM t" + std::to_string(i - 1) + ")";
  }
  EXPECT_EQ(SqlState(ctes + " SELECT 1 FROM t14 WHERE a = 'x'"), "54001");
}

TEST_F(ExpressionGrowthTest, OtherLongStatementsRun) {
  // Nobody asks for the doubled column; and a condition on sums does not move.
  EXPECT_EQ(Query("SELECT count(*) FROM " + Nested("SELECT a || a AS a, n", 12) + " WHERE n = 1"),
            (Rows{{"1"}}));
  EXPECT_EQ(Query("SELECT n FROM " + Nested("SELECT n + n AS n", 12) + " WHERE n > 0"),
            (Rows{{"4096"}}));
  std::string list = "'x'";
  for (int i = 0; i < 20'000; ++i) list += ",'" + std::to_string(i) + "'";
  EXPECT_EQ(
      Query("SELECT count(*) FROM (SELECT upper(a) AS a FROM t) WHERE lower(a) IN (" + list + ")"),
      (Rows{{"1"}}));
}

}  // namespace
}  // namespace luma::sql
