// SQL over the storage engine: DuckDB as parser, optimizer and executor behind plain types. The
// only folder that sees DuckDB headers or exceptions; nothing durable lives in it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/column.h"
#include "base/status.h"
#include "model/value.h"
#include "storage/engine.h"

namespace luma::storage {
class SeriesDirectory;
}

namespace luma::sql {

class PromqlEngine;

// How a result column's values lie in a ResultBatch.
enum class ValueKind : uint8_t {
  kBool,
  kInt16,
  kInt32,
  kInt64,
  kFloat32,
  kFloat64,
  kDecimal,      // Int128, scaled by 10^scale
  kText,         // StringRef, UTF-8
  kBlob,         // StringRef, raw bytes
  kDate,         // int32 days since 1970-01-01; INT32_MAX is infinity, -INT32_MAX is -infinity
  kTime,         // int64 microseconds since midnight
  kTimestamp,    // int64 microseconds since 1970-01-01; INT64_MAX infinity, -INT64_MAX -infinity
  kTimestampTz,  // as kTimestamp, UTC
  kInterval,     // IntervalValue
  kUuid,         // Int128 as DuckDB stores it (top bit flipped)
  kRendered,     // StringRef: the value in PostgreSQL's text form (arrays, JSON, structs, timetz)
};

struct ResultColumn {
  std::string name;
  uint32_t type_oid = 25;  // PostgreSQL's, see DUCKDB mapping in result_types.h
  int32_t type_modifier = -1;
  int16_t type_length = -1;
  ValueKind kind = ValueKind::kText;
  uint8_t decimal_scale = 0;
  uint32_t table_oid = 0;  // and attribute number, when the column is plainly one of a table
  int16_t attribute_number = 0;
};

// Up to a few thousand rows. Spans are valid while the batch lives.
struct ResultBatch {
  uint32_t row_count = 0;
  std::vector<ColumnSpan> columns;
  std::shared_ptr<const void> owner;
};

enum class StatementKind : uint8_t {
  kSelect,  // returns rows
  kInsert,
  kUpdate,
  kDelete,
  kMerge,
  kCopyFromStdin,  // the session feeds rows through CopyIn
  kCopyToStdout,   // executes as the inner query; the session formats
  kBegin,
  kCommit,
  kRollback,
  kDdl,
  kSet,
  kShow,
  kExplain,
  kOther,
};

enum class CopyFormat : uint8_t { kText, kCsv, kBinary };
struct CopyOptions {
  CopyFormat format = CopyFormat::kText;
  char delimiter = '\t';
  std::string null_text = "\\N";  // "" for CSV
  bool header = false;
  char quote = '"';
  char escape = '"';
  std::string table;                 // qualified as written, for COPY FROM
  std::vector<std::string> columns;  // empty: all
};

// One statement of a query string. Copyable; no connection state.
struct ParsedStatement {
  StatementKind kind = StatementKind::kOther;
  std::string text;         // this statement alone
  int text_offset = 0;      // characters before it in the query string, for error positions
  std::string command_tag;  // "SELECT", "CREATE TABLE", "INSERT 0" ... without counts
  bool returns_rows = false;
  int parameter_count = 0;
  CopyOptions copy;  // kCopyFromStdin, kCopyToStdout
};

// A running statement. Threads: one at a time; Connection::Interrupt from any.
class ResultStream {
 public:
  virtual ~ResultStream() = default;
  virtual const std::vector<ResultColumn>& columns() const = 0;
  // The next batch; null at the end. Executes lazily: memory stays bounded whatever the result's
  // size. Errors end the stream.
  virtual Result<std::shared_ptr<const ResultBatch>> Next() = 0;
  // Rows inserted, updated or deleted, or rows returned; valid at the end.
  virtual uint64_t affected_rows() const = 0;
};

// A parameter value as the client sent it, already split from the message.
struct Parameter {
  uint32_t type_oid = 0;  // 0: inferred
  bool is_null = false;
  bool is_binary = false;
  std::string bytes;
};

class PreparedStatement {
 public:
  virtual ~PreparedStatement() = default;
  virtual const ParsedStatement& parsed() const = 0;
  virtual const std::vector<uint32_t>& parameter_oids() const = 0;  // every one resolved
  virtual const std::vector<ResultColumn>& columns() const = 0;     // empty: returns no rows
};

// Feeds COPY ... FROM STDIN: the session splits the client's bytes into fields, this converts them
// to the columns' types and appends them within the connection's transaction.
class CopyIn {
 public:
  virtual ~CopyIn() = default;
  virtual const std::vector<ResultColumn>& columns() const = 0;
  // Text fields, row-major; nullopt is NULL. Errors name the row, as SQL conversion errors do.
  virtual Status AppendRows(std::span<const std::optional<std::string_view>> fields) = 0;
  virtual Result<uint64_t> Finish() = 0;  // rows copied; constraint checks are done
};

struct ConnectionOptions {
  std::string user = "luma";
  std::string database = "luma";
  std::string application_name;
  std::string client_address;
  int32_t backend_pid = 0;
};

enum class TransactionState : uint8_t { kIdle, kInTransaction, kFailed };

// What a statement tells the user besides its result.
struct StatementNotice {
  bool is_warning = false;
  std::string message;
};

// One client's SQL state: transaction, settings, prepared plans. Created lazily inside, so an idle
// connection that has never run SQL costs little.
// Threads: one at a time; Interrupt from any. At most one open ResultStream.
class Connection {
 public:
  virtual ~Connection() = default;

