// A database with a metrics store over a real engine on a simulated disk.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/promql_engine.h"
#include "sql/testing/test_database.h"
#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::sql {

// Answers what a test tells it to.
class FakePromql final : public PromqlEngine {
 public:
  using Answer = std::function<Result<PromqlAnswer>(const PromqlQuestion&, const MetricsSource&,
                                                    ResultMemory&)>;
  Answer answer = [](const PromqlQuestion&, const MetricsSource&, ResultMemory&) {
    return PromqlAnswer();
  };

  Result<PromqlAnswer> Ask(const PromqlQuestion& question, const MetricsSource& source,
                           ResultMemory& memory) const override {
    return answer(question, source, memory);
  }
  std::string HistogramText(const FloatHistogram& histogram) const override {
    return "{count:" + std::to_string(static_cast<int>(histogram.count)) + "}";
  }
};

class MetricsSqlTest : public testing::Test {
 protected:
  MetricsSqlTest() : metrics_(disk_, clock_, OptionsOn(disk_)) {
    DatabaseOptions options;
    options.memory_limit_bytes = 256 << 20;
    options.threads = 2;
    options.series = &metrics_.store->directory();
    options.promql = &promql_;
    auto database = Database::Open(options, *metrics_.engine);
    EXPECT_TRUE(database.ok()) << database.status();
    database_ = std::move(database).value();
    connection_ = database_->Connect({});
  }

  void Write(const std::vector<storage::TestSeries>& series) {
    const auto written = storage::WriteAndWait(*metrics_.store, storage::MakeBatch(series));
    ASSERT_TRUE(written.ok()) << written.status();
  }
  Rows Query(const std::string& sql) { return Query(*connection_, sql); }
  static Rows Query(Connection& connection, const std::string& sql) {
    const auto rows = RunSql(connection, sql);
    EXPECT_TRUE(rows.ok()) << sql << "\n" << rows.status();
    return rows.ok() ? *rows : Rows{};
  }
  // "22023 message", or "" when it succeeds.
  std::string ErrorOf(const std::string& sql) {
    const Status status = RunSql(*connection_, sql).status();
    return status.ok() ? "" : std::string(status.sqlstate()) + " " + std::string(status.message());
  }
  storage::MultiTierStorage& engine() { return *metrics_.engine; }

  // Series may be retired an hour after their last sample.
  static storage::MetricsOptions OptionsOn(io::FileSystem& fs) {
    storage::MetricsOptions options;
    options.retirement = {
        .fs = &fs, .directory = io::Path("/data/series"), .after = std::chrono::hours(1)};
    return options;
  }

  io::SimDisk disk_;
  ManualClock clock_{storage::kTestNow};
  FakePromql promql_;
  storage::MetricsInstance metrics_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace luma::sql
