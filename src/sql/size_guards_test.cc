#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using SizeGuardsTest = SqlTest;

// Each took gigabytes and could not be interrupted.
TEST_F(SizeGuardsTest, ResultsOfGigabytesAreRefused) {
  for (const char* sql :
       {"SELECT length(repeat('x', 1000000000))", "SELECT len(repeat([1, 2], 1000000000))",
        "SELECT length(lpad('x', 1000000000, 'y'))", "SELECT length(rpad('x', 1000000000, 'y'))",
        "SELECT len(range(1000000000))", "SELECT len(generate_series(1, 1000000000))",
        "SELECT len(range(TIMESTAMP '2000-01-01', TIMESTAMP '2001-01-01', INTERVAL '1 "
        "millisecond'))",
        "SELECT len(list_resize([1], 1000000000))", "SELECT len(array_resize([1], 1000000000, 7))",
        "SELECT sum(length(repeat('x', 1000000 + i))) FROM generate_series(1, 2000) g(i)"}) {
    EXPECT_EQ(SqlState(sql), "54000") << sql;
  }
}

TEST_F(SizeGuardsTest, OtherResultsAreAsBefore) {
  EXPECT_EQ(Query("SELECT repeat('ab', 3), repeat('x', -1), repeat([1], 2), lpad('a', 3, '-'), "
                  "range(3), generate_series(5, 1, -2), list_resize([1], 2), repeat(NULL, 3)"),
            (Rows{{"ababab", "", "{1,1}", "--a", "{0,1,2}", "{5,3,1}", "{1,NULL}", "NULL"}}));
  EXPECT_EQ(Query("SELECT length(repeat('x', 60000000))"), (Rows{{"60000000"}}));
}

}  // namespace
}  // namespace luma::sql
