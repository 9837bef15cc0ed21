#include <gmock/gmock.h>

#include "sql/testing/test_database.h"

namespace luma::sql {
namespace {

class AlterTableTest : public SqlTest {
 protected:
  AlterTableTest() {
    Run("CREATE TABLE t (id INTEGER PRIMARY KEY, name VARCHAR)");
    Run("INSERT INTO t VALUES (1, 'one'), (2, NULL)");
  }
};

TEST_F(AlterTableTest, AddsColumnsWithAndWithoutDefaults) {
  Run("ALTER TABLE t ADD COLUMN a INTEGER");
  Run("ALTER TABLE t ADD COLUMN b VARCHAR DEFAULT 'a default of more than twelve bytes'");
  Run("ALTER TABLE t ADD COLUMN c INTEGER[] DEFAULT [1, 2]");
  Run("ALTER TABLE t ADD COLUMN IF NOT EXISTS a INTEGER");
  EXPECT_EQ(SqlState("ALTER TABLE t ADD COLUMN a INTEGER"), "42701");
  Run("INSERT INTO t (id) VALUES (3)");
  Restart();
  const std::string text = "a default of more than twelve bytes";
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"), (Rows{{"1", "one", "NULL", text, "{1,2}"},
                                                        {"2", "NULL", "NULL", text, "{1,2}"},
                                                        {"3", "NULL", "NULL", text, "{1,2}"}}));
}

TEST_F(AlterTableTest, AVolatileDefaultGivesEachRowItsOwnValue) {
  Run("CREATE SEQUENCE s START 7");
  Run("ALTER TABLE t ADD COLUMN n INTEGER DEFAULT nextval('s')");
  EXPECT_EQ(Query("SELECT id, n FROM t ORDER BY id"), (Rows{{"1", "7"}, {"2", "8"}}));
}

TEST_F(AlterTableTest, AUniqueIndexMayNameAColumnTwice) {
  Run("CREATE UNIQUE INDEX i ON t (name, id, name)");
  Run("INSERT INTO t VALUES (3, 'one')");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (3, 'one')"), "23505");
}

TEST_F(AlterTableTest, ValuesOfANewTypePassTheChecks) {
  Run("CREATE TABLE c (a INTEGER CHECK (a > 5)); INSERT INTO c VALUES (7)");
  EXPECT_EQ(SqlState("ALTER TABLE c ALTER COLUMN a TYPE BIGINT USING a - 10"), "23514");
  EXPECT_EQ(Query("SELECT a FROM c"), (Rows{{"7"}}));
  Run("ALTER TABLE c ALTER COLUMN a TYPE BIGINT USING a + 10");
  EXPECT_EQ(Query("SELECT a FROM c"), (Rows{{"17"}}));
}

TEST_F(AlterTableTest, DropsColumnsAndTheirConstraints) {
  Run("ALTER TABLE t ADD COLUMN a INTEGER");
  Run("ALTER TABLE t DROP COLUMN name");
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"), (Rows{{"1", "NULL"}, {"2", "NULL"}}));
  EXPECT_EQ(SqlState("ALTER TABLE t DROP COLUMN name"), "42703");
  Run("ALTER TABLE t DROP COLUMN IF EXISTS name");
  Run("ALTER TABLE t DROP COLUMN id");
  Run("INSERT INTO t VALUES (9), (9)");
  EXPECT_NE(SqlState("ALTER TABLE t DROP COLUMN a"), "00000");
}

TEST_F(AlterTableTest, RenamesColumnsInConstraintsToo) {
  Run("CREATE TABLE c (a INTEGER CHECK (a > 0), b INTEGER, g INTEGER AS (a * 2))");
  Run("ALTER TABLE c RENAME COLUMN a TO z");
  Run("INSERT INTO c (z, b) VALUES (1, 2)");
  EXPECT_EQ(Query("SELECT z, b, g FROM c"), (Rows{{"1", "2", "2"}}));
  EXPECT_EQ(SqlState("INSERT INTO c (z) VALUES (-1)"), "23514");
  EXPECT_EQ(SqlState("ALTER TABLE c RENAME COLUMN z TO b"), "42701");
}

