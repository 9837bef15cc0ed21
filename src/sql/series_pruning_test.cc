// Relations of metrics read the blocks of wanted series only.
#include <gmock/gmock.h>

#include <algorithm>
#include <regex>

#include "sql/testing/metrics_database.h"

namespace luma::sql {
namespace {

using storage::kTestNow;
using storage::MakeLabels;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SeriesPruningTest : public MetricsSqlTest {
 protected:
  static constexpr int kHosts = 40;
  static constexpr int kSamples = 4'000;

  // up{host="h00"}, up{host="h01"}, ... each with as many samples; h<n> has the value n.
  void WriteHosts() {
    for (int host = 0; host < kHosts; ++host) {
      const std::string name = (host < 10 ? "h0" : "h") + std::to_string(host);
      storage::TestSeries series{
          MakeLabels({{"__name__", "up"}, {"host", name}, {"zone", host % 2 ? "eu" : "us"}}), {}};
      for (int i = 0; i < kSamples; ++i) {
        series.samples.push_back({kTestNow + i * 1'000, static_cast<double>(host)});
      }
      Write({series});
    }
    Write({{MakeLabels({{"__name__", "up"}}), {{kTestNow, -1}}},
           {MakeLabels({{"__name__", "down"}, {"host", "h07"}}), {{kTestNow, 70}}}});
    ASSERT_TRUE(engine().Flush().ok());
  }

  // EXPLAIN's lines as one.
  std::string Explain(const std::string& sql, bool analyze = false) {
    std::string text;
    for (const auto& row : Query((analyze ? "EXPLAIN ANALYZE " : "EXPLAIN ") + sql)) {
      for (const std::string& cell : row) text += cell + "\n";
    }
    return text;
  }
  // Blocks that the scan of luma.samples read.
  int BlocksRead(const std::string& sql) {
    const std::string text = Explain(sql, /*analyze=*/true);
    static const std::regex kBlocks("Blocks:\\s*(\\d+) of (\\d+)");
    int most = 0;  // luma.series has one block
    int read = -1;
    for (std::sregex_iterator it(text.begin(), text.end(), kBlocks), end; it != end; ++it) {
      const int all = std::stoi((*it)[2]);
      if (all < most) continue;
      most = all;
      read = std::stoi((*it)[1]);
    }
    EXPECT_GE(most, 10) << text;
    EXPECT_GE(read, 0) << text;
    return read;
  }
};

TEST_F(SeriesPruningTest, ConditionsOnLabelsChooseBlocks) {
  WriteHosts();
  const int all = BlocksRead("SELECT sum(value) FROM metrics.up");
  EXPECT_GE(all, 10);  // of 16,384 rows
  const struct {
    const char* condition;
    const char* matchers;
    const char* count;
    int blocks_max;
  } kCases[] = {
      {"host = 'h07'", "host=\"h07\"", "4000", 2},
      {"'h07' = host", "host=\"h07\"", "4000", 2},
      {"host IN ('h00', 'h39')", "host=~\"h00|h39\"", "8000", 4},
      {"host LIKE 'h0%'", "host=~\"h0.*\"", "40000", 4},
      {"host LIKE '%h_7'", "host=~\".*h.7\"", "16000", 8},
      {"host ~ '^h0[12]'", "host=~\".*(?:^h0[12]).*\"", "8000", 2},
      {"host IS NOT NULL AND host <> 'h00'", "host!=\"h00\"", "156000", all},
      {"host = 'h07' AND zone = 'us'", "zone=\"us\"", "0", 0},
      {"host = 'none'", "host=\"none\"", "0", 0},
  };
  for (const auto& test : kCases) {
    SCOPED_TRACE(test.condition);
    const std::string from = std::string("FROM metrics.up WHERE ") + test.condition;
    EXPECT_EQ(Query("SELECT count(*) " + from), (Rows{{test.count}}));
    const std::string plan = Explain("SELECT value " + from);
    EXPECT_THAT(std::regex_replace(plan, std::regex("[\\s│]+"), ""), HasSubstr(test.matchers));
    EXPECT_LE(BlocksRead("SELECT sum(value) " + from), test.blocks_max);
  }
}

TEST_F(SeriesPruningTest, SoDoMapsOfLabelsAndMetrics) {
  WriteHosts();
  for (const char* condition :
       {"labels['host'] = 'h07'", "labels->>'host' = 'h07'", "labels['host'] IN ('h07')"}) {
    SCOPED_TRACE(condition);
    const std::string sql =
        std::string("SELECT sum(value) FROM samples WHERE metric = 'up' AND ") + condition;
    EXPECT_EQ(Query(sql), (Rows{{"28000.000000"}}));
    EXPECT_LE(BlocksRead(sql), 2);
  }
  EXPECT_EQ(Query("SELECT value FROM samples WHERE metric = 'down'"), (Rows{{"70.000000"}}));
  EXPECT_LE(BlocksRead("SELECT sum(value) FROM samples WHERE metric = 'down'"), 2);
}

TEST_F(SeriesPruningTest, TimesChooseBlocksToo) {
  WriteHosts();
  const std::string sql =
      "SELECT count(*) FROM metrics.up WHERE host = 'h07' AND ts < to_timestamp(" +
      std::to_string(kTestNow / 1000 + 10) + ")";
  EXPECT_EQ(Query(sql), (Rows{{"10"}}));
  EXPECT_LE(BlocksRead(sql), 2);
}

TEST_F(SeriesPruningTest, NothingIsLostInTheGrowingRunAndAfterDeletes) {
  WriteHosts();
  Write({{MakeLabels({{"__name__", "up"}, {"host", "late"}}), {{kTestNow + 1, 99}}}});
  EXPECT_EQ(Query("SELECT value FROM metrics.up WHERE host = 'late'"), (Rows{{"99.000000"}}));
  Query("BEGIN");
  EXPECT_EQ(Query("SELECT count(*) FROM metrics.up WHERE host = 'h07'"), (Rows{{"4000"}}));
  Query("DELETE FROM luma.samples WHERE value = 7");
  EXPECT_EQ(Query("SELECT count(*) FROM metrics.up WHERE host = 'h07'"), (Rows{{"0"}}));
  Query("ROLLBACK");
  EXPECT_EQ(Query("SELECT count(*) FROM metrics.up WHERE host = 'h07'"), (Rows{{"4000"}}));
}

TEST_F(SeriesPruningTest, SeriesThatHaveLeftMemoryAreFound) {
  WriteHosts();
  clock_.Advance(std::chrono::hours(5));
  EXPECT_EQ(*metrics_.store->RetireSeries(), static_cast<uint64_t>(kHosts) + 2);
  EXPECT_EQ(Query("SELECT count(*) FROM metrics.up WHERE host = 'h07'"), (Rows{{"4000"}}));
  EXPECT_LE(BlocksRead("SELECT sum(value) FROM metrics.up WHERE host = 'h07'"), 2);
}

// Goal: a transaction keeps the series it has seen, though the index has lost them meanwhile.
TEST_F(SeriesPruningTest, ATransactionKeepsSeriesThatAreRemovedMeanwhile) {
  WriteHosts();
  const std::string count = "SELECT count(*) FROM metrics.up WHERE host = 'h07'";
  Query("BEGIN");
  EXPECT_EQ(Query(count), (Rows{{"4000"}}));
  const auto deleted = metrics_.store->DeleteSamples(
      {{*Matcher::Create("host", MatchOp::kEqual, "h07")}}, TimeRange());
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  ASSERT_TRUE(metrics_.store->Expire().ok());
  EXPECT_EQ(metrics_.store->series_removed(), 2u);
  EXPECT_EQ(Query(count), (Rows{{"4000"}}));
  EXPECT_LE(BlocksRead("SELECT sum(value) FROM metrics.up WHERE host = 'h07'"), 2);
  Query("COMMIT");
  EXPECT_EQ(Query(count), (Rows{{"0"}}));
}

// Goal: conditions on labels never lose a row that the scan without them would give.
TEST_F(SeriesPruningTest, SeriesThatTheIndexDoesNotHaveYetAreFound) {
  WriteHosts();
  storage::CommitUnregistered(metrics_,
                              {MakeLabels({{"__name__", "up"}, {"host", "h07"}, {"pod", "new"}}),
                               {{kTestNow, 7}, {kTestNow + 1, 7}}});
  const std::string from = "FROM metrics.up WHERE host = 'h07'";
  EXPECT_EQ(Query("SELECT count(*) " + from), (Rows{{"4002"}}));
  EXPECT_LE(BlocksRead("SELECT sum(value) " + from), 3) << "the others are left out all the same";
}

TEST_F(SeriesPruningTest, JoinsThatKeepRowsWithoutPartnerAreNotPruned) {
  WriteHosts();
  EXPECT_EQ(Query("SELECT count(*), count(r.series_id) FROM luma.samples s LEFT JOIN luma.series r "
                  "ON s.series_id = r.series_id AND r.metric = 'down'"),
            (Rows{{"160002", "1"}}));
  EXPECT_EQ(Query("SELECT count(*) FROM luma.samples s WHERE s.series_id NOT IN "
                  "(SELECT series_id FROM luma.series WHERE metric = 'up')"),
            (Rows{{"1"}}));
  EXPECT_EQ(Query("SELECT count(*) FROM luma.samples s WHERE s.series_id IN "
                  "(SELECT series_id FROM luma.series WHERE metric = 'down')"),
            (Rows{{"1"}}));
}

// host!="h1" is both the label "host!" with = and the label "host" with !=.
TEST_F(SeriesPruningTest, MatchersOfOneTextAreNotMixedUp) {
  Write({{MakeLabels({{"__name__", "up"}, {"host!", "h1"}}), {{kTestNow, 1}}},
         {MakeLabels({{"__name__", "up"}, {"host", "h2"}}), {{kTestNow, 2}, {kTestNow + 1, 3}}}});
  const std::string equal = "(SELECT count(*) FROM samples WHERE labels['host!'] = 'h1')";
  const std::string unequal = "(SELECT count(*) FROM samples WHERE labels['host'] <> 'h1')";
  EXPECT_EQ(Query("SELECT " + equal + ", " + unequal), (Rows{{"1", "2"}}));
  EXPECT_EQ(Query("SELECT " + unequal + ", " + equal), (Rows{{"2", "1"}}));
}

TEST_F(SeriesPruningTest, SelectionsAreBookedAsTheMemoryOfQueries) {
  WriteHosts();
  const std::string sql = "SELECT count(*) FROM luma.series WHERE metric = 'down'";
  storage::MemoryBudget& budget = engine().budget();
  {
    const auto others = budget.Book(storage::BudgetUse::kQuery, budget.limit_bytes() / 2);
    ASSERT_TRUE(others.ok()) << others.status();
    EXPECT_THAT(ErrorOf(sql), StartsWith("53200 "));
  }
  EXPECT_EQ(Query(sql), (Rows{{"1"}}));
  EXPECT_EQ(budget.booked_bytes(storage::BudgetUse::kQuery), 0u);
}

}  // namespace
}  // namespace luma::sql
