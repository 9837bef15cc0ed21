// Scan, filter and group-by over our tables against native DuckDB tables (in memory, uncompressed)
// of the same instance, as temporary tables are. One query on one side per benchmark; "warm" reads
// segment files, "hot" the rows in memory before a flush, "native" is DuckDB's own table.
//   bench/sql_scan.sh
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "io/file_system.h"
#include "sql/database.h"
#include "storage/engine.h"

namespace luma::sql {
namespace {

constexpr const char* kRows =
    "SELECT i AS id, (hash(i) % 1000)::INTEGER AS k, (hash(i + 7) % 1000000)::DOUBLE / 100 AS v, "
    "['get', 'put', 'delete', 'list'][(1 + hash(i + 3) % 4)::BIGINT] AS verb "
    "FROM range(4000000) t(i)";

struct Query {
  const char* name;
  const char* text;  // %s is the table
};
constexpr Query kQueries[] = {
    {"sum", "SELECT sum(v) FROM %s"},
    {"count", "SELECT count(*) FROM %s"},
    {"filter_1_percent", "SELECT count(*), sum(v) FROM %s WHERE v < 100"},
    {"filter_50_percent", "SELECT count(*), sum(v) FROM %s WHERE v < 5000"},
    {"id_range", "SELECT sum(v) FROM %s WHERE id BETWEEN 2000000 AND 2008000"},
    {"group_by_1000", "SELECT k, count(*), sum(v) FROM %s GROUP BY k"},
    {"group_by_text", "SELECT verb, count(*), avg(v) FROM %s GROUP BY verb"},
    {"top_10", "SELECT * FROM %s ORDER BY v DESC LIMIT 10"},
};
constexpr const char* kTables[] = {"native", "hot", "warm"};

// The value, or the end of the benchmark with the reason.
template <typename T>
T OrDie(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "%s\n", std::string(result.status().message()).c_str());
    std::abort();
  }
  return std::move(result).value();
}

class Store {
 public:
  Store() : directory_((std::filesystem::temp_directory_path() / "luma_sql_scan_bench").string()) {
    std::filesystem::remove_all(directory_);
    storage::EngineOptions options{.data_dir = directory_};
    options.background_flush = false;
    options.memory_limit_bytes = 8ull << 30;
    engine_ =
        OrDie(storage::MultiTierStorage::Open(options, io::FileSystem::Posix(), Clock::System()));
    database_ = OrDie(Database::Open({.memory_limit_bytes = 4ull << 30, .temp_dir = {}}, *engine_));
    connection_ = database_->Connect({});
    Run(std::string("CREATE TABLE warm AS ") + kRows);
    LUMA_CHECK(engine_->Flush().ok());
    Run(std::string("CREATE TABLE hot AS ") + kRows);
    Run(std::string("CREATE TEMPORARY TABLE native AS ") + kRows);
  }
  ~Store() {
    connection_.reset();
    database_.reset();
    engine_.reset();
    std::filesystem::remove_all(directory_);
  }

  uint64_t Run(const std::string& text) {
    const auto statements = OrDie(connection_->Parse(text));
    LUMA_CHECK(statements.size() == 1);
    const auto stream = OrDie(connection_->Execute(statements.front()));
    uint64_t rows = 0;
    while (const auto batch = OrDie(stream->Next())) rows += batch->row_count;
    return rows;
  }

 private:
  const std::string directory_;
  std::unique_ptr<storage::MultiTierStorage> engine_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

std::string Fill(const char* text, const char* table) {
  std::string query = text;
  return query.replace(query.find("%s"), 2, table);
}

void BM_Query(benchmark::State& state, const Query& query, const char* table) {
  static Store store;
  const std::string text = Fill(query.text, table);
  for (auto _ : state) benchmark::DoNotOptimize(store.Run(text));
}

void RegisterAll() {
  for (const Query& query : kQueries) {
    for (const char* table : kTables) {
      const std::string name = std::string(query.name) + "/" + table;
      benchmark::RegisterBenchmark(name.c_str(), BM_Query, query, table)
          ->Unit(benchmark::kMillisecond)
          ->MeasureProcessCPUTime();
    }
  }
}

}  // namespace
}  // namespace luma::sql

int main(int count, char** arguments) {
  benchmark::Initialize(&count, arguments);
  luma::sql::RegisterAll();
  benchmark::RunSpecifiedBenchmarks();
}
