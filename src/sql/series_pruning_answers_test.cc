// Answers with the series index are those without it.
#include <gtest/gtest.h>

#include <iterator>

#include "sql/testing/metrics_database.h"

namespace luma::sql {
namespace {

using storage::kTestNow;
using storage::MakeLabels;

constexpr int kHosts = 5;
constexpr int kSamples = 20;

// Times a second apart; the hosts' samples a millisecond after one another; values are unique.
constexpr std::string_view kEvents =
    "(SELECT to_timestamp(1700000000 + i * 2) AS at FROM generate_series(0, 9) AS t(i)) e";
static_assert(kTestNow == 1'700'000'000'000);

// What is joined with luma.series, under the name s.
constexpr std::string_view kSources[] = {
    "luma.samples s",
    "luma.samples s TABLESAMPLE reservoir(5 ROWS) REPEATABLE (1)",
    "$events ASOF JOIN luma.samples s ON s.ts <= e.at",
    "$events ASOF LEFT JOIN luma.samples s ON s.ts <= e.at",
    "generate_series(1, 40) AS t(g) POSITIONAL JOIN luma.samples s",
    "$events CROSS JOIN luma.samples s",
    "$events LEFT JOIN luma.samples s ON s.ts = e.at",
    "$events FULL JOIN luma.samples s ON s.ts = e.at",
    "luma.samples s LEFT JOIN $events ON s.ts = e.at",
    "(SELECT s.* FROM $events, LATERAL "
    "(SELECT * FROM luma.samples WHERE ts <= e.at ORDER BY ts DESC LIMIT 1) s) s",
    "(SELECT * FROM luma.samples ORDER BY value DESC LIMIT 7) s",
    "(SELECT * FROM luma.samples LIMIT 7) s",
    "(SELECT DISTINCT ON (ts // 1000) series_id, value, ts FROM "
    "(SELECT series_id, value, epoch_ms(ts) AS ts FROM luma.samples) ORDER BY ts // 1000, ts) s",
    "(SELECT *, row_number() OVER (ORDER BY value) AS place FROM luma.samples "
    "QUALIFY place % 3 = 0) s",
    "(SELECT series_id, max(value) AS value FROM luma.samples GROUP BY series_id) s",
    "(SELECT * FROM luma.samples UNION ALL SELECT * FROM luma.samples) s",
};

constexpr std::string_view kJoins[] = {"JOIN",      "LEFT JOIN", "RIGHT JOIN",
                                       "FULL JOIN", "SEMI JOIN", "ANTI JOIN"};

constexpr std::string_view kConditions[] = {
    "r.metric = 'down'",
    "luma_label(r.labels, 'host') = 'h0'",
    "luma_label(r.labels, 'host') ~ '^h[12]$'",
    "luma_label(r.labels, 'host') IN ('h1', 'h4') AND r.metric <> 'down'",
};

std::string Replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string result(text);
  const size_t at = result.find(from);
  return at == std::string::npos ? result : result.replace(at, from.size(), to);
}

// Every source with every join, and the condition in each place that it can have.
std::vector<std::string> Queries() {
  std::vector<std::string> queries;
  for (const std::string_view source : kSources) {
    for (const std::string_view join : kJoins) {
      const std::string condition(kConditions[queries.size() / 3 % std::size(kConditions)]);
      const std::string head =
          "SELECT count(*), count(s.series_id), CAST(sum(s.value) AS bigint) FROM " +
          Replaced(source, "$events", kEvents) + " " + std::string(join) + " ";
      const std::string on = " ON r.series_id = s.series_id";
      queries.push_back(head + "luma.series r" + on + " AND " + condition);
      queries.push_back(head + "(SELECT * FROM luma.series r WHERE " + condition + ") r" + on);
      const bool is_visible = join != "SEMI JOIN" && join != "ANTI JOIN";
      queries.push_back(head + "luma.series r" + on +
                        (is_visible ? " WHERE " + condition : std::string()));
    }
  }
  return queries;
}

class SeriesPruningAnswersTest : public MetricsSqlTest {
 protected:
  SeriesPruningAnswersTest() {
    DatabaseOptions options;
    options.memory_limit_bytes = 256 << 20;
    options.threads = 2;
    auto database = Database::Open(options, engine());
    EXPECT_TRUE(database.ok()) << database.status();
    without_index_ = std::move(database).value();
  }

  void WriteHosts() {
    int value = 0;
    for (int host = 0; host <= kHosts; ++host) {
      storage::TestSeries series{MakeLabels({{"__name__", host == kHosts ? "down" : "up"},
                                             {"host", "h" + std::to_string(host % kHosts)}}),
                                 {}};
      for (int i = 0; i < kSamples; ++i) {
        series.samples.push_back({kTestNow + i * 1'000 + host, static_cast<double>(value++)});
      }
      Write({series});
    }
  }

  std::unique_ptr<Database> without_index_;
};

// Goal: the index only spares reading: which rows a limit, a sample, or an ordered join takes does
// not depend on which series are wanted above it.
TEST_F(SeriesPruningAnswersTest, AreThoseWithoutTheIndex) {
  WriteHosts();
  const auto without_index = without_index_->Connect({});
  for (const std::string& sql : Queries()) {
    SCOPED_TRACE(sql);
    EXPECT_EQ(Query(sql), Query(*without_index, sql));
  }
}

}  // namespace
}  // namespace luma::sql
