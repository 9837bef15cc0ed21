// Metrics as relations: luma.samples and luma.series, filled as the metrics store fills them.
#include <gmock/gmock.h>

#include "model/labels.h"
#include "model/sample.h"
#include "sql/testing/test_database.h"
#include "storage/metrics/rollup_rows.h"
#include "storage/metrics/sample_rows.h"

namespace luma::sql {
namespace {

class MetricRelationsTest : public SqlTest {
 protected:
  MetricRelationsTest() {
    Write({{"__name__", "up"}, {"job", "node"}, {"instance", "a"}}, {{1'000, 1}, {61'000, 0}});
    Write({{"__name__", "up"}, {"job", "db"}}, {{1'500, 1}});
    Write({{"__name__", "http_requests_total"}, {"ts", "odd"}}, {{2'000, 7.5}});
  }

  void Write(std::vector<LabelRef> labels, std::vector<Sample> samples) {
    ++series_count_;
    const auto canonical = Labels::Of(std::move(labels));
    ASSERT_TRUE(canonical.ok());
    auto transaction = test_.engine().Begin();
    storage::RowBuffer series({PhysicalType::kUInt64, PhysicalType::kBytes, PhysicalType::kBytes});
    const uint64_t id = series_count_;
    const StringRef metric(canonical->metric_name());
    const StringRef bytes(canonical->canonical());
    series.Append(std::vector<ColumnSpan>{Span(PhysicalType::kUInt64, &id),
                                          Span(PhysicalType::kBytes, &metric),
                                          Span(PhysicalType::kBytes, &bytes)});
    ASSERT_TRUE(transaction->Append(storage::kSeriesTableId, std::move(series)).ok());
    for (const Sample& sample : samples) {
      ASSERT_TRUE(
          transaction
              ->Append(storage::kSamplesTableId,
                       std::vector<ColumnSpan>{Span(PhysicalType::kUInt64, &id),
                                               Span(PhysicalType::kInt64, &sample.timestamp),
                                               Span(PhysicalType::kFloat64, &sample.value)})
              .ok());
    }
    ASSERT_TRUE(transaction->Commit().ok());
  }

  uint64_t series_count_ = 0;

 private:
  static ColumnSpan Span(PhysicalType type, const void* value) {
    return {.type = type, .count = 1, .values = static_cast<const std::byte*>(value)};
  }
};

TEST_F(MetricRelationsTest, SamplesHaveTheirMetricAndLabels) {
  EXPECT_EQ(Query("SELECT ts, metric, labels['job'], value, series_id FROM samples ORDER BY ts"),
            (Rows{{"1000000", "up", "node", "1.000000", "1"},
                  {"1500000", "up", "db", "1.000000", "2"},
                  {"2000000", "http_requests_total", "NULL", "7.500000", "3"},
                  {"61000000", "up", "node", "0.000000", "1"}}));
  EXPECT_EQ(Query("SELECT labels FROM samples WHERE series_id = 2"), (Rows{{"{\"job\": \"db\"}"}}));
}

TEST_F(MetricRelationsTest, TimesAreFilteredAsPointsInTime) {
  for (const bool flushed : {false, true}) {
    if (flushed) ASSERT_TRUE(test_.engine().Flush().ok());
    EXPECT_EQ(
        Query("SELECT count(*) FROM samples WHERE ts >= TIMESTAMPTZ '1970-01-01 00:00:01.5+00' "
              "AND ts < TIMESTAMPTZ '1970-01-01 00:01:00+00'"),
        (Rows{{"2"}}));
    EXPECT_EQ(Query("SELECT count(*) FROM samples WHERE ts > TIMESTAMPTZ '2020-01-01 00:00:00+00'"),
              (Rows{{"0"}}));
  }
}

TEST_F(MetricRelationsTest, RollupsHaveTheirMetricAndLabels) {
  RollupFold fold;
  for (const Sample& sample : {Sample{61'000, 7}, Sample{90'000, 2}, Sample{120'000, 4}}) {
    fold.Add(Rollup::Of(sample));
  }
  const storage::RollupRow rows[] = {
      {.series = 2, .ts = 120'000, .resolution_ms = 60'000, .rollup = fold.Total()},
      {.series = 2,
       .ts = 180'000,
       .resolution_ms = 60'000,
       .rollup = Rollup::Of({180'000, kStaleNan})}};
  auto transaction = test_.engine().Begin();
  ASSERT_TRUE(transaction->Append(storage::kRollupsTableId, storage::MakeRollupRows(rows)).ok());
  ASSERT_TRUE(transaction->Commit().ok());
  for (const bool flushed : {false, true}) {
    if (flushed) ASSERT_TRUE(test_.engine().Flush().ok());
    EXPECT_EQ(Query("SELECT ts, metric, labels['job'], resolution_ms, count, sum, min, max, first, "
                    "last, first_ts, last_ts, increase, changes, resets, series_id FROM rollups"),
              (Rows{{"120000000", "up", "db", "60000", "3", "13.000000", "2.000000", "7.000000",
                     "7.000000", "4.000000", "61000000", "120000000", "4.000000", "2", "1", "2"}}));
    EXPECT_EQ(Query("SELECT stale_ts FROM luma.rollups WHERE count = 0"), (Rows{{"180000000"}}));
  }
  EXPECT_EQ(SqlState("DELETE FROM luma.rollups"), "42501");
  EXPECT_EQ(SqlState("INSERT INTO luma.rollups SELECT * FROM luma.rollups"), "42501");
}

TEST_F(MetricRelationsTest, ExemplarsHaveTheLabelsOfTheirSeriesAndTheirOwn) {
  storage::ExemplarRows rows;
  const Labels own = *Labels::Of({{"trace_id", "abc"}, {"user", "u"}});  // rows keep views of them
  rows.Add(SeriesId{2}, 1'400, 0.5, own);
  rows.Add(SeriesId{2}, 1'500, 0.25, LabelsView());
  auto transaction = test_.engine().Begin();
  ASSERT_TRUE(transaction->Append(storage::kExemplarsTableId, rows.Finish()).ok());
  ASSERT_TRUE(transaction->Commit().ok());
  for (const bool flushed : {false, true}) {
    if (flushed) ASSERT_TRUE(test_.engine().Flush().ok());
    EXPECT_EQ(
        Query("SELECT ts, metric, labels['job'], value, exemplar['user'], trace_id, series_id "
              "FROM exemplars ORDER BY ts"),
        (Rows{{"1400000", "up", "db", "0.500000", "u", "abc", "2"},
              {"1500000", "up", "db", "0.250000", "NULL", "NULL", "2"}}));
  }
  EXPECT_EQ(SqlState("INSERT INTO luma.exemplars SELECT * FROM luma.exemplars"), "42501");
  EXPECT_EQ(SqlState("DELETE FROM luma.start_times"), "42501");
  Query("DELETE FROM luma.exemplars WHERE value = 0.5");
  EXPECT_EQ(Query("SELECT count(*) FROM luma.exemplars"), (Rows{{"1"}}));
}

TEST_F(MetricRelationsTest, EachMetricIsARelationWithItsLabelsAsColumns) {
  EXPECT_EQ(
      Query("SELECT value, job, instance FROM metrics.up ORDER BY ts"),
      (Rows{{"1.000000", "node", "a"}, {"1.000000", "db", "NULL"}, {"0.000000", "node", "a"}}));
  EXPECT_EQ(Query("SELECT count(*) FROM metrics.up WHERE job = 'node'"), (Rows{{"2"}}));
  EXPECT_EQ(Query("SELECT label_ts FROM metrics.http_requests_total"), (Rows{{"odd"}}));
  EXPECT_EQ(SqlState("SELECT * FROM metrics.nothing"), "42P01");
  EXPECT_EQ(Query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'metrics' "
                  "ORDER BY 1"),
            (Rows{{"http_requests_total"}, {"up"}}));
}

TEST_F(MetricRelationsTest, NewLabelsBecomeColumns) {
  EXPECT_EQ(SqlState("SELECT zone FROM metrics.up"), "42703");
  Write({{"__name__", "up"}, {"zone", "eu"}}, {{5'000, 1}});
  EXPECT_EQ(Query("SELECT zone FROM metrics.up WHERE zone IS NOT NULL"), (Rows{{"eu"}}));
}

TEST_F(MetricRelationsTest, LabelsThatDifferInCaseAreColumnsOfTheirOwn) {
  Write({{"__name__", "m"}, {"Job", "upper"}, {"job", "lower"}, {"label_ts", "x"}, {"ts", "y"}},
        {{1'000, 1}});
  EXPECT_EQ(Query("SELECT job, \"label_Job\", label_ts, label_label_ts FROM metrics.m"),
            (Rows{{"lower", "upper", "x", "y"}}));
}

TEST_F(MetricRelationsTest, TheirSchemasAreClosed) {
  for (const char* sql :
       {"CREATE TABLE metrics.up (a INTEGER)", "CREATE VIEW metrics.up AS SELECT 1 AS a",
        "CREATE OR REPLACE TABLE luma.samples AS SELECT 1 AS a", "CREATE TABLE luma.t (a INTEGER)",
        "CREATE INDEX i ON luma.samples (series_id)", "CREATE SEQUENCE metrics.s",
        "DROP SCHEMA metrics CASCADE", "DROP SCHEMA luma CASCADE"}) {
    EXPECT_EQ(SqlState(sql), "42501") << sql;
  }
  Run("CREATE TABLE IF NOT EXISTS luma.samples (a INTEGER)");
  EXPECT_EQ(Query("SELECT count(*) FROM metrics.up"), (Rows{{"3"}}));
}

TEST_F(MetricRelationsTest, TheyAreReadOnly) {
  EXPECT_EQ(SqlState("INSERT INTO luma.samples VALUES (1, now(), 1)"), "42501");
  EXPECT_EQ(SqlState("UPDATE luma.samples SET value = 0"), "42501");
  EXPECT_EQ(SqlState("DELETE FROM luma.series"), "42501");
  EXPECT_NE(SqlState("INSERT INTO samples VALUES (1)"), "00000");
  EXPECT_EQ(SqlState("TRUNCATE luma.series"), "42501");
  EXPECT_EQ(SqlState("MERGE INTO luma.samples USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE"),
            "42501");
  EXPECT_EQ(SqlState("ALTER TABLE luma.samples ADD COLUMN a INTEGER"), "42501");
  EXPECT_EQ(SqlState("ALTER TABLE luma.series RENAME TO s"), "42501");
  EXPECT_EQ(SqlState("DROP TABLE luma.samples"), "42501");
  EXPECT_NE(SqlState("DROP VIEW metrics.up"), "00000");
  Run("DELETE FROM luma.samples WHERE series_id = 1");
  EXPECT_EQ(Query("SELECT count(*) FROM metrics.up"), (Rows{{"1"}}));
}

TEST_F(MetricRelationsTest, AUsersTableOfTheSameNameComesFirst) {
  Run("CREATE TABLE samples (a INTEGER); INSERT INTO samples VALUES (5)");
  EXPECT_EQ(Query("SELECT a FROM samples"), (Rows{{"5"}}));
  Run("DROP TABLE samples");
  EXPECT_EQ(Query("SELECT count(*) FROM samples"), (Rows{{"4"}}));
}

}  // namespace
}  // namespace luma::sql
