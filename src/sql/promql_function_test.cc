// promql() as a relation. What PromQL answers is a fake's business here: src/server tests the two
// together, tests/integration/test_promql_sql.py with clients.
#include <gmock/gmock.h>

#include "sql/testing/metrics_database.h"

namespace luma::sql {
namespace {

using storage::MakeLabels;
using storage::TestLabels;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::StartsWith;

class PromqlFunctionTest : public MetricsSqlTest {
 protected:
  // Lets promql() give these series, whatever is asked, and remembers what is.
  void Give(std::vector<SeriesSamples> series) {
    promql_.answer = [this, series](const PromqlQuestion& question, const MetricsSource&,
                                    ResultMemory&) -> Result<PromqlAnswer> {
      asked_.push_back(std::string(question.query) + " " + std::to_string(question.start) + ".." +
                       std::to_string(question.end) + "/" + std::to_string(question.step_ms));
      return PromqlAnswer{.series = series};
    };
  }
  // Lets promql() give all samples that it sees.
  void GiveAllSamples() {
    promql_.answer = [](const PromqlQuestion&, const MetricsSource& source,
                        ResultMemory& memory) -> Result<PromqlAnswer> {
      LUMA_ASSIGN_OR_RETURN(std::vector<SeriesSamples> series,
                            source.Select({}, TimeRange(), ReadLimits{.memory = &memory}));
      return PromqlAnswer{.series = std::move(series)};
    };
  }
  // Runs `sql` with text parameters, twice, as clients that prepare do.
  Rows RunPrepared(const std::string& sql, const std::vector<Parameter>& parameters) {
    const auto parsed = connection_->Parse(sql);
    EXPECT_TRUE(parsed.ok()) << parsed.status();
    std::vector<uint32_t> oids;
    for (const Parameter& parameter : parameters) oids.push_back(parameter.type_oid);
    const auto prepared = connection_->Prepare(parsed->front(), oids);
    EXPECT_TRUE(prepared.ok()) << prepared.status();
    if (!prepared.ok()) return {};
    described_.clear();
    for (const ResultColumn& column : (*prepared)->columns()) {
      described_.push_back(column.name + ":" + std::to_string(column.type_oid));
    }
    for (int i = 0;; ++i) {
      const auto stream = connection_->Execute(**prepared, parameters);
      EXPECT_TRUE(stream.ok()) << stream.status();
      if (!stream.ok()) return {};
      const auto rows = ReadAll(**stream);
      EXPECT_TRUE(rows.ok()) << rows.status();
      if (i == 1) return *rows;
    }
  }

