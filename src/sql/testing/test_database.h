// A database over a real engine on a simulated disk, and connections that give results as text.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "io/sim_disk.h"
#include "sql/database.h"
#include "storage/engine.h"

namespace luma::sql {

using Rows = std::vector<std::vector<std::string>>;  // values as text; "NULL" for null

namespace internal {

inline std::string Int128Text(Int128 value) {
  __extension__ using Wide = __int128;
  Wide wide = (static_cast<Wide>(value.high) << 64) | value.low;
  const bool negative = wide < 0;
  std::string digits;
  do {
    const int digit = static_cast<int>(wide % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
    wide /= 10;
  } while (wide != 0);
  if (negative) digits.push_back('-');
  std::ranges::reverse(digits);
  return digits;
}

inline std::string DecimalText(Int128 value, uint8_t scale) {
  std::string text = Int128Text(value);
  if (scale == 0) return text;
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);
  if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
  text.insert(text.size() - scale, ".");
  return (negative ? "-" : "") + text;
}

inline std::string ValueText(const ResultColumn& column, const ColumnSpan& span, uint32_t row) {
  if (span.IsNull(row)) return "NULL";
  switch (column.kind) {
    case ValueKind::kBool:
      return span.As<bool>()[row] ? "true" : "false";
    case ValueKind::kInt16:
      return std::to_string(span.As<int16_t>()[row]);
    case ValueKind::kInt32:
    case ValueKind::kDate:
      return std::to_string(span.As<int32_t>()[row]);
    case ValueKind::kInt64:
    case ValueKind::kTime:
    case ValueKind::kTimestamp:
    case ValueKind::kTimestampTz:
      return std::to_string(span.As<int64_t>()[row]);
    case ValueKind::kFloat32:
      return std::to_string(span.As<float>()[row]);
    case ValueKind::kFloat64:
      return std::to_string(span.As<double>()[row]);
    case ValueKind::kDecimal:
      return DecimalText(span.As<Int128>()[row], column.decimal_scale);
    case ValueKind::kUuid:
      return Int128Text(span.As<Int128>()[row]);
    case ValueKind::kInterval: {
      const auto& interval = span.As<IntervalValue>()[row];
      return std::to_string(interval.months) + "m" + std::to_string(interval.days) + "d" +
             std::to_string(interval.micros) + "us";
    }
    case ValueKind::kText:
    case ValueKind::kBlob:
    case ValueKind::kRendered:
      return std::string(span.As<StringRef>()[row].view());
  }
  return "?";
}

}  // namespace internal

// The rows of one result.
inline Result<Rows> ReadAll(ResultStream& stream) {
  Rows rows;
  for (;;) {
    LUMA_ASSIGN_OR_RETURN(const auto batch, stream.Next());
    if (!batch) return rows;
    for (uint32_t row = 0; row < batch->row_count; ++row) {
      auto& values = rows.emplace_back();
      for (size_t i = 0; i < batch->columns.size(); ++i) {
        values.push_back(internal::ValueText(stream.columns()[i], batch->columns[i], row));
      }
    }
  }
}

// Every row of the last statement in `sql`, or the first error.
inline Result<Rows> RunSql(Connection& connection, const std::string& sql) {
  LUMA_ASSIGN_OR_RETURN(const auto statements, connection.Parse(sql));
  Rows rows;
  for (const ParsedStatement& statement : statements) {
    LUMA_ASSIGN_OR_RETURN(const auto stream, connection.Execute(statement));
    LUMA_ASSIGN_OR_RETURN(rows, ReadAll(*stream));
  }
  return rows;
}

class TestDatabase {
 public:
  TestDatabase() { Open(); }

  std::unique_ptr<Connection> Connect() { return database_->Connect({}); }
  Database& database() { return *database_; }
  storage::MultiTierStorage& engine() { return *engine_; }
  // Closes everything and recovers from disk, as a restart of the server does.
  void Restart();

 private:
  void Open();

  io::SimDisk disk_;
  ManualClock clock_{1'700'000'000'000};
  std::unique_ptr<storage::MultiTierStorage> engine_;
  std::unique_ptr<Database> database_;
};

inline void TestDatabase::Open() {
  storage::EngineOptions options{.data_dir = "/data"};
  options.background_flush = false;
  options.wal_segment_bytes = 1 << 20;
  auto engine = storage::MultiTierStorage::Open(options, disk_, clock_);
  ASSERT_TRUE(engine.ok()) << engine.status();
  engine_ = std::move(engine).value();
  DatabaseOptions database_options;
  database_options.memory_limit_bytes = 256 << 20;
  database_options.threads = 2;
  database_options.temp_dir = testing::TempDir() + "luma_sql_test";
  auto database = Database::Open(database_options, *engine_);
  ASSERT_TRUE(database.ok()) << database.status();
  database_ = std::move(database).value();
}

inline void TestDatabase::Restart() {
  database_.reset();
  engine_.reset();
  Open();
}

// One connection; statements that must succeed, and the codes of those that must not.
class SqlTest : public testing::Test {
 protected:
  SqlTest() : connection_(test_.Connect()) {}

  void Run(const std::string& sql) { Run(*connection_, sql); }
  static void Run(Connection& connection, const std::string& sql) {
    const auto rows = RunSql(connection, sql);
    EXPECT_TRUE(rows.ok()) << sql << "\n" << rows.status();
  }
  Rows Query(const std::string& sql) { return Query(*connection_, sql); }
  static Rows Query(Connection& connection, const std::string& sql) {
    const auto rows = RunSql(connection, sql);
    EXPECT_TRUE(rows.ok()) << sql << "\n" << rows.status();
    return rows.ok() ? *rows : Rows{};
  }
  // "42P01", or "00000" when it succeeds.
  std::string SqlState(const std::string& sql) { return SqlState(*connection_, sql); }
  static std::string SqlState(Connection& connection, const std::string& sql) {
    return std::string(RunSql(connection, sql).status().sqlstate());
  }
  void Restart() {
    connection_.reset();
    test_.Restart();
    connection_ = test_.Connect();
  }

  TestDatabase test_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace luma::sql
