// A SQL layer of a few made-up statements, so that the protocol is tested without an engine:
//
//   select N            one row, one int4 column "n"
//   series N            rows 1..N of an int8, made lazily, 100 a batch
//   wide N BYTES        N rows of one text of that size
//   echo $1             the parameter, as text
//   insert N            N rows: adds N to the table of the transaction
//   returning N         as insert, and returns the rows
//   total               what the table holds, as an int8
//   fail                an error with a position
//   breakoff N          N rows, then an error
//   sleep               waits until it is interrupted
//   set NAME VALUE      changes a setting; set_config NAME VALUE: the same, and returns the value
//   deallocate, discard nothing, and forgets all settings
//   begin, commit, rollback, copy in [csv], copy out N [csv], copy binary
//
// Statements end at ';'. The table's content is one number, visible to others when committed.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "session/session.h"
#include "sql/database.h"

namespace luma::pgwire::testing {

class FakeDatabase;

// A batch of one column, which owns its bytes.
class FakeBatch {
 public:
  template <typename T>
  static std::shared_ptr<const sql::ResultBatch> Of(PhysicalType type, std::vector<T> values) {
    auto owned = std::make_shared<std::vector<T>>(std::move(values));
    return Make(type, reinterpret_cast<const std::byte*>(owned->data()),
                static_cast<uint32_t>(owned->size()), owned);
  }
  static std::shared_ptr<const sql::ResultBatch> OfTexts(std::vector<std::string> texts) {
    struct Owned {
      std::vector<std::string> texts;
      std::vector<StringRef> refs;
    };
    auto owned = std::make_shared<Owned>();
    owned->texts = std::move(texts);
    for (const std::string& text : owned->texts) owned->refs.emplace_back(std::string_view(text));
    return Make(PhysicalType::kBytes, reinterpret_cast<const std::byte*>(owned->refs.data()),
                static_cast<uint32_t>(owned->refs.size()), owned);
  }

 private:
  static std::shared_ptr<const sql::ResultBatch> Make(PhysicalType type, const std::byte* values,
                                                      uint32_t count,
                                                      std::shared_ptr<const void> owner) {
    auto batch = std::make_shared<sql::ResultBatch>();
    batch->row_count = count;
    ColumnSpan span;
    span.type = type;
    span.count = count;
    span.values = values;
    batch->columns.push_back(span);
    batch->owner = std::move(owner);
    return batch;
  }
};

inline sql::ResultColumn FakeColumn(std::string name, uint32_t oid, int16_t length,
                                    sql::ValueKind kind) {
  sql::ResultColumn column;
  column.name = std::move(name);
  column.type_oid = oid;
  column.type_length = length;
  column.kind = kind;
  return column;
}
inline sql::ResultColumn Int4Column() { return FakeColumn("n", 23, 4, sql::ValueKind::kInt32); }
inline sql::ResultColumn Int8Column() { return FakeColumn("n", 20, 8, sql::ValueKind::kInt64); }
inline sql::ResultColumn TextColumn() { return FakeColumn("t", 25, -1, sql::ValueKind::kText); }

// Calls `make` for batch after batch until it gives null or an error.
class FakeStream final : public sql::ResultStream {
 public:
  using Make = std::function<Result<std::shared_ptr<const sql::ResultBatch>>()>;
  FakeStream(std::vector<sql::ResultColumn> columns, uint64_t affected, Make make,
             std::atomic<int>* open)
      : columns_(std::move(columns)), affected_(affected), make_(std::move(make)), open_(open) {
    LUMA_CHECK(open_->fetch_add(1) == 0);  // the contract: at most one per connection
  }
  ~FakeStream() override { open_->fetch_sub(1); }
  const std::vector<sql::ResultColumn>& columns() const override { return columns_; }
  Result<std::shared_ptr<const sql::ResultBatch>> Next() override { return make_(); }
  uint64_t affected_rows() const override { return affected_; }

