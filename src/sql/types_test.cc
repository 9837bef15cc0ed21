// Goal: a value of every type comes back equal: from memory, after a restart, and after a flush to
// segment files.
// Method: the value is compared in SQL with the literal it was made from.
#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

struct TypeCase {
  const char* type;
  const char* literal;
};

constexpr TypeCase kCases[] = {
    {"BOOLEAN", "true"},
    {"TINYINT", "(-128)"},
    {"SMALLINT", "(-32768)"},
    {"INTEGER", "2147483647"},
    {"BIGINT", "(-9223372036854775808)"},
    {"HUGEINT", "170141183460469231731687303715884105727"},
    {"UTINYINT", "255"},
    {"USMALLINT", "65535"},
    {"UINTEGER", "4294967295"},
    {"UBIGINT", "18446744073709551615"},
    {"UHUGEINT", "340282366920938463463374607431768211455"},
    {"FLOAT", "1.5"},
    {"DOUBLE", "'-0.1'::DOUBLE"},
    {"DECIMAL(4,1)", "(-999.9)"},
    {"DECIMAL(9,2)", "1234567.89"},
    {"DECIMAL(18,3)", "(-123456789012345.678)"},
    {"DECIMAL(38,10)", "1234567890123456789012345678.0123456789"},
    {"VARCHAR", "'short'"},
    {"VARCHAR", "'a string that does not fit inside its reference'"},
    {"VARCHAR", "''"},
    {"BLOB", "'\\x00\\xFF and then more bytes than fit'::BLOB"},
    {"DATE", "DATE '1969-12-31'"},
    {"TIME", "TIME '23:59:59.999999'"},
    {"TIMETZ", "TIMETZ '12:00:00+05:30'"},
    {"TIMESTAMP", "TIMESTAMP '0044-03-15 10:00:00.000001'"},
    {"TIMESTAMP", "'infinity'::TIMESTAMP"},
    {"TIMESTAMP_S", "TIMESTAMP_S '2024-02-29 01:02:03'"},
    {"TIMESTAMP_MS", "TIMESTAMP_MS '2024-02-29 01:02:03.004'"},
    {"TIMESTAMP_NS", "TIMESTAMP_NS '2024-02-29 01:02:03.000000004'"},
    {"TIMESTAMPTZ", "TIMESTAMPTZ '2024-02-29 01:02:03+00'"},
    {"INTERVAL", "INTERVAL '1 year 2 days 3 seconds'"},
    {"UUID", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::UUID"},
    {"BIT", "'0101011'::BIT"},
    {"JSON", "'{\"a\": [1, null]}'::JSON"},
    {"ENUM('x', 'y')", "'y'::ENUM('x', 'y')"},
    {"INTEGER[]", "[1, NULL, 3]"},
    {"VARCHAR[][]", "[['a long string in a list', NULL], [], NULL]"},
    {"INTEGER[3]", "array_value(1, 2, 3)"},
    {"STRUCT(a INTEGER, b VARCHAR)", "{'a': NULL, 'b': 'text'}"},
    {"STRUCT(a INTEGER[], b STRUCT(c DATE))", "{'a': [1], 'b': {'c': DATE '2020-01-01'}}"},
    {"MAP(VARCHAR, INTEGER)", "MAP {'k': 1, 'l': NULL}"},
    {"UNION(num INTEGER, str VARCHAR)", "union_value(str := 'text')"},
};

class TypesTest : public SqlTest {
 protected:
  static std::string TableOf(size_t i) { return "t" + std::to_string(i); }

  void CreateTables() {
    for (size_t i = 0; i < std::size(kCases); ++i) {
      const std::string table = TableOf(i);
      Run("CREATE TABLE " + table + " (id INTEGER, v " + kCases[i].type + ")");
      Run("INSERT INTO " + table + " VALUES (1, " + kCases[i].literal + "), (2, NULL)");
    }
  }
  void ExpectAllEqual() {
    for (size_t i = 0; i < std::size(kCases); ++i) {
      const std::string literal =
          std::string("CAST(") + kCases[i].literal + " AS " + kCases[i].type + ")";
      EXPECT_EQ(Query("SELECT id, v IS NOT DISTINCT FROM " + literal + ", v IS NULL FROM " +
                      TableOf(i) + " ORDER BY id"),
                (Rows{{"1", "true", "false"}, {"2", "false", "true"}}))
          << kCases[i].type << " " << kCases[i].literal;
    }
  }
};

TEST_F(TypesTest, ValuesComeBackFromMemory) {
  CreateTables();
  ExpectAllEqual();
}

TEST_F(TypesTest, ValuesComeBackAfterARestart) {
  CreateTables();
  Restart();
  ExpectAllEqual();
}

TEST_F(TypesTest, ValuesComeBackFromSegmentFiles) {
  CreateTables();
  ASSERT_TRUE(test_.engine().Flush().ok());
  ExpectAllEqual();
  Restart();
  ExpectAllEqual();
}

TEST_F(TypesTest, ValuesAreFilteredInTheScan) {
  CreateTables();
  for (size_t i = 0; i < std::size(kCases); ++i) {
    EXPECT_EQ(Query("SELECT id FROM " + TableOf(i) + " WHERE v = CAST(" + kCases[i].literal +
                    " AS " + kCases[i].type + ")"),
              (Rows{{"1"}}))
        << kCases[i].type;
    EXPECT_EQ(Query("SELECT id FROM " + TableOf(i) + " WHERE v IS NULL"), (Rows{{"2"}}));
  }
}

}  // namespace
}  // namespace luma::sql
