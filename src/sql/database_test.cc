#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

using DatabaseTest = SqlTest;

TEST_F(DatabaseTest, SelectsWithoutTables) {
  EXPECT_EQ(Query("SELECT 1 + 1, 'x', NULL"), (Rows{{"2", "x", "NULL"}}));
}

TEST_F(DatabaseTest, StoresAndReadsRows) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR NOT NULL, price DECIMAL(9,2))");
  Run("INSERT INTO t VALUES (1, 'one', 1.50), (2, 'a name longer than twelve bytes', NULL)");
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"),
            (Rows{{"1", "one", "1.50"}, {"2", "a name longer than twelve bytes", "NULL"}}));
  EXPECT_EQ(Query("SELECT count(*), sum(id) FROM t WHERE price > 1"), (Rows{{"1", "1"}}));
}

TEST_F(DatabaseTest, RowsAndDefinitionsSurviveARestart) {
  Run("CREATE TABLE t (id INTEGER PRIMARY KEY, tags VARCHAR[])");
  Run("INSERT INTO t VALUES (1, ['a', 'b']), (2, NULL)");
  Run("CREATE VIEW v AS SELECT id + 10 AS id FROM t");
  Restart();
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"), (Rows{{"1", "{a,b}"}, {"2", "NULL"}}));
  EXPECT_EQ(Query("SELECT * FROM v ORDER BY id"), (Rows{{"11"}, {"12"}}));
}

}  // namespace
}  // namespace luma::sql
