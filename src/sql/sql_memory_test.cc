#include "sql/sql_memory.h"

#include <gtest/gtest.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using SqlMemoryTest = SqlTest;

// The state of an aggregate is none of the buffers that DuckDB bounds itself.
TEST_F(SqlMemoryTest, WhatDuckDbDoesNotBoundIsRefusedAboveTheLimit) {
  const uint64_t before = SqlMemory::used_bytes();
  SqlMemory::SetLimit(before + (32 << 20));
  const std::string huge = "SELECT length(string_agg(repeat('x', 1000000), '')) FROM range(";
  EXPECT_EQ(SqlState(huge + "1000)"), "53200");
  EXPECT_EQ(Query(huge + "2)"), (Rows{{"2000000"}}));
  SqlMemory::SetLimit(UINT64_MAX);
  EXPECT_EQ(Query(huge + "30)"), (Rows{{"30000000"}}));
  EXPECT_LT(SqlMemory::used_bytes(), before + (16 << 20)) << "given back";
}

TEST_F(SqlMemoryTest, TheBudgetShowsWhatIsUsed) {
  Query("CREATE TABLE t AS SELECT i FROM range(100000) r(i)");
  Query("SELECT * FROM t ORDER BY i DESC LIMIT 1");
  EXPECT_GT(SqlMemory::used_bytes(), 0u);
  const Rows shown = Query(
      "SELECT booked_bytes > 0, limit_bytes > 0 FROM luma_storage.budget "
      "WHERE use = 'sql'");
  EXPECT_EQ(shown, (Rows{{"true", "true"}}));
}

}  // namespace
}  // namespace luma::sql
