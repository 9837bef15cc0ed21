// Schema luma_storage over a store whose tables, files and blocks are known.
#include <gmock/gmock.h>

#include "sql/testing/test_database.h"
#include "storage/maintenance.h"

namespace luma::sql {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class StoreRelationsTest : public SqlTest {
 protected:
  // 20,000 rows: two blocks of each column, of 16,384 rows and 3,616.
  void FillTable() {
    Run("CREATE TABLE t (id BIGINT, word TEXT, gap DOUBLE)");
    Run("INSERT INTO t SELECT i, 'word ' || i % 3, CASE WHEN i % 4 = 0 THEN NULL ELSE 0.5 END "
        "FROM range(20000) r(i)");
  }
  std::string Single(const std::string& sql) {
    const Rows rows = Query(sql);
    return rows.size() == 1 && rows[0].size() == 1 ? rows[0][0] : "not one value";
  }
};

TEST_F(StoreRelationsTest, TablesCountRowsWhereTheyAre) {
  const std::string sql =
      "SELECT schema_name, hot_rows, hot_bytes > 0, hot_runs, segments, warm_rows, "
      "warm_bytes > 0, deleted_rows FROM luma_storage.tables WHERE table_name = 't'";
  FillTable();
  EXPECT_EQ(Query(sql), (Rows{{"public", "20000", "true", "1", "0", "0", "false", "0"}}));
  Run("CHECKPOINT; DELETE FROM t WHERE id < 5");
  EXPECT_EQ(Query(sql), (Rows{{"public", "0", "false", "0", "1", "20000", "true", "5"}}));
  Run("DROP TABLE t");
  EXPECT_THAT(Query(sql), IsEmpty());
}

TEST_F(StoreRelationsTest, TablesShowTheirOptions) {
  Run("CREATE TABLE t (at TIMESTAMP) WITH (warm_age = '7d', retention = '30d')");
  EXPECT_EQ(Query("SELECT options FROM luma_storage.tables WHERE table_name IN ('t', 'series') "
                  "ORDER BY table_name"),
            (Rows{{""}, {"retention=30d, warm_age=7d"}}));
}

TEST_F(StoreRelationsTest, WithoutAnObjectStoreNothingIsCold) {
  FillTable();
  Run("CHECKPOINT");
  EXPECT_EQ(Query("SELECT tier, cold_rows, cold_bytes FROM luma_storage.segments "
                  "JOIN luma_storage.tables USING (table_name)"),
            (Rows{{"warm", "0", "0"}}));
  EXPECT_EQ(Query("SELECT configured, objects, moved_runs, failures, last_error, last_error_at "
                  "FROM luma_storage.cold"),
            (Rows{{"false", "0", "0", "0", "NULL", "NULL"}}));
}

TEST_F(StoreRelationsTest, ObjectIdsAreThoseOfTheCatalog) {
  FillTable();
  EXPECT_EQ(Single("SELECT object_id FROM luma_storage.tables WHERE table_name = 't'"),
            Single("SELECT oid FROM pg_catalog.pg_class WHERE relname = 't'"));
}

TEST_F(StoreRelationsTest, SegmentsAreTheFilesOfATable) {
  FillTable();
  EXPECT_THAT(Query("SELECT * FROM luma_storage.segments"), IsEmpty());
  Run("CHECKPOINT; DELETE FROM t WHERE id < 5");
  EXPECT_EQ(Query("SELECT table_name, rows, deleted_rows, blocks, time_column, min_time "
                  "FROM luma_storage.segments"),
            (Rows{{"t", "20000", "5", "6", "NULL", "NULL"}}));
  EXPECT_EQ(Single("SELECT bytes FROM luma_storage.segments"),
            std::to_string(test_.engine().Stats().warm_bytes));
  EXPECT_EQ(Single("SELECT count(*) FROM luma_storage.segments WHERE file_name LIKE '%.seg'"), "1");
}

TEST_F(StoreRelationsTest, SegmentsOfSamplesHaveTheirTimes) {
  auto transaction = test_.engine().Begin();
  const uint64_t series[] = {1, 1, 2};
  const int64_t times[] = {5'000, 7'000, 1'500};
  const double values[] = {1, 2, 3};
  const auto span = [](PhysicalType type, const void* data) {
    return ColumnSpan{.type = type, .count = 3, .values = static_cast<const std::byte*>(data)};
  };
  ASSERT_TRUE(transaction
                  ->Append(storage::kSamplesTableId,
                           std::vector<ColumnSpan>{span(PhysicalType::kUInt64, series),
                                                   span(PhysicalType::kInt64, times),
                                                   span(PhysicalType::kFloat64, values)})
                  .ok());
  ASSERT_TRUE(transaction->Commit().ok());
  Run("CHECKPOINT");
  EXPECT_EQ(Query("SELECT table_name, time_column, min_time, max_time FROM luma_storage.segments"),
            (Rows{{"samples", "ts", "1500000", "7000000"}}));
}

TEST_F(StoreRelationsTest, DownsamplingShowsItsRules) {
  EXPECT_THAT(Query("SELECT * FROM luma_storage.downsampling"), IsEmpty());
  storage::DownsamplingReport never;
  never.match = "up";
  never.after = std::chrono::hours(1);
  never.resolution = std::chrono::minutes(5);
  storage::DownsamplingReport once = never;
  once.match = "";
  once.passes = 1;
  once.samples_in = 20;
  once.rollups_out = 1;
  once.done_until = 300'000;
  once.last_error = "no";
  once.failed_days = 3;
  test_.engine().maintenance().downsampling().Set({never, once});
  EXPECT_EQ(
      Query("SELECT match, after_seconds, resolution_seconds, passes, samples_in, rollups_in, "
            "rollups_out, done_until, last_pass, last_error, failed_days "
            "FROM luma_storage.downsampling"),
      (Rows{
          {"up", "3600.000000", "300.000000", "0", "0", "0", "0", "NULL", "NULL", "NULL", "0"},
          {"", "3600.000000", "300.000000", "1", "20", "0", "1", "300000000", "NULL", "no", "3"}}));
}

TEST_F(StoreRelationsTest, BlocksShowTheirCodecsAndBounds) {
  FillTable();
  Run("CHECKPOINT");
  EXPECT_EQ(Query("SELECT block, column_name, rows, nulls, min_value, max_value "
                  "FROM luma_storage.blocks WHERE table_name = 't' ORDER BY 1, 2"),
            (Rows{{"0", "gap", "16384", "4096", "0.5", "0.5"},
                  {"0", "id", "16384", "0", "0", "16383"},
                  {"0", "word", "16384", "0", "word 0", "word 2"},
                  {"1", "gap", "3616", "904", "0.5", "0.5"},
                  {"1", "id", "3616", "0", "16384", "19999"},
                  {"1", "word", "3616", "0", "word 0", "word 2"}}));
  EXPECT_EQ(
      Query("SELECT column_name, codec FROM luma_storage.blocks WHERE block = 0 ORDER BY 1"),
      (Rows{{"gap", "constant"}, {"id", "delta_bit_pack+zstd"}, {"word", "dictionary+zstd"}}));
  EXPECT_EQ(Single("SELECT count(*) FROM luma_storage.blocks "
                   "WHERE abs(bits_per_value - encoded_bytes * 8.0 / rows) > 1e-9"),
            "0");
  EXPECT_EQ(Single("SELECT sum(encoded_bytes) < (SELECT bytes FROM luma_storage.segments) "
                   "FROM luma_storage.blocks"),
            "true");
}

TEST_F(StoreRelationsTest, BlocksOfDroppedColumnsHaveNoName) {
  FillTable();
  Run("CHECKPOINT; ALTER TABLE t DROP COLUMN gap");
  EXPECT_EQ(Query("SELECT column_name, count(*), count(max_value) FROM luma_storage.blocks "
                  "GROUP BY 1 ORDER BY 1 NULLS LAST"),
            (Rows{{"id", "2", "2"}, {"word", "2", "2"}, {"NULL", "2", "0"}}));
}

TEST_F(StoreRelationsTest, MoreBlocksThanAVectorHoldsAreAllThere) {
  std::string columns;
  for (int i = 0; i < 1500; ++i) columns += (i == 0 ? "c" : ", c") + std::to_string(i) + " INTEGER";
  Run("CREATE TABLE wide (" + columns + ")");
  Run("INSERT INTO wide (c0) SELECT i FROM range(20000) r(i)");
  Run("CHECKPOINT");
  EXPECT_EQ(Query("SELECT count(*), sum(rows), sum(nulls) FROM luma_storage.blocks"),
            (Rows{{"3000", "30000000", "29980000"}}));
}

TEST_F(StoreRelationsTest, AQueryKeepsTheFilesThatItReads) {
  FillTable();
  Run("CHECKPOINT");
  const auto parsed = connection_->Parse("SELECT file_name, codec FROM luma_storage.blocks");
  ASSERT_TRUE(parsed.ok());
  const auto stream = connection_->Execute((*parsed)[0]);
  ASSERT_TRUE(stream.ok());
  const auto other = test_.Connect();
  Run(*other, "DROP TABLE t");
  Run(*other, "CHECKPOINT");
  const auto rows = ReadAll(**stream);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_THAT(*rows, SizeIs(6));
}

TEST_F(StoreRelationsTest, FiguresAreThoseOfTheEngine) {
  FillTable();
  Run("CHECKPOINT; INSERT INTO t SELECT i, '', 1 FROM range(10) r(i)");
  const storage::EngineStats stats = test_.engine().Stats();
  EXPECT_EQ(Query("SELECT tier, rows, bytes FROM luma_storage.tiers"),
            (Rows{{"hot", "10", std::to_string(stats.hot_bytes)},
                  {"warm", "20000", std::to_string(stats.warm_bytes)},
                  {"cold", "0", "0"}}));
  EXPECT_EQ(Single("SELECT bytes FROM luma_storage.wal"), std::to_string(stats.wal_bytes));
  EXPECT_EQ(Query("SELECT files > 0, first_lsn <= last_lsn, acknowledged_lsn = last_lsn, poisoned "
                  "FROM luma_storage.wal"),
            (Rows{{"true", "true", "true", "false"}}));
  EXPECT_EQ(Query("SELECT flushes, flush_written_bytes >= (SELECT sum(bytes) FROM "
                  "luma_storage.segments), merge_failures FROM luma_storage.compactions"),
            (Rows{{"1", "true", "0"}}));
}

TEST_F(StoreRelationsTest, BudgetShowsEveryUseAndTheLimit) {
  FillTable();
  EXPECT_THAT(Query("SELECT use FROM luma_storage.budget"), SizeIs(storage::kBudgetUseCount));
  const storage::MemoryBudget& budget = test_.engine().budget();
  EXPECT_EQ(Query("SELECT booked_bytes, limit_bytes FROM luma_storage.budget "
                  "WHERE use = 'hot_rows'"),
            (Rows{{std::to_string(budget.booked_bytes(storage::BudgetUse::kHotRows)),
                   std::to_string(budget.limit_bytes())}}));
}

TEST_F(StoreRelationsTest, ClientsFindTheRelations) {
  EXPECT_EQ(Query("SELECT table_name FROM information_schema.tables "
                  "WHERE table_schema = 'luma_storage' ORDER BY 1"),
            (Rows{{"blocks"},
                  {"budget"},
                  {"cold"},
                  {"compactions"},
                  {"downsampling"},
                  {"segments"},
                  {"tables"},
                  {"tiers"},
                  {"wal"}}));
  EXPECT_EQ(SqlState("SELECT * FROM luma_storage.nothing"), "42P01");
  Run("CREATE VIEW large AS SELECT table_name FROM luma_storage.tables WHERE warm_rows > 10");
  EXPECT_THAT(Query("SELECT * FROM large"), IsEmpty());
  Run("PREPARE p AS SELECT count(*) FROM luma_storage.segments");
  EXPECT_EQ(Query("EXECUTE p"), (Rows{{"0"}}));
  FillTable();
  Run("CHECKPOINT");
  EXPECT_EQ(Query("EXECUTE p"), (Rows{{"1"}}));
  Restart();
  EXPECT_EQ(Query("SELECT * FROM large"), (Rows{{"t"}}));
}

TEST_F(StoreRelationsTest, TheSchemaIsReadOnly) {
  for (const char* sql :
       {"INSERT INTO luma_storage.budget VALUES ('x', 1, 2)", "DELETE FROM luma_storage.segments",
        "UPDATE luma_storage.tables SET hot_rows = 0", "TRUNCATE luma_storage.blocks",
        "MERGE INTO luma_storage.wal USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
        "DROP VIEW luma_storage.tables", "ALTER VIEW luma_storage.tables RENAME TO t",
        "CREATE TABLE luma_storage.t (a INTEGER)", "CREATE VIEW luma_storage.v AS SELECT 1",
        "CREATE OR REPLACE VIEW luma_storage.tables AS SELECT 1",
        "CREATE INDEX i ON luma_storage.tables (table_name)", "DROP SCHEMA luma_storage CASCADE",
        "EXPLAIN DELETE FROM luma_storage.segments"}) {
    EXPECT_EQ(SqlState(sql), "42501") << sql;
  }
  const auto copy = connection_->Parse("COPY luma_storage.budget FROM STDIN");
  ASSERT_TRUE(copy.ok());
  EXPECT_EQ(connection_->BeginCopyIn((*copy)[0]).status().sqlstate(), "42501");
  EXPECT_EQ(SqlState("CREATE SCHEMA luma_storage"), "42P06");
  EXPECT_THAT(Query("SELECT DISTINCT poisoned FROM luma_storage.wal"), ElementsAre(SizeIs(1)));
}

}  // namespace
}  // namespace luma::sql
