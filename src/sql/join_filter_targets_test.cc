// Joins over subqueries that choose among rows.
#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using testing::HasSubstr;
using testing::Not;

class JoinFilterTargetsTest : public SqlTest {
 protected:
  // Users 0..99, of whom 7 alone is red; 20,000 orders, of which each user has every hundredth.
  JoinFilterTargetsTest() {
    Run("CREATE TABLE users (id int, team text)");
    Run("INSERT INTO users SELECT i, CASE i WHEN 7 THEN 'red' ELSE 'blue' END "
        "FROM generate_series(0, 99) AS t(i)");
    Run("CREATE TABLE orders (user_id int, at int)");
    Run("INSERT INTO orders SELECT i % 100, i FROM generate_series(0, 19999) AS t(i)");
  }
};

// Goal: a join sees the rows that a subquery chose, not rows chosen among those with a partner.
// Method: the answers that went wrong depended on which side ran first, so each is asked often.
TEST_F(JoinFilterTargetsTest, SubqueriesChooseAmongAllRows) {
  const struct {
    const char* sql;
    const char* count;
  } kCases[] = {
      {"FROM (SELECT * FROM orders ORDER BY at DESC LIMIT 200) o "
       "JOIN users u ON u.id = o.user_id WHERE u.team = 'red'",
       "2"},
      {"FROM (SELECT * FROM orders ORDER BY at LIMIT 6) o "
       "WHERE user_id IN (SELECT id FROM users WHERE team = 'red')",
       "0"},
      {"FROM (SELECT * FROM orders ORDER BY at LIMIT 6000) o "
       "JOIN users u ON u.id = o.user_id WHERE u.team = 'red'",
       "60"},
      {"FROM (SELECT * FROM orders LIMIT 200) o "
       "JOIN users u ON u.id = o.user_id WHERE u.team = 'red'",
       "2"},
      {"FROM (SELECT DISTINCT ON (at / 1000) * FROM orders ORDER BY at / 1000, at) o "
       "JOIN users u ON u.id = o.user_id WHERE u.team = 'red'",
       "0"},
      {"FROM (SELECT user_id, count(*) FROM (SELECT * FROM orders ORDER BY at LIMIT 6) "
       "GROUP BY user_id) o JOIN users u ON u.id = o.user_id WHERE u.team = 'red'",
       "0"},
      {"FROM (SELECT DISTINCT user_id FROM orders) o "
       "JOIN users u ON u.id = o.user_id WHERE u.team = 'red'",
       "1"},
      {"FROM (SELECT user_id FROM orders UNION ALL SELECT * FROM "
       "(SELECT user_id FROM orders ORDER BY at LIMIT 6)) o "
       "JOIN users u ON u.id = o.user_id WHERE u.team = 'red'",
       "200"},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.sql);
    for (int i = 0; i < 50 && !HasFailure(); ++i) {
      EXPECT_EQ(Query(std::string("SELECT count(*) ") + test.sql), (Rows{{test.count}}));
    }
  }
}

TEST_F(JoinFilterTargetsTest, OtherJoinsStillChooseBlocks) {
  Run("INSERT INTO orders SELECT 1000, i FROM generate_series(0, 99999) AS t(i)");
  Run("UPDATE users SET id = 1000 WHERE team = 'red'");
  ASSERT_TRUE(test_.engine().Flush().ok());
  std::string plan;
  for (const auto& row : Query("EXPLAIN ANALYZE SELECT sum(at) FROM orders o "
                               "JOIN users u ON u.id = o.user_id WHERE u.team = 'blue'")) {
    for (const std::string& cell : row) plan += cell + "\n";
  }
  EXPECT_THAT(plan, HasSubstr(" of 8 "));
  EXPECT_THAT(plan, Not(HasSubstr("Blocks: 8 of 8 "))) << "users have orders in the first two";
}

}  // namespace
}  // namespace luma::sql