TEST_F(AlterTableTest, RenamesTables) {
  Run("ALTER TABLE t RENAME TO u");
  EXPECT_EQ(SqlState("SELECT * FROM t"), "42P01");
  EXPECT_EQ(Query("SELECT count(*) FROM u"), (Rows{{"2"}}));
  Run("CREATE TABLE t (a INTEGER)");
  EXPECT_EQ(SqlState("ALTER TABLE u RENAME TO t"), "42P07");
}

TEST_F(AlterTableTest, ChangesTypesWithAndWithoutUsing) {
  Run("ALTER TABLE t ALTER COLUMN id TYPE BIGINT");
  EXPECT_EQ(SqlState("INSERT INTO t VALUES (1, 'again')"), "23505");
  Run("ALTER TABLE t ALTER name TYPE INTEGER USING length(name)");
  EXPECT_EQ(Query("SELECT * FROM t ORDER BY id"), (Rows{{"1", "3"}, {"2", "NULL"}}));
  EXPECT_EQ(SqlState("ALTER TABLE t ALTER name TYPE DATE"), "42846");
  Restart();
  EXPECT_EQ(Query("SELECT id + 5000000000 FROM t ORDER BY id"),
            (Rows{{"5000000001"}, {"5000000002"}}));
}

TEST_F(AlterTableTest, DefaultsAndNotNull) {
  Run("ALTER TABLE t ALTER name SET DEFAULT 'x'");
  Run("INSERT INTO t (id) VALUES (3)");
  EXPECT_EQ(Query("SELECT name FROM t WHERE id = 3"), (Rows{{"x"}}));
  EXPECT_EQ(SqlState("ALTER TABLE t ALTER name SET NOT NULL"), "23502");
  Run("DELETE FROM t WHERE name IS NULL");
  Run("ALTER TABLE t ALTER name SET NOT NULL; ALTER TABLE t ALTER name DROP DEFAULT");
  EXPECT_EQ(SqlState("INSERT INTO t (id) VALUES (4)"), "23502");
  Run("ALTER TABLE t ALTER name DROP NOT NULL");
  Run("INSERT INTO t (id) VALUES (4)");
}

TEST_F(AlterTableTest, AddsAPrimaryKeyThatTheRowsAllow) {
  Run("CREATE TABLE k (a INTEGER, b INTEGER); INSERT INTO k VALUES (1, 1), (2, 1)");
  EXPECT_EQ(SqlState("ALTER TABLE k ADD PRIMARY KEY (b)"), "23505");
  Run("ALTER TABLE k ADD PRIMARY KEY (a)");
  EXPECT_EQ(SqlState("INSERT INTO k VALUES (1, 5)"), "23505");
  EXPECT_EQ(SqlState("INSERT INTO k VALUES (NULL, 5)"), "23502");
}

TEST_F(AlterTableTest, AUniqueIndexIsAConstraint) {
  Run("CREATE TABLE k (a INTEGER); INSERT INTO k VALUES (1), (1)");
  EXPECT_EQ(SqlState("CREATE UNIQUE INDEX k_a ON k (a)"), "23505");
  Run("DELETE FROM k; INSERT INTO k VALUES (1)");
  Run("CREATE UNIQUE INDEX k_a ON k (a)");
  EXPECT_EQ(SqlState("INSERT INTO k VALUES (1)"), "23505");
  Run("DROP INDEX k_a");
  Run("INSERT INTO k VALUES (1)");
}

TEST_F(AlterTableTest, AnAlterationConflictsWithWritesOfOthers) {
  const auto other = test_.Connect();
  Run(*other, "BEGIN; INSERT INTO t VALUES (10, 'late')");
  Run("ALTER TABLE t ALTER id TYPE BIGINT");
  EXPECT_EQ(SqlState(*other, "COMMIT"), "40001");
  EXPECT_EQ(Query("SELECT count(*) FROM t"), (Rows{{"2"}}));
}

}  // namespace
}  // namespace luma::sql