 private:
  const std::vector<sql::ResultColumn> columns_;
  const uint64_t affected_;
  const Make make_;
  std::atomic<int>* const open_;
};

class FakePrepared final : public sql::PreparedStatement {
 public:
  FakePrepared(sql::ParsedStatement parsed, std::vector<uint32_t> oids,
               std::vector<sql::ResultColumn> columns)
      : parsed_(std::move(parsed)), oids_(std::move(oids)), columns_(std::move(columns)) {}
  const sql::ParsedStatement& parsed() const override { return parsed_; }
  const std::vector<uint32_t>& parameter_oids() const override { return oids_; }
  const std::vector<sql::ResultColumn>& columns() const override { return columns_; }

 private:
  const sql::ParsedStatement parsed_;
  const std::vector<uint32_t> oids_;
  const std::vector<sql::ResultColumn> columns_;
};

class FakeConnection final : public sql::Connection {
 public:
  explicit FakeConnection(FakeDatabase& database) : database_(database) {}

  Result<std::vector<sql::ParsedStatement>> Parse(std::string_view text) override;
  Result<std::shared_ptr<sql::PreparedStatement>> Prepare(
      const sql::ParsedStatement& statement, std::span<const uint32_t> declared_oids) override;
  Result<std::unique_ptr<sql::ResultStream>> Execute(
      const sql::ParsedStatement& statement) override {
    return Run(statement, {});
  }
  Result<std::unique_ptr<sql::ResultStream>> Execute(
      const sql::PreparedStatement& statement,
      std::span<const sql::Parameter> parameters) override {
    return Run(statement.parsed(), parameters);
  }
  Result<std::unique_ptr<sql::CopyIn>> BeginCopyIn(const sql::ParsedStatement& statement) override;

  Status BeginImplicit() override {
    LUMA_CHECK(!implicit_);
    implicit_ = true;
    return Status::Ok();
  }
  Status EndImplicit(bool success) override;
  sql::TransactionState transaction_state() const override { return state_; }
  void Interrupt() override {
    MutexLock lock(mutex_);
    interrupted_ = true;
    wake_.NotifyAll();
  }
  void SetStatementTimeout(std::chrono::milliseconds) override {}
  void PauseStatementTimeout() override;
  void RestartStatementTimeout() override;
  std::optional<std::string> GetSetting(std::string_view name) override {
    const auto found = settings_.find(name);
    if (found == settings_.end()) return std::nullopt;
    return found->second;
  }
  void Reset() override {}

  void Add(int64_t rows) { pending_ += rows; }
  // The end of a statement: outside of a transaction it commits.
  void EndStatement();

 private:
  Result<std::unique_ptr<sql::ResultStream>> Run(const sql::ParsedStatement& statement,
                                                 std::span<const sql::Parameter> parameters);
  Result<std::unique_ptr<sql::ResultStream>> RunTransaction(sql::StatementKind kind);
  Result<std::unique_ptr<sql::ResultStream>> RunRows(const sql::ParsedStatement& statement,
                                                     std::span<const sql::Parameter> parameters);
  Status Sleep() LUMA_EXCLUDES(mutex_);
  void Commit();
  Status Failed(Status status);
  std::unique_ptr<sql::ResultStream> Stream(std::vector<sql::ResultColumn> columns,
                                            uint64_t affected, FakeStream::Make make) {
    return std::make_unique<FakeStream>(std::move(columns), affected, std::move(make), &open_);
  }
  std::unique_ptr<sql::ResultStream> Nothing(uint64_t affected) {
    return Stream({}, affected, [] { return std::shared_ptr<const sql::ResultBatch>(); });
  }

  FakeDatabase& database_;
  sql::TransactionState state_ = sql::TransactionState::kIdle;
  bool implicit_ = false;
  int64_t pending_ = 0;
  std::map<std::string, std::string, std::less<>> settings_;
  std::atomic<int> open_{0};
  Mutex mutex_;
  CondVar wake_;
  bool interrupted_ LUMA_GUARDED_BY(mutex_) = false;
};

class FakeDatabase final : public sql::Database {
 public:
  std::unique_ptr<sql::Connection> Connect(sql::ConnectionOptions) override {
    ++connections;
    return std::make_unique<FakeConnection>(*this);
  }