  std::vector<std::string> asked_;
  std::vector<std::string> described_;
};

TEST_F(PromqlFunctionTest, EverySampleIsARow) {
  Give({{.labels = MakeLabels({{"__name__", "up"}, {"job", "a"}}),
         .timestamps = {1'000, 2'000},
         .values = {1, 0}},
        {.labels = {}, .timestamps = {1'000}, .values = {0.5}}});
  EXPECT_EQ(Query("SELECT ts, metric, labels, value, histogram FROM promql('x', 1, 2, 1)"),
            (Rows{{"1000000", "up", R"({"job": "a"})", "1.000000", "NULL"},
                  {"2000000", "up", R"({"job": "a"})", "0.000000", "NULL"},
                  {"1000000", "NULL", "{}", "0.500000", "NULL"}}));
  EXPECT_EQ(Query("SELECT labels->>'job', labels['job'], labels->>'none' FROM promql('x') LIMIT 1"),
            (Rows{{"a", "a", "NULL"}}));
}

TEST_F(PromqlFunctionTest, AHistogramHasATextAndNoValue) {
  auto histogram = std::make_shared<FloatHistogram>();
  histogram->count = 3;
  Give(
      {{.labels = {}, .timestamps = {1, 2}, .values = {7, 8}, .histograms = {histogram, nullptr}}});
  EXPECT_EQ(Query("SELECT value, histogram FROM promql('h')"),
            (Rows{{"NULL", "{count:3}"}, {"8.000000", "NULL"}}));
}

TEST_F(PromqlFunctionTest, AnswersOfManyChunksComeWhole) {
  std::vector<SeriesSamples> series;
  for (int s = 0; s < 7; ++s) {
    SeriesSamples& one = series.emplace_back();
    one.labels = TestLabels(std::to_string(s));
    for (int i = 0; i < 1'500; ++i) {
      one.timestamps.push_back(i);
      one.values.push_back(s);
    }
  }
  series.insert(series.begin() + 3, SeriesSamples());  // of no samples
  Give(series);
  EXPECT_EQ(Query("SELECT count(*), sum(value), count(DISTINCT labels), max(ts) FROM promql('x')"),
            (Rows{{"10500", "31500.000000", "7", "1499000"}}));
  EXPECT_EQ(Query("SELECT labels->>'instance', count(*) FROM promql('x') "
                  "WHERE labels->>'instance' = value::int::text GROUP BY 1 ORDER BY 1 LIMIT 2"),
            (Rows{{"0", "1500"}, {"1", "1500"}}));
}

TEST_F(PromqlFunctionTest, TimesAndStepsComeInManyForms) {
  Give({});
  Query(
      "SELECT * FROM promql('a', timestamptz '1970-01-01 00:00:10.0015+00', "
      "'1970-01-01T00:01:00Z', interval '15 seconds')");
  Query("SELECT * FROM promql('b', 10, 60.5, '1m')");
  Query("SELECT * FROM promql('c', '10', '60.25', '0.5')");
  Query("SELECT * FROM promql('d', date '1970-01-02')");
  Query("SELECT * FROM promql('e', -0.001)");
  Query("SELECT * FROM promql('f', to_timestamp(5) - interval '1 second', to_timestamp(5), 1)");
  EXPECT_THAT(asked_,
              ElementsAre("a 10001..60000/15000", "b 10000..60500/60000", "c 10000..60250/500",
                          "d 86400000..86400000/0", "e -1..-1/0", "f 4000..5000/1000"));
}

TEST_F(PromqlFunctionTest, ArgumentsMayHaveNamesAnywhereInAStatement) {
  Give({{.labels = MakeLabels({{"__name__", "up"}}), .timestamps = {1'000}, .values = {1}}});
  const std::string up =
      "(SELECT metric FROM promql('up', step => '1m', start => 0, \"end\" => 60))";
  Query("CREATE TABLE t (id int PRIMARY KEY, name text)");
  Query("INSERT INTO t VALUES (1, 'up'), (2, 'down'), (3, 'up')");
  Query("UPDATE t SET name = " + up + " WHERE id = 2");
  EXPECT_EQ(Query("SELECT count(*) FROM t WHERE name = 'up'"), (Rows{{"3"}}));
  Query("UPDATE t SET name = 'new' WHERE id = 2 AND name IN " + up);
  Query("DELETE FROM t WHERE id = 3 AND name IN " + up);
  Query("WITH known AS " + up + " DELETE FROM t USING known WHERE t.name = known.metric");
  EXPECT_EQ(Query("SELECT id, name FROM t"), (Rows{{"2", "new"}}));
  Query("MERGE INTO t USING " + up +
        " u ON t.name = u.metric WHEN NOT MATCHED THEN INSERT VALUES (4, u.metric)");
  EXPECT_EQ(Query("SELECT id, name FROM t ORDER BY id"), (Rows{{"2", "new"}, {"4", "up"}}));
  Query("CREATE MACRO asked() AS TABLE " + up);
  EXPECT_EQ(Query("SELECT * FROM asked()"), (Rows{{"up"}}));
  ASSERT_FALSE(asked_.empty());
  EXPECT_EQ(asked_.front(), "up 0..60000/60000");
  Query("DELETE FROM t WHERE id IN (SELECT g * 2 FROM generate_series(1, 3) g)");
  EXPECT_EQ(Query("SELECT * FROM t"), (Rows{}));
}

TEST_F(PromqlFunctionTest, ArgumentsMayHaveNames) {
  Give({});
  Query("SELECT * FROM promql('a', step => '10s', \"end\" => 60, start => 0)");
  Query("SELECT * FROM promql(query => 'b', \"time\" => 5)");
  EXPECT_THAT(asked_, ElementsAre("a 0..60000/10000", "b 5000..5000/0"));
  asked_.clear();
  Query("SELECT * FROM promql('a', step => '10s', end_time => 60, start_time => 0)");
  Query("SELECT * FROM promql('b', AT_TIME => 5)");
  EXPECT_THAT(asked_, ElementsAre("a 0..60000/10000", "b 5000..5000/0"));
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('a', at_time => 1, start_time => 1)"),
              StartsWith("42883 "));
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('a', speed => 1)"), StartsWith("42883 "));
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('a', 1, start => 1)"), StartsWith("42883 "));
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('a', step => 1)"), StartsWith("42883 "));
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('a', 1, 2)"), StartsWith("42883 "));
  EXPECT_THAT(ErrorOf("SELECT * FROM promql()"), StartsWith("42883 "));
}

TEST_F(PromqlFunctionTest, WithoutATimeItIsThatOfTheTransaction) {
  Give({});
  Query("BEGIN; SELECT * FROM promql('a'); SELECT * FROM promql('a', now()); COMMIT");
  ASSERT_EQ(asked_.size(), 2u);
  EXPECT_EQ(asked_[0], asked_[1]);
}

TEST_F(PromqlFunctionTest, ParametersAreArguments) {
  Give({{.labels = {}, .timestamps = {1}, .values = {2}}});
  const std::vector<Parameter> texts = {{.bytes = "up"}, {.bytes = "1"}, {.bytes = "9"}};
  EXPECT_EQ(RunPrepared("SELECT * FROM promql($1, $2, $3, '2s')", texts),
            (Rows{{"1000", "NULL", "{}", "2.000000", "NULL"}}));
  EXPECT_THAT(described_,
              ElementsAre("ts:1184", "metric:25", "labels:114", "value:701", "histogram:25"));
  EXPECT_THAT(asked_, ElementsAre("up 1000..9000/2000", "up 1000..9000/2000"));
  asked_.clear();
  const std::vector<Parameter> typed = {{.type_oid = 25, .bytes = "up"},
                                        {.type_oid = 1184, .bytes = "1970-01-01 00:00:07+00"},
                                        {.type_oid = 1186, .bytes = "00:00:30"}};
  RunPrepared("SELECT value FROM promql($1, $2, $2 + interval '1 minute', $3)", typed);
  EXPECT_THAT(asked_, ElementsAre("up 7000..67000/30000", "up 7000..67000/30000"));
}

TEST_F(PromqlFunctionTest, ParametersOfAMergeAreArguments) {
  Give({{.labels = MakeLabels({{"__name__", "up"}}), .timestamps = {1'000}, .values = {1}}});
  Query("CREATE TABLE t (name text)");
  RunPrepared(
      "MERGE INTO t USING promql($1, $2) u ON t.name = u.metric "
      "WHEN NOT MATCHED THEN INSERT VALUES (u.metric)",
      {{.bytes = "up"}, {.bytes = "1"}});
  EXPECT_THAT(described_, IsEmpty());
  EXPECT_EQ(Query("SELECT * FROM t"), (Rows{{"up"}}));
}

TEST_F(PromqlFunctionTest, ColumnsOfALateralJoinAreArguments) {
  Give({{.labels = {}, .timestamps = {1}, .values = {2}}});
  Query("CREATE TABLE questions (id INTEGER, query TEXT)");
  Query("INSERT INTO questions VALUES (1, 'a'), (2, 'b')");
  EXPECT_EQ(Query("SELECT q.id, p.value FROM questions q, LATERAL promql(q.query, q.id) p "
                  "ORDER BY q.id"),
            (Rows{{"1", "2.000000"}, {"2", "2.000000"}}));
  EXPECT_THAT(asked_, testing::UnorderedElementsAre("a 1000..1000/0", "b 2000..2000/0"));
}

TEST_F(PromqlFunctionTest, ItJoinsAndCanBeAView) {
  Give({{.labels = MakeLabels({{"host", "h1"}}), .timestamps = {1}, .values = {2}},
        {.labels = MakeLabels({{"host", "h2"}}), .timestamps = {1}, .values = {3}}});
  Query("CREATE TABLE hosts (name TEXT PRIMARY KEY, team TEXT)");
  Query("INSERT INTO hosts VALUES ('h1', 'red'), ('h2', 'blue')");
  EXPECT_EQ(Query("SELECT team, value FROM hosts JOIN promql('x') p ON name = p.labels->>'host' "
                  "ORDER BY 1"),
            (Rows{{"blue", "3.000000"}, {"red", "2.000000"}}));
  Query("CREATE VIEW load AS SELECT * FROM promql('load', 1, 2, 1)");
  EXPECT_EQ(Query("SELECT count(*) FROM load"), (Rows{{"2"}}));
}

TEST_F(PromqlFunctionTest, BadArgumentsAreRefused) {
  Give({});
  EXPECT_EQ(ErrorOf("SELECT * FROM promql(NULL)"), "22023 promql: query must not be null");
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', NULL)"), "22023 promql: time must not be null");
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', 1, NULL, 1)"), "22023 promql: end must not be null");
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', 1, 2, NULL)"),
            "22023 promql: step must not be null");
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', 3, 2, 1)"),
            "22023 promql: end must not be before start");
  for (const char* step : {"0", "-1", "'0s'", "interval '-1 minute'", "'0.0001'"}) {
    EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', 1, 2, " + std::string(step) + ")"),
              "22023 promql: step must be at least a millisecond");
  }
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', 1, 2, interval '1 month')"),
            "22023 promql: step must not count months or years");
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', timestamptz 'infinity')"),
            "22023 promql: time must be finite");
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', 1e300)"), "22023 promql: time is out of range");
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('a', 'nan'::double)"),
            "22023 promql: time is out of range");
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('a', 'yesterday evening')"), StartsWith("22007 "));
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('a', 1, 2, 'often')"), StartsWith("22"));
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(PromqlFunctionTest, ErrorsOfPromqlComeAsTheyAre) {
  promql_.answer = [](const PromqlQuestion&, const MetricsSource&,
                      ResultMemory&) -> Result<PromqlAnswer> {
    return Status::SyntaxError("1:5: parse error: unexpected end of input");
  };
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('sum(')"),
            "42601 1:5: parse error: unexpected end of input");
  EXPECT_EQ(Query("SELECT 1"), (Rows{{"1"}}));
}

TEST_F(PromqlFunctionTest, WarningsBecomeNotices) {
  promql_.answer = [](const PromqlQuestion&, const MetricsSource&,
                      ResultMemory&) -> Result<PromqlAnswer> {
    return PromqlAnswer{.warnings = {"PromQL warning: w"}, .infos = {"PromQL info: i"}};
  };
  Query("SELECT * FROM promql('x')");
  const std::vector<StatementNotice> notices = connection_->TakeNotices();
  ASSERT_EQ(notices.size(), 2u);
  EXPECT_TRUE(notices[0].is_warning);
  EXPECT_EQ(notices[0].message, "PromQL warning: w");
  EXPECT_FALSE(notices[1].is_warning);
  EXPECT_THAT(connection_->TakeNotices(), IsEmpty());
}

TEST_F(PromqlFunctionTest, MemoryIsBookedUntilTheAnswerIsGivenAway) {
  using storage::BudgetUse;
  uint64_t booked_after = 0;
  promql_.answer = [&](const PromqlQuestion&, const MetricsSource&,
                       ResultMemory& memory) -> Result<PromqlAnswer> {
    LUMA_RETURN_IF_ERROR(memory.Book(1 << 20));
    booked_after = engine().budget().booked_bytes(BudgetUse::kQuery);
    return PromqlAnswer();
  };
  const uint64_t before = engine().budget().booked_bytes(BudgetUse::kQuery);
  Query("SELECT * FROM promql('x')");
  EXPECT_EQ(booked_after, before + (1 << 20));
  EXPECT_EQ(engine().budget().booked_bytes(BudgetUse::kQuery), before);
  promql_.answer = [&](const PromqlQuestion&, const MetricsSource&,
                       ResultMemory& memory) -> Result<PromqlAnswer> {
    LUMA_RETURN_IF_ERROR(memory.Book(engine().budget().limit_bytes()));
    return PromqlAnswer();
  };
  EXPECT_THAT(ErrorOf("SELECT * FROM promql('x')"), StartsWith("53200 "));
}

// An endless evaluation learns of both when it books.
TEST_F(PromqlFunctionTest, InterruptsAndTimeoutsEndIt) {
  promql_.answer = [&](const PromqlQuestion& question, const MetricsSource&,
                       ResultMemory& memory) -> Result<PromqlAnswer> {
    if (question.query == "mine") connection_->Interrupt();
    for (;;) LUMA_RETURN_IF_ERROR(memory.Book(0));
  };
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('mine')"),
            "57014 canceling statement due to user request");
  connection_->SetStatementTimeout(std::chrono::milliseconds(20));
  EXPECT_EQ(ErrorOf("SELECT * FROM promql('x')"),
            "57014 canceling statement due to statement timeout");
}

// Goal: it sees what the other relations of the transaction see.
TEST_F(PromqlFunctionTest, ItReadsTheSnapshotOfTheTransaction) {
  GiveAllSamples();
  const std::string count = "SELECT count(*), (SELECT count(*) FROM samples) FROM promql('m')";
  Write({{TestLabels("a"), {{storage::kTestNow, 1}, {storage::kTestNow + 1, 2}}}});
  Query("BEGIN");
  EXPECT_EQ(Query(count), (Rows{{"2", "2"}}));
  Write({{TestLabels("a"), {{storage::kTestNow + 2, 3}}},
         {TestLabels("b"), {{storage::kTestNow, 4}}}});
  EXPECT_EQ(Query(count), (Rows{{"2", "2"}}));
  Query("DELETE FROM luma.samples WHERE value = 1");
  EXPECT_EQ(Query(count), (Rows{{"1", "1"}}));
  EXPECT_EQ(Query(*database_->Connect({}), count), (Rows{{"4", "4"}}));
  Query("COMMIT");
  EXPECT_EQ(Query(count), (Rows{{"3", "3"}}));
}

TEST_F(PromqlFunctionTest, SeriesThatAreRemovedMeanwhileStayInTheTransaction) {
  GiveAllSamples();
  Write({{TestLabels("a"), {{storage::kTestNow, 1}}}, {TestLabels("b"), {{storage::kTestNow, 2}}}});
  const std::string labels = "SELECT labels->>'instance', value FROM promql('m') ORDER BY 1";
  Query("BEGIN");
  EXPECT_EQ(Query("SELECT count(*) FROM samples"), (Rows{{"2"}}));
  ASSERT_TRUE(metrics_.store->DeleteSamples({{}}, TimeRange()).ok());
  ASSERT_TRUE(metrics_.store->Expire().ok());
  ASSERT_EQ(metrics_.store->series_removed(), 2u);
  EXPECT_EQ(Query(labels), (Rows{{"a", "1.000000"}, {"b", "2.000000"}}));
  Query("COMMIT");
  EXPECT_EQ(Query(labels), Rows{});
}

TEST_F(PromqlFunctionTest, SeriesThatTheIndexDoesNotHaveYetAreThere) {
  GiveAllSamples();
  Write({{TestLabels("a"), {{storage::kTestNow, 1}}}});
  storage::CommitUnregistered(metrics_, {TestLabels("b"), {{storage::kTestNow, 2}}});
  EXPECT_EQ(Query("SELECT count(*), (SELECT count(*) FROM samples) FROM promql('m')"),
            (Rows{{"2", "2"}}));
}

TEST_F(PromqlFunctionTest, ItIsInTheCatalog) {
  EXPECT_EQ(Query("SELECT DISTINCT proname FROM pg_catalog.pg_proc WHERE proname = 'promql'"),
            (Rows{{"promql"}}));
}

}  // namespace
}  // namespace luma::sql