  // Splits and classifies. Accepts PostgreSQL spellings that the pre-pass rewrites. Errors:
  // kSyntaxError with position. An empty or comment-only text yields no statements.
  virtual Result<std::vector<ParsedStatement>> Parse(std::string_view text) = 0;

  // Declared oids may be shorter than the parameter list, 0 means "infer".
  virtual Result<std::shared_ptr<PreparedStatement>> Prepare(
      const ParsedStatement& statement, std::span<const uint32_t> declared_oids) = 0;

  // Runs a statement without parameters, or a prepared one. Outside an explicit transaction each
  // statement is its own, committed (durable) by the time the stream has ended. BEGIN, COMMIT and
  // ROLLBACK come through here as well. In a failed transaction everything but ROLLBACK/COMMIT
  // returns kFailedTransaction.
  virtual Result<std::unique_ptr<ResultStream>> Execute(const ParsedStatement& statement) = 0;
  virtual Result<std::unique_ptr<ResultStream>> Execute(const PreparedStatement& statement,
                                                        std::span<const Parameter> parameters) = 0;
  virtual Result<std::unique_ptr<CopyIn>> BeginCopyIn(const ParsedStatement& statement) = 0;

  // An implicit transaction around several statements of one simple-query message: between Begin
  // and End, statements outside an explicit transaction share one. End commits it, or rolls back
  // when `success` is false or it has failed; an explicit BEGIN inside takes it over.
  virtual Status BeginImplicit() = 0;
  virtual Status EndImplicit(bool success) = 0;

  virtual TransactionState transaction_state() const = 0;
  virtual void Interrupt() = 0;  // cancels what runs: kCancelled
  virtual void SetStatementTimeout(std::chrono::milliseconds timeout) = 0;  // 0: none
  // While an open stream waits for the client to ask for more rows, the statement's time does not
  // run out; it starts anew when the client asks.
  virtual void PauseStatementTimeout() = 0;
  virtual void RestartStatementTimeout() = 0;
  virtual std::optional<std::string> GetSetting(std::string_view name) = 0;  // SHOW
  // Those since the last call, in order; all of a statement's once its stream has ended.
  virtual std::vector<StatementNotice> TakeNotices() { return {}; }
  // Drops transaction, prepared plans, settings, temporary objects (DISCARD ALL).
  virtual void Reset() = 0;
};

struct DatabaseOptions {
  uint64_t memory_limit_bytes = 1ull << 30;
  int threads = 0;       // 0: number of cores
  std::string temp_dir;  // spill files; must be inside the data directory
  uint64_t temp_bytes_max = 16ull << 30;
  // The series of the engine's metrics, by which their scans are pruned, and what answers promql().
  // Null: neither is there. Lifetime: both outlive the database.
  const storage::SeriesDirectory* series = nullptr;
  const PromqlEngine* promql = nullptr;
};

// Threads: any. The engine outlives it.
class Database {
 public:
  // Errors: kInternal when the loaded DuckDB library is not exactly the version of the headers.
  static Result<std::unique_ptr<Database>> Open(DatabaseOptions options,
                                                storage::MultiTierStorage& engine);
  virtual ~Database() = default;
  virtual std::unique_ptr<Connection> Connect(ConnectionOptions options) = 0;
};

}  // namespace luma::sql