  // For fuzzing: statements that would take long fail or are short instead.
  bool may_sleep = true;
  int64_t rows_max = INT64_MAX;

  std::atomic<int64_t> committed{0};
  std::atomic<int> connections{0};
  std::atomic<int> sleeping{0};
  std::atomic<uint64_t> batches_made{0};
  std::atomic<bool> timeout_runs{false};
  Mutex mutex;
  std::vector<std::string> copied LUMA_GUARDED_BY(mutex);  // rows of copy in, "a|b", NULL as "~"
};

namespace internal {

inline std::vector<std::string> Words(std::string_view text) {
  std::istringstream in{std::string(text)};
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

inline void Classify(sql::ParsedStatement& statement) {
  using sql::StatementKind;
  const std::vector<std::string> words = Words(statement.text);
  const std::string& verb = words[0];
  const auto is = [&](StatementKind kind, std::string tag, bool rows) {
    statement.kind = kind;
    statement.command_tag = std::move(tag);
    statement.returns_rows = rows;
  };
  if (verb == "insert")
    is(StatementKind::kInsert, "INSERT 0", false);
  else if (verb == "returning")
    is(StatementKind::kInsert, "INSERT 0", true);
  else if (verb == "begin")
    is(StatementKind::kBegin, "BEGIN", false);
  else if (verb == "commit")
    is(StatementKind::kCommit, "COMMIT", false);
  else if (verb == "rollback")
    is(StatementKind::kRollback, "ROLLBACK", false);
  else if (verb == "set" || verb == "SET")
    is(StatementKind::kSet, "SET", false);
  else if (verb == "deallocate")
    is(StatementKind::kOther, "DEALLOCATE", false);
  else if (verb == "discard")
    is(StatementKind::kSet, "DISCARD ALL", false);
  else if (verb != "copy")
    is(StatementKind::kSelect, "SELECT", true);
  else
    is(words.size() > 1 && words[1] == "out" ? StatementKind::kCopyToStdout
                                             : StatementKind::kCopyFromStdin,
       "COPY", false);
  statement.parameter_count = verb == "echo" ? 1 : 0;
  statement.copy.table = "fake";
  if (words.back() == "binary") statement.copy.format = sql::CopyFormat::kBinary;
  if (words.back() != "csv") return;
  statement.copy.format = sql::CopyFormat::kCsv;
  statement.copy.delimiter = ',';
  statement.copy.null_text = "";
}

inline int64_t Number(const std::vector<std::string>& words, size_t at) {
  return words.size() > at ? std::atoll(words[at].c_str()) : 1;
}

class FakeCopyIn final : public sql::CopyIn {
 public:
  FakeCopyIn(FakeDatabase& database, FakeConnection& connection)
      : database_(database), connection_(connection), columns_{Int4Column(), TextColumn()} {}
  const std::vector<sql::ResultColumn>& columns() const override { return columns_; }
  Status AppendRows(std::span<const std::optional<std::string_view>> fields) override {
    MutexLock lock(database_.mutex);
    for (size_t i = 0; i + 1 < fields.size(); i += 2, ++rows_) {
      if (fields[i] == "bad")
        return Status::InvalidArgument("invalid input syntax").WithSqlState("22P02");
      database_.copied.push_back(std::string(fields[i].value_or("~")) + "|" +
                                 std::string(fields[i + 1].value_or("~")));
    }
    return Status::Ok();
  }
  Result<uint64_t> Finish() override {
    connection_.Add(static_cast<int64_t>(rows_));
    connection_.EndStatement();
    return rows_;
  }

 private:
  FakeDatabase& database_;
  FakeConnection& connection_;
  const std::vector<sql::ResultColumn> columns_;
  uint64_t rows_ = 0;
};

}  // namespace internal

inline Result<std::vector<sql::ParsedStatement>> FakeConnection::Parse(std::string_view text) {
  std::vector<sql::ParsedStatement> statements;
  size_t start = 0;
  while (start <= text.size()) {
    const size_t end = std::min(text.find(';', start), text.size());
    sql::ParsedStatement statement;
    statement.text = text.substr(start, end - start);
    statement.text_offset = static_cast<int>(start);
    start = end + 1;
    if (internal::Words(statement.text).empty()) continue;
    if (statement.text.find("syntax") != std::string::npos) {
      return Status::SyntaxError("syntax error").WithSqlPosition(static_cast<int>(end));
    }
    internal::Classify(statement);
    statements.push_back(std::move(statement));
  }
  return statements;
}

inline Result<std::shared_ptr<sql::PreparedStatement>> FakeConnection::Prepare(
    const sql::ParsedStatement& statement, std::span<const uint32_t> declared_oids) {
  std::vector<uint32_t> oids(static_cast<size_t>(statement.parameter_count), 25);
  for (size_t i = 0; i < oids.size() && i < declared_oids.size(); ++i) {
    if (declared_oids[i] != 0) oids[i] = declared_oids[i];
  }
  std::vector<sql::ResultColumn> columns;
  const std::string verb = internal::Words(statement.text)[0];
  if (statement.returns_rows || statement.kind == sql::StatementKind::kCopyToStdout) {
    columns.push_back(verb == "select"                                           ? Int4Column()
                      : verb == "echo" || verb == "wide" || verb == "set_config" ? TextColumn()
                                                                                 : Int8Column());
  }
  return std::shared_ptr<sql::PreparedStatement>(
      std::make_shared<FakePrepared>(statement, std::move(oids), std::move(columns)));
}

inline Result<std::unique_ptr<sql::CopyIn>> FakeConnection::BeginCopyIn(
    const sql::ParsedStatement&) {
  return std::unique_ptr<sql::CopyIn>(std::make_unique<internal::FakeCopyIn>(database_, *this));
}

inline Status FakeConnection::EndImplicit(bool success) {
  if (!std::exchange(implicit_, false)) return Status::Ok();
  if (state_ != sql::TransactionState::kIdle) return Status::Ok();
  if (success) {
    Commit();
  } else {
    pending_ = 0;
  }
  return Status::Ok();
}

inline void FakeConnection::PauseStatementTimeout() { database_.timeout_runs = false; }
inline void FakeConnection::RestartStatementTimeout() { database_.timeout_runs = true; }

inline void FakeConnection::Commit() { database_.committed += std::exchange(pending_, 0); }

inline void FakeConnection::EndStatement() {
  if (!implicit_ && state_ == sql::TransactionState::kIdle) Commit();
}

inline Status FakeConnection::Failed(Status status) {
  if (state_ == sql::TransactionState::kInTransaction) state_ = sql::TransactionState::kFailed;
  if (state_ == sql::TransactionState::kIdle && !implicit_) pending_ = 0;
  return status;
}

inline Status FakeConnection::Sleep() {
  MutexLock lock(mutex_);
  interrupted_ = false;
  ++database_.sleeping;
  while (!interrupted_) wake_.Wait(mutex_);
  --database_.sleeping;
  return Status::Cancelled("interrupted");
}

inline Result<std::unique_ptr<sql::ResultStream>> FakeConnection::RunTransaction(
    sql::StatementKind kind) {
  if (kind == sql::StatementKind::kBegin) {
    implicit_ = false;
    state_ = sql::TransactionState::kInTransaction;
    return Nothing(0);
  }
  if (kind == sql::StatementKind::kCommit && state_ == sql::TransactionState::kInTransaction) {
    Commit();
  }
  pending_ = 0;
  state_ = sql::TransactionState::kIdle;
  return Nothing(0);
}

inline Result<std::unique_ptr<sql::ResultStream>> FakeConnection::Run(
    const sql::ParsedStatement& statement, std::span<const sql::Parameter> parameters) {
  const std::vector<std::string> words = internal::Words(statement.text);
  RestartStatementTimeout();
  if (session::IsTransactionStatement(statement.kind)) return RunTransaction(statement.kind);
  if (words[0] == "fail") {
    return Failed(Status::OutOfRange("it failed").WithSqlPosition(3).WithHint("do not do that"));
  }
  if (words[0] == "sleep" && database_.may_sleep) return Failed(Sleep());
  if (words[0] == "insert") {
    Add(internal::Number(words, 1));
    EndStatement();
    return Nothing(static_cast<uint64_t>(internal::Number(words, 1)));
  }
  if (statement.command_tag == "DISCARD ALL") settings_.clear();
  if (words[0] == "deallocate" || words[0] == "discard") return Nothing(0);
  if (statement.kind == sql::StatementKind::kSet) {
    if (words.size() < 3) return Failed(Status::SyntaxError("set needs a name and a value"));
    std::string name = words[1];
    std::string value = words.back();
    std::erase(name, '"');
    std::erase(value, '\'');
    if (name == "nonsense") return Failed(Status::NotFound("unrecognized configuration parameter"));
    settings_[name] = value;
    return Nothing(0);
  }
  return RunRows(statement, parameters);
}

inline Result<std::unique_ptr<sql::ResultStream>> FakeConnection::RunRows(
    const sql::ParsedStatement& statement, std::span<const sql::Parameter> parameters) {
  using Batch = std::shared_ptr<const sql::ResultBatch>;
  const std::vector<std::string> words = internal::Words(statement.text);
  const auto once = [this](Batch batch) -> FakeStream::Make {
    return [this, batch = std::move(batch)]() mutable -> Result<Batch> {
      if (batch == nullptr) EndStatement();
      return std::exchange(batch, nullptr);
    };
  };
  if (words[0] == "select") {
    const auto value = static_cast<int32_t>(internal::Number(words, 1));
    return Stream({Int4Column()}, 0, once(FakeBatch::Of<int32_t>(PhysicalType::kInt32, {value})));
  }
  if (words[0] == "set_config" && words.size() == 3) {
    settings_[words[1]] = words[2];
    return Stream({TextColumn()}, 0, once(FakeBatch::OfTexts({words[2]})));
  }
  if (words[0] == "total") {
    const int64_t total = database_.committed + pending_;
    return Stream({Int8Column()}, 0, once(FakeBatch::Of<int64_t>(PhysicalType::kInt64, {total})));
  }
  if (words[0] == "echo") {
    const std::string text =
        parameters.empty() || parameters[0].is_null ? "null" : parameters[0].bytes;
    return Stream({TextColumn()}, 0, once(FakeBatch::OfTexts({text})));
  }
  const bool is_copy = statement.kind == sql::StatementKind::kCopyToStdout;
  const int64_t count = std::min(internal::Number(words, is_copy ? 2 : 1), database_.rows_max);
  if (words[0] == "returning") Add(count);
  const bool breaks_off = words[0] == "breakoff";
  const bool is_wide = words[0] == "wide";
  const auto width = static_cast<size_t>(
      std::clamp<int64_t>(is_wide ? internal::Number(words, 2) : 0, 0, 1 << 20));
  auto make = [this, count, breaks_off, is_wide, width,
               next = int64_t{0}]() mutable -> Result<Batch> {
    if (next >= count && breaks_off) return Failed(Status::OutOfRange("broke off"));
    if (next >= count) {
      EndStatement();
      return Batch();
    }
    ++database_.batches_made;
    const int64_t end = std::min(next + 100, count);
    std::vector<int64_t> values;
    for (; next < end; ++next) values.push_back(next + 1);
    if (!is_wide) return FakeBatch::Of<int64_t>(PhysicalType::kInt64, std::move(values));
    return FakeBatch::OfTexts(std::vector<std::string>(values.size(), std::string(width, 'w')));
  };
  const uint64_t affected = static_cast<uint64_t>(count);
  return Stream({is_wide ? TextColumn() : Int8Column()}, affected, std::move(make));
}

}  // namespace luma::pgwire::testing
