#include "sql/luma_connection.h"

#include "base/log.h"
#include "sql/column_names.h"
#include "sql/conflict_retry.h"
#include "sql/copy_rows.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_catalog.h"
#include "sql/postgres_tree.h"
#include "sql/prepared_statement.h"
#include "sql/query_stream.h"
#include "sql/statement_guard.h"
#include "sql/statement_splitter.h"

namespace luma::sql {
namespace {

bool IsControl(StatementKind kind) {
  return kind == StatementKind::kBegin || kind == StatementKind::kCommit ||
         kind == StatementKind::kRollback;
}

bool IsSettingStatement(const ParsedStatement& statement) {
  return statement.kind == StatementKind::kSet || statement.kind == StatementKind::kShow ||
         statement.command_tag == "PRAGMA" || statement.text.starts_with("PRAGMA") ||
         statement.text.starts_with("pragma");
}

// Statements that PostgreSQL clients send for upkeep, which the engine does by itself, and
// DEALLOCATE ALL, which concerns the protocol's prepared statements.
bool IsUpkeep(const ParsedStatement& statement) {
  return statement.command_tag == "VACUUM" || statement.command_tag == "ANALYZE" ||
         statement.command_tag == "UNLISTEN" ||  // nobody can LISTEN
         (statement.command_tag == "DEALLOCATE" && Tokenize(statement.text).back().Is("all"));
}

// Definitions are not planned ahead, as in PostgreSQL: they have no parameters, and planning may
// need what running creates first (the sequence of a serial column).
bool IsPlanned(const ParsedStatement& statement) {
  if (IsControl(statement.kind) || IsUpkeep(statement)) return false;
  if (statement.kind == StatementKind::kDdl || statement.kind == StatementKind::kCopyFromStdin) {
    return false;
  }
  return !IsSettingStatement(statement) ||
         ParseSettingStatement(statement.text).action == SettingStatement::Action::kDuckDb;
}

bool ChangesData(StatementKind kind) {
  return kind == StatementKind::kInsert || kind == StatementKind::kUpdate ||
         kind == StatementKind::kDelete || kind == StatementKind::kMerge ||
         kind == StatementKind::kDdl || kind == StatementKind::kCopyFromStdin;
}

Status ReadOnlyTransaction() {
  return Status::ReadOnly("cannot execute this statement in a read-only transaction");
}

// EXPLAIN and PREPARE of a change do not make it; EXPLAIN ANALYZE does.
bool IsOnlyPlanned(const duckdb::SQLStatement& statement) {
  if (statement.type == duckdb::StatementType::PREPARE_STATEMENT) return true;
  return statement.type == duckdb::StatementType::EXPLAIN_STATEMENT &&
         statement.Cast<duckdb::ExplainStatement>().explain_type !=
             duckdb::ExplainType::EXPLAIN_ANALYZE;
}

// Moves an error's position from the rewritten text to the text the client sent.
Status InOriginalText(const Status& status, const ParsedStatement& statement,
                      const TextEdits& edits) {
  if (status.sql_position() == 0) return status;
  const size_t offset = edits.OriginalOffset(static_cast<size_t>(status.sql_position()) - 1);
  return status.WithSqlPosition(CharacterPosition(statement.text, offset));
}

}  // namespace

LumaConnection::~LumaConnection() {
  StopTimer();
  Disconnect();
}

void LumaConnection::Disconnect() {
  {
    MutexLock lock(interrupt_mutex_);
    interruptible_.reset();
  }
  connection_.reset();
  session_.reset();
  instance_.reset();
  duckdb_transaction_ = false;
}

void LumaConnection::DisconnectKeepingSettings() {
  const Status saved = CallDuckDb([&] { kept_settings_ = SaveSettings(*connection_->context); });
  if (!saved.ok()) LUMA_LOG(kWarn, "sql", "settings of a session are lost: {}", saved.ToString());
  Disconnect();
}

Status LumaConnection::ConnectAnewIfReplaced() {
  if (!connection_ || duckdb_transaction_ || instance_ == host_.Current()) return Status::Ok();
  DisconnectKeepingSettings();
  return Connect().status();
}

Status LumaConnection::ReplaceInstance() {
  const auto broken = instance_;
  if (connection_) DisconnectKeepingSettings();
  return host_.Replace(broken);
}

Result<duckdb::Connection*> LumaConnection::Connect() {
  if (connection_) return connection_.get();
  return CallDuckDb([&]() -> Result<duckdb::Connection*> {
    instance_ = host_.Current();
    connection_ = std::make_unique<duckdb::Connection>(*instance_);
    auto& context = *connection_->context;
    session_ = duckdb::make_shared_ptr<SessionState>(options_);
    context.registered_state->Insert(SessionState::kName, session_);
    ResetSettings(context);
    if (!options_.application_name.empty()) {
      LUMA_RETURN_IF_ERROR(ChangeSetting(context, "application_name", options_.application_name));
    }
    if (kept_settings_) RestoreSettings(context, *std::exchange(kept_settings_, std::nullopt));
    ++connection_number_;
    MutexLock lock(interrupt_mutex_);
    interruptible_ = connection_->context;
    return connection_.get();
  });
}

void LumaConnection::Interrupt() {
  MutexLock lock(interrupt_mutex_);
  if (interruptible_) interruptible_->Interrupt();
}

// ---- statements

Result<std::vector<ParsedStatement>> LumaConnection::Parse(std::string_view text) {
  LUMA_ASSIGN_OR_RETURN(auto statements, SplitStatements(text));
  for (const ParsedStatement& statement : statements) {
    if (IsControl(statement.kind) || IsSettingStatement(statement) || IsUpkeep(statement) ||
        statement.kind == StatementKind::kCopyFromStdin) {
      continue;
    }
    const RewrittenStatement rewritten = RewritePostgres(statement.text);
    const Status parsed = CallDuckDb([&] {
      duckdb::Parser parser;
      parser.ParseQuery(rewritten.text);
    });
    if (parsed.ok()) continue;
    const Status status = InOriginalText(parsed, statement, rewritten.edits);
    if (status.sql_position() == 0 || statement.kind == StatementKind::kCopyToStdout) return status;
    return status.WithSqlPosition(status.sql_position() + statement.text_offset);
  }
  return statements;
}

Result<std::unique_ptr<ResultStream>> LumaConnection::Execute(const ParsedStatement& statement) {
  if (IsControl(statement.kind)) return ExecuteControl(statement);
  if (IsSettingStatement(statement)) {
    const SettingStatement setting = ParseSettingStatement(statement.text);
    if (setting.action != SettingStatement::Action::kDuckDb) {
      return ExecuteSetting(setting);
    }
  }
  if (IsUpkeep(statement)) {
    LUMA_RETURN_IF_ERROR(StartStatement(statement.kind));
    FinishStatement();
    return EmptyStream();
  }
  if (!MayRunAgain(statement.kind)) return ExecuteSql(statement);
  return RunAgainOnConflict([&] { return ExecuteSql(statement); });
}

bool LumaConnection::MayRunAgain(StatementKind kind) const {
  return ChangesData(kind) && !InExplicitTransaction() && !implicit_;
}

Result<std::unique_ptr<ResultStream>> LumaConnection::ExecuteSql(const ParsedStatement& statement) {
  LUMA_RETURN_IF_ERROR(Connect().status());
  LUMA_RETURN_IF_ERROR(StartStatement(statement.kind));
  const RewrittenStatement rewritten = RewritePostgres(statement.text);
  // A statement that was rewritten into several is one transaction all the same.
  const bool is_several = !rewritten.before.empty() || rewritten.table_options;
  const bool own_transaction = is_several && !duckdb_transaction_;
  if (own_transaction) {
    const Status begun = BeginDuckDbTransaction();
    if (!begun.ok()) return FinishWithError(begun);
  }
  auto stream = RunSql(*connection_, rewritten);
  if (!stream.ok()) {
    if (own_transaction) RollbackDuckDbTransaction();
    return InOriginalText(stream.status(), statement, rewritten.edits);
  }
  if (own_transaction) {
    const Status committed = CommitDuckDbTransaction();
    if (!committed.ok()) return FinishWithError(committed);
  }
  return stream;
}

Result<std::unique_ptr<ResultStream>> LumaConnection::RunSql(duckdb::Connection& connection,
                                                             const RewrittenStatement& rewritten) {
  for (const std::string& sql : rewritten.before)
    LUMA_RETURN_IF_ERROR(RunOne(connection, sql).status());
  if (rewritten.table_options) return RunWithTableOptions(connection, rewritten);
  LUMA_ASSIGN_OR_RETURN(auto result, RunOne(connection, rewritten.text));
  for (const std::string& sql : rewritten.after)
    LUMA_RETURN_IF_ERROR(RunOne(connection, sql).status());
  return StreamQuery(*this, std::move(result));
}

Result<std::unique_ptr<ResultStream>> LumaConnection::RunWithTableOptions(
    duckdb::Connection& connection, const RewrittenStatement& rewritten) {
  const TableOptionsChange& change = *rewritten.table_options;
  duckdb::ClientContext& context = *connection.context;
  bool is_there = false;  // CREATE TABLE IF NOT EXISTS: then nothing changes
  Status done = CallDuckDb([&] {
    context.RunFunctionInTransaction(
        [&] { is_there = change.if_not_exists && TableExists(context, change); });
  });
  if (!done.ok()) return FinishWithError(done);
  if (!rewritten.text.empty()) {
    LUMA_RETURN_IF_ERROR(RunOne(connection, rewritten.text).status());
  }
  for (const std::string& sql : rewritten.after)
    LUMA_RETURN_IF_ERROR(RunOne(connection, sql).status());
  if (!is_there) {
    done = CallDuckDb(
        [&] { context.RunFunctionInTransaction([&] { ApplyTableOptions(context, change); }); });
  }
  if (!done.ok()) return FinishWithError(done);
  return EmptyStream();
}

// DuckDB makes several statements of some single ones (PIVOT); the last one has the result.
Result<duckdb::unique_ptr<duckdb::QueryResult>> LumaConnection::RunOne(
    duckdb::Connection& connection, const std::string& sql) {
  duckdb::unique_ptr<duckdb::QueryResult> result;
  const Status ran = CallDuckDb([&]() -> Status {
    for (auto& statement : connection.ExtractStatements(sql)) {
      LUMA_RETURN_IF_ERROR(CheckAllowed(*statement));
      AdaptToPostgres(*statement);
      NameColumnsAsPostgres(*statement);
      const bool is_run = !IsOnlyPlanned(*statement);
      auto pending = connection.PendingQuery(std::move(statement), /*allow_stream_result=*/true);
      if (pending->HasError()) pending->ThrowError();
      if (is_run && !pending->properties.IsReadOnly() && IsReadOnly()) {
        connection.context->CancelTransaction();  // the query has begun but nothing has run
        return ReadOnlyTransaction();
      }
      result = pending->Execute();
      if (result->HasError()) result->ThrowError();
    }
    return Status::Ok();
  });
  if (!ran.ok()) return FinishWithError(ran);
  if (!result) return FinishWithError(Status::SyntaxError("empty statement"));
  return result;
}

Result<std::shared_ptr<PreparedStatement>> LumaConnection::Prepare(
    const ParsedStatement& statement, std::span<const uint32_t> declared_oids) {
  const bool is_planned = IsPlanned(statement);
  auto prepared = std::make_shared<LumaPreparedStatement>(*this, statement, is_planned);
  if (is_planned) {
    if (state_ == TransactionState::kFailed) return FailedTransaction();
    LUMA_RETURN_IF_ERROR(ConnectAnewIfReplaced());
    const Status status = prepared->Plan(declared_oids);
    if (!status.ok()) return FinishWithError(status);
  } else if (statement.kind == StatementKind::kShow) {
    prepared->SetTextColumn(ParseSettingStatement(statement.text).name);
  }
  return std::shared_ptr<PreparedStatement>(std::move(prepared));
}

Result<std::unique_ptr<ResultStream>> LumaConnection::Execute(
    const PreparedStatement& statement, std::span<const Parameter> parameters) {
  const auto& prepared = static_cast<const LumaPreparedStatement&>(statement);
  if (!prepared.is_planned()) return Execute(prepared.parsed());
  if (!MayRunAgain(prepared.parsed().kind)) return ExecutePrepared(prepared, parameters);
  return RunAgainOnConflict([&] { return ExecutePrepared(prepared, parameters); });
}

Result<std::unique_ptr<ResultStream>> LumaConnection::ExecutePrepared(
    const LumaPreparedStatement& prepared, std::span<const Parameter> parameters) {
  LUMA_RETURN_IF_ERROR(Connect().status());
  LUMA_RETURN_IF_ERROR(StartStatement(prepared.parsed().kind));
  auto result = prepared.Run(parameters);
  if (!result.ok()) return FinishWithError(result.status());
  return StreamQuery(*this, std::move(result).value());
}

Result<std::unique_ptr<CopyIn>> LumaConnection::BeginCopyIn(const ParsedStatement& statement) {
  LUMA_RETURN_IF_ERROR(Connect().status());
  LUMA_RETURN_IF_ERROR(StartStatement(statement.kind));
  auto copy = BeginCopyRows(*this, statement.copy);
  if (!copy.ok()) return FinishWithError(copy.status());
  return copy;
}

// ---- the life of a statement

Status LumaConnection::StartStatement(StatementKind kind) {
  if (state_ == TransactionState::kFailed || implicit_failed_) return FailedTransaction();
  LUMA_RETURN_IF_ERROR(ConnectAnewIfReplaced());
  if (ChangesData(kind) && IsReadOnly()) return FinishWithError(ReadOnlyTransaction());
  if (implicit_ && !duckdb_transaction_ && !IsControl(kind)) {
    LUMA_RETURN_IF_ERROR(BeginDuckDbTransaction());
  }
  StartTimer();
  return Status::Ok();
}

void LumaConnection::FinishStatement() { StopTimer(); }

Status LumaConnection::FinishWithError(const duckdb::ErrorData& error) {
  if (IsInstanceInvalidated(error)) {
    LUMA_LOG(kError, "sql", "{}", error.RawMessage());
    LUMA_RETURN_IF_ERROR(ReplaceInstance());
  }
  return FinishWithError(StatusFromDuckDb(error));
}

Status LumaConnection::FinishWithError(Status status) {
  const bool timed_out = StopTimer();
  if (session_ && !session_->commit_error.ok()) {
    status = std::exchange(session_->commit_error, Status::Ok());
  }
  if (timed_out && status.code() == StatusCode::kCancelled) {
    status = Status::Timeout("canceling statement due to statement timeout");
  } else if (status.code() == StatusCode::kCancelled) {
    status = Status::Cancelled("canceling statement due to user request");
  }
  if (status.code() == StatusCode::kInternal && instance_ &&
      duckdb::ValidChecker::IsInvalidated(*instance_->instance)) {
    LUMA_RETURN_IF_ERROR(ReplaceInstance());
  }
  if (InExplicitTransaction()) state_ = TransactionState::kFailed;
  if (implicit_) implicit_failed_ = true;
  RollbackDuckDbTransaction();
  return status;
}

void LumaConnection::StartTimer() {
  StopTimer();
  if (timeout_.count() == 0) return;
  running_timer_ = timer_.Start(StatementTimer::Clock::now() + timeout_, [this] { Interrupt(); });
}

bool LumaConnection::StopTimer() {
  if (!running_timer_) return false;
  const bool ran = timer_.Stop(*running_timer_);
  running_timer_.reset();
  return ran;
}

}  // namespace luma::sql
