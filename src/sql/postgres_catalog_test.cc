#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

using PostgresCatalogTest = SqlTest;

TEST_F(PostgresCatalogTest, PatternsMatchAnywhere) {
  EXPECT_EQ(Query("SELECT 'abc' ~ 'b', 'abc' !~ 'b', 'abc' ~ '^b', 'ABC' ~* 'b', 'ABC' !~* 'b'"),
            (Rows{{"true", "false", "false", "true", "false"}}));
  EXPECT_EQ(
      Query("SELECT count(*) FROM (VALUES ('an error'), ('fine')) l(line) WHERE line~'error'"),
      (Rows{{"1"}}));
  EXPECT_EQ(Query("SELECT 'abc' SIMILAR TO 'b', ~5, 1 - ~5"), (Rows{{"false", "-6", "7"}}));
  EXPECT_EQ(Query("SELECT NULL ~ 'a'"), (Rows{{"NULL"}}));
}

// What psql 15 sends for \dt, the first query of \d t, \l and \du, somewhat shortened.
TEST_F(PostgresCatalogTest, BackslashCommandsOfPsqlAreAnswered) {
  Run("CREATE TABLE t (id INTEGER)");
  EXPECT_EQ(Query("SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) "
                  "FROM pg_catalog.pg_class c "
                  "LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
                  "WHERE c.relkind IN ('r','p','') AND n.nspname !~ '^pg_toast' AND "
                  "n.nspname = 'public' AND pg_catalog.pg_table_is_visible(c.oid)"),
            (Rows{{"public", "t", "luma"}}));
  EXPECT_EQ(Query("SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relname "
                  "OPERATOR(pg_catalog.~) '^(t)$' COLLATE pg_catalog.default"),
            (Rows{{"t"}}));
  EXPECT_EQ(Query("SELECT pg_catalog.pg_get_userbyid(d.datdba), "
                  "pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.daticulocale, "
                  "pg_catalog.array_to_string(d.datacl, E'\\n') FROM pg_catalog.pg_database d"),
            (Rows{{"luma", "UTF8", "C", "NULL", "NULL"}}));
  EXPECT_EQ(Query("SELECT r.rolname, ARRAY(SELECT b.rolname FROM pg_catalog.pg_auth_members m "
                  "JOIN pg_catalog.pg_roles b ON (m.roleid = b.oid) WHERE m.member = r.oid) "
                  "FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_'"),
            (Rows{{"luma", "{}"}}));
}

}  // namespace
}  // namespace luma::sql
