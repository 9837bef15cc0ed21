#include "session/session.h"

#include <utility>

#include "model/utf8.h"
#include "sql/statement_splitter.h"

namespace luma::session {
namespace {

using sql::StatementKind;
using sql::TransactionState;

// SET, the end of a transaction (and of SET LOCAL), and set_config(), which any query may call.
bool MayChangeSettings(const sql::ParsedStatement& statement) {
  switch (statement.kind) {
    case StatementKind::kSet:
    case StatementKind::kCommit:
    case StatementKind::kRollback:
    case StatementKind::kOther:
      return true;
    default:
      return statement.text.find("set_config") != std::string::npos;
  }
}

bool IsDiscardAll(const sql::ParsedStatement& statement) {
  return statement.kind == StatementKind::kSet && statement.command_tag == "DISCARD ALL";
}

// INSERT, UPDATE and DELETE with RETURNING run to their end at once: their effect may not depend on
// how many of the returned rows the client fetches.
bool RunsThrough(const sql::ParsedStatement& statement) {
  switch (statement.kind) {
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
    case StatementKind::kMerge:
      return statement.returns_rows;
    default:
      return false;
  }
}

std::string Quoted(std::string_view text, char quote) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (c == quote) quoted.push_back(quote);
    quoted.push_back(c);
  }
  quoted.push_back(quote);
  return quoted;
}

void Classify(const CursorStatement& cursor, sql::ParsedStatement& statement) {
  switch (cursor.action) {
    case CursorStatement::Action::kDeclare:
      statement.command_tag = "DECLARE CURSOR";
      break;
    case CursorStatement::Action::kFetch:
      statement.kind = StatementKind::kSelect;
      statement.returns_rows = true;
      statement.command_tag = "FETCH";
      break;
    case CursorStatement::Action::kMove:
      statement.command_tag = "MOVE";
      break;
    case CursorStatement::Action::kClose:
      statement.command_tag = cursor.name.empty() ? "CLOSE CURSOR ALL" : "CLOSE CURSOR";
      break;
  }
}

// What COMMIT means in a failed transaction.
sql::ParsedStatement RollbackStatement() {
  sql::ParsedStatement statement;
  statement.kind = StatementKind::kRollback;
  statement.text = statement.command_tag = "ROLLBACK";
  return statement;
}

Status Shifted(const Status& status, int characters) {
  if (status.sql_position() == 0) return status;
  return status.WithSqlPosition(status.sql_position() + characters);
}

Status NoSuchStatement(std::string_view name) {
  if (name.empty()) {
    return Status::NotFound("unnamed prepared statement does not exist").WithSqlState("26000");
  }
  return Status::NotFound("prepared statement \"", name, "\" does not exist").WithSqlState("26000");
}

}  // namespace

bool IsTransactionStatement(StatementKind kind) {
  return kind == StatementKind::kBegin || kind == StatementKind::kCommit ||
         kind == StatementKind::kRollback;
}

bool MayBeInImplicit(const sql::ParsedStatement& statement) {
  return !IsTransactionStatement(statement.kind) && !IsDiscardAll(statement);
}

std::span<const sql::ResultColumn> ColumnsOf(const Portal& portal) {
  if (portal.rows != nullptr) return portal.rows->columns();
  if (portal.prepared != nullptr) return portal.prepared->columns();
  return {};
}

Session::Session(sql::Database& database, sql::ConnectionOptions options, SessionLimits limits)
    : database_(database), options_(std::move(options)), limits_(limits) {}

void Session::StartRequest() {
  MutexLock lock(mutex_);
  in_request_ = true;
}

void Session::EndRequest() {
  if (connection_ != nullptr) connection_->PauseStatementTimeout();
  MutexLock lock(mutex_);
  in_request_ = false;
  cancelled_ = false;
}

void Session::Cancel() {
  MutexLock lock(mutex_);
  if (!in_request_) return;
  cancelled_ = true;
  if (interruptible_ != nullptr) interruptible_->Interrupt();
}

Status Session::CheckCancelled() const {
  if (!cancelled_) return Status::Ok();
  return Status::Cancelled("canceling statement due to user request");
}

Status Session::Explain(Status status) const {
  if (status.code() == StatusCode::kCancelled && cancelled_) return CheckCancelled();
  return status;
}

sql::Connection& Session::connection() {
  if (connection_ == nullptr) {
    connection_ = database_.Connect(options_);
    if (limits_.statement_timeout.count() > 0) {
      connection_->SetStatementTimeout(limits_.statement_timeout);
    }
    MutexLock lock(mutex_);
    interruptible_ = connection_.get();
  }
  return *connection_;
}

TransactionState Session::transaction_state() const {
  if (connection_ == nullptr) return TransactionState::kIdle;
  return failed_ ? TransactionState::kFailed : connection_->transaction_state();
}

void Session::NoteError() {
  if (transaction_state() == TransactionState::kInTransaction) failed_ = true;
}

Status Session::CheckNotFailed(StatementKind kind) const {
  if (transaction_state() != TransactionState::kFailed) return Status::Ok();
  if (kind == StatementKind::kCommit || kind == StatementKind::kRollback) return Status::Ok();
  return Status::FailedTransaction(
      "current transaction is aborted, commands ignored until end of transaction block");
}

// -- Statements

Result<std::vector<sql::ParsedStatement>> Session::Parse(std::string_view text) {
  if (!IsValidUtf8(text)) {
    return Status::InvalidArgument("invalid byte sequence for encoding \"UTF8\"")
        .WithSqlState("22021");
  }
  return MayHoldCursorStatement(text) ? ParseWithCursors(text) : connection().Parse(text);
}

// The SQL layer's parser does not know cursor statements: it gets the others one by one.
Result<std::vector<sql::ParsedStatement>> Session::ParseWithCursors(std::string_view text) {
  LUMA_ASSIGN_OR_RETURN(auto statements, sql::SplitStatements(text));
  for (sql::ParsedStatement& statement : statements) {
    const int offset = statement.text_offset;
    const auto cursor = ParseCursorStatement(statement.text);
    if (!cursor.ok()) return Shifted(cursor.status(), offset);
    if (cursor->has_value()) {
      Classify(**cursor, statement);
      continue;
    }
    auto parsed = connection().Parse(statement.text);
    if (!parsed.ok()) return Shifted(parsed.status(), offset);
    if (parsed->size() != 1) return Status::Internal("a statement was split differently");
    statement = std::move(parsed->front());
    statement.text_offset += offset;
  }
  return statements;
}

Status Session::Prepare(std::string_view name, std::string_view text,
                        std::span<const uint32_t> oids) {
  if (name.empty()) {
    prepared_.erase(std::string());
  } else if (prepared_.contains(name)) {
    return Status::AlreadyExists("prepared statement \"", name, "\" already exists")
        .WithSqlState("42P05");
  }
  if (prepared_.size() >= limits_.prepared_statements_max) {
    return Status::TooLarge("too many prepared statements: limit=",
                            limits_.prepared_statements_max);
  }
  LUMA_ASSIGN_OR_RETURN(const auto statements, Parse(text));
  if (statements.size() > 1) {
    return Status::SyntaxError("cannot insert multiple commands into a prepared statement");
  }
  Prepared prepared;
  if (!statements.empty()) {
    LUMA_RETURN_IF_ERROR(CheckNotFailed(statements.front().kind));
    LUMA_RETURN_IF_ERROR(SetAsideOthers(nullptr));
    LUMA_ASSIGN_OR_RETURN(prepared, PrepareOne(statements.front(), oids));
  }
  prepared_.emplace(name, std::move(prepared));
  return Status::Ok();
}

// Positions in errors count from the start of the client's text.
Result<Session::Prepared> Session::PrepareOne(const sql::ParsedStatement& statement,
                                              std::span<const uint32_t> oids) {
  LUMA_ASSIGN_OR_RETURN(const auto cursor, ParseCursorStatement(statement.text));
  if (cursor.has_value()) return PrepareCursor(statement, *cursor, oids);
  auto prepared = connection().Prepare(statement, oids);
  if (prepared.ok()) return Prepared(*std::move(prepared));
  return Shifted(prepared.status(), statement.text_offset);
}

Result<const sql::PreparedStatement*> Session::FindPrepared(std::string_view name) const {
  const auto found = prepared_.find(name);
  if (found == prepared_.end()) return NoSuchStatement(name);
  return found->second.get();
}

void Session::ClosePrepared(std::string_view name) {
  const auto found = prepared_.find(name);
  if (found != prepared_.end()) prepared_.erase(found);
}

// -- Portals

Result<Portal*> Session::Bind(std::string_view portal_name, std::string_view statement_name,
                              std::vector<sql::Parameter> parameters,
                              std::vector<int16_t> result_format_codes) {
  const auto found = prepared_.find(statement_name);
  if (found == prepared_.end()) return NoSuchStatement(statement_name);
  if (portal_name.empty()) {
    ClosePortal(portal_name);
  } else if (portals_.contains(portal_name)) {
    return Status::AlreadyExists("portal \"", portal_name, "\" already exists")
        .WithSqlState("42P03");
  }
  if (portals_.size() >= limits_.portals_max) {
    return Status::TooLarge("too many portals: limit=", limits_.portals_max);
  }
  Portal portal;
  portal.prepared = found->second;
  portal.is_empty = portal.prepared == nullptr;
  if (!portal.is_empty) {
    portal.statement = portal.prepared->parsed();
    LUMA_RETURN_IF_ERROR(CheckNotFailed(portal.statement.kind));
  }
  portal.parameters = std::move(parameters);
  portal.result_format_codes = std::move(result_format_codes);
  return &portals_.emplace(portal_name, std::move(portal)).first->second;
}

Portal& Session::BindSimple(sql::ParsedStatement statement) {
  Portal& portal = portals_[std::string()];
  portal = Portal();
  portal.statement = std::move(statement);
  return portal;
}

Result<Portal*> Session::FindPortal(std::string_view name) {
  const auto found = portals_.find(name);
  if (found != portals_.end()) return &found->second;
  return Status::NotFound("portal \"", name, "\" does not exist").WithSqlState("34000");
}

void Session::ClosePortal(std::string_view name) {
  const auto found = portals_.find(name);
  if (found != portals_.end()) portals_.erase(found);
}

// -- Execution

Status Session::SetAsideOthers(const Portal* running) {
  for (auto& [name, portal] : portals_) {
    if (&portal == running || portal.rows == nullptr || !portal.rows->holds_stream()) continue;
    Resume(portal);
    const Status set_aside = portal.rows->SetAside(limits_.set_aside_bytes_max);
    if (set_aside.ok()) continue;
    portal.rows.reset();
    portal.finished = true;
    return Explain(set_aside);
  }
  return Status::Ok();
}

Status Session::Start(Portal& portal) {
  LUMA_CHECK(!portal.started && !portal.is_empty);
  LUMA_RETURN_IF_ERROR(CheckCancelled());
  LUMA_RETURN_IF_ERROR(CheckNotFailed(portal.statement.kind));
  portal.started = true;
  if (MayChangeSettings(portal.statement)) settings_changed_ = true;
  if (IsTransactionStatement(portal.statement.kind)) return RunTransactionStatement(portal);
  if (IsDiscardAll(portal.statement)) LUMA_RETURN_IF_ERROR(DiscardAll(portal));
  if (const auto deallocation = ParseDeallocation(portal.statement)) Deallocate(*deallocation);
  LUMA_ASSIGN_OR_RETURN(const auto cursor, ParseCursorStatement(portal.statement.text));
  if (cursor.has_value()) return RunCursorStatement(portal, *cursor);
  LUMA_RETURN_IF_ERROR(SetAsideOthers(&portal));
  LUMA_RETURN_IF_ERROR(OpenRows(portal));
  if (IsDiscardAll(portal.statement)) connection().SetStatementTimeout(limits_.statement_timeout);
  if (!RunsThrough(portal.statement)) return Status::Ok();
  const Status status = portal.rows->SetAside(limits_.set_aside_bytes_max);
  portal.finished = !status.ok();
  return Explain(status);
}

void Session::Resume(const Portal& portal) {
  if (portal.rows != nullptr && portal.rows->holds_stream()) {
    connection().RestartStatementTimeout();
  }
}

// Statements of SQL's PREPARE are the SQL layer's: it gets the statement, too.
void Session::Deallocate(const Deallocation& deallocation) {
  if (!deallocation.all) return ClosePrepared(deallocation.name);
  std::erase_if(prepared_, [](const auto& entry) { return !entry.first.empty(); });
}

Status Session::DiscardAll(const Portal& running) {
  if (implicit_ || transaction_state() != TransactionState::kIdle) {
    return Status::InvalidArgument("DISCARD ALL cannot run inside a transaction block")
        .WithSqlState("25001");
  }
  std::erase_if(portals_, [&](const auto& entry) { return &entry.second != &running; });
  Deallocate({.all = true, .name = ""});
  return Status::Ok();
}

Status Session::OpenRows(Portal& portal) {
  Result<std::unique_ptr<sql::ResultStream>> stream =
      portal.prepared == nullptr ? connection().Execute(portal.statement)
                                 : connection().Execute(*portal.prepared, portal.parameters);
  if (!stream.ok()) {
    portal.finished = true;
    return Explain(stream.status());
  }
  portal.rows = std::make_shared<RowSource>(*std::move(stream));
  return Status::Ok();
}

std::vector<Notice> Session::TakeNotices() {
  std::vector<Notice> notices = std::exchange(notices_, {});
  if (!connection_) return notices;
  for (sql::StatementNotice& notice : connection_->TakeNotices()) {
    notices.push_back({.is_warning = notice.is_warning,
                       .sqlstate = notice.is_warning ? "01000" : "00000",
                       .message = std::move(notice.message)});
  }
  return notices;
}

// BEGIN in a transaction and COMMIT or ROLLBACK outside of one are not errors in PostgreSQL.
Status Session::RunTransactionStatement(Portal& portal) {
  const bool is_begin = portal.statement.kind == StatementKind::kBegin;
  const bool is_idle = transaction_state() == TransactionState::kIdle;
  if (is_begin && !is_idle) {
    notices_.push_back({true, "25001", "there is already a transaction in progress"});
    portal.finished = true;
    return Status::Ok();
  }
  if (!is_begin && is_idle) {
    notices_.push_back({true, "25P01", "there is no transaction in progress"});
    portal.finished = true;
    const bool commits = portal.statement.kind == StatementKind::kCommit;
    EndPortals(commits, &portal);
    if (!std::exchange(implicit_, false)) return Status::Ok();
    return connection().EndImplicit(commits);
  }
  const bool commits = portal.statement.kind == StatementKind::kCommit &&
                       transaction_state() != TransactionState::kFailed;
  if (!is_begin) EndPortals(commits, &portal);
  if (!is_begin && !commits) {
    portal.statement = RollbackStatement();
    portal.prepared = nullptr;
  }
  failed_ = false;
  return RunThrough(portal);
}

// Portals end with their transaction, but for the held cursors of one that commits.
void Session::EndPortals(bool committed, const Portal* except) {
  for (auto entry = portals_.begin(); entry != portals_.end();) {
    Portal& portal = entry->second;
    if (committed && portal.holds) portal.committed = true;
    const bool stays = &portal == except || portal.committed;
    entry = stays ? std::next(entry) : portals_.erase(entry);
  }
}

Status Session::RunThrough(Portal& portal) {
  LUMA_RETURN_IF_ERROR(OpenRows(portal));
  return Finish(portal);
}

Result<bool> Session::HasRow(Portal& portal) {
  if (portal.fetch_rows_left == 0) portal.finished = true;
  if (portal.finished || portal.rows == nullptr) return false;
  Status status = CheckCancelled();
  if (status.ok()) {
    Result<bool> has_row = portal.rows->HasRow();
    if (has_row.ok()) {
      portal.finished = !*has_row;
      return has_row;
    }
    status = Explain(has_row.status());
  }
  portal.rows.reset();
  portal.finished = true;
  return status;
}

void Session::AdvanceTo(Portal& portal, uint32_t row) {
  if (portal.fetch_rows_left != UINT64_MAX) portal.fetch_rows_left -= row - portal.rows->row();
  portal.rows->AdvanceTo(row);
}

Status Session::Finish(Portal& portal) {
  if (std::exchange(portal.finished, true) || portal.rows == nullptr) return Status::Ok();
  return Explain(portal.rows->Drain());
}

Result<std::unique_ptr<sql::CopyIn>> Session::StartCopyIn(const sql::ParsedStatement& statement) {
  LUMA_RETURN_IF_ERROR(CheckCancelled());
  LUMA_RETURN_IF_ERROR(CheckNotFailed(statement.kind));
  LUMA_RETURN_IF_ERROR(SetAsideOthers(nullptr));
  return connection().BeginCopyIn(statement);
}

std::string Session::CompletionTag(const Portal& portal, uint64_t rows_sent) const {
  const sql::ParsedStatement& statement = portal.statement;
  const uint64_t affected = portal.rows == nullptr ? 0 : portal.rows->affected_rows();
  switch (statement.kind) {
    case StatementKind::kSelect:
      return statement.command_tag + " " + std::to_string(rows_sent);
    case StatementKind::kCopyToStdout:
      return "COPY " + std::to_string(rows_sent);
    case StatementKind::kInsert:
    case StatementKind::kUpdate:
    case StatementKind::kDelete:
    case StatementKind::kMerge:
      return statement.command_tag + " " + std::to_string(affected);
    default:  // CREATE TABLE AS completes as "SELECT n"
      if (statement.command_tag != "SELECT") return statement.command_tag;
      return "SELECT " + std::to_string(affected);
  }
}

// -- Transactions and settings

Status Session::EnterImplicit() {
  if (implicit_ || transaction_state() != TransactionState::kIdle) return Status::Ok();
  LUMA_RETURN_IF_ERROR(connection().BeginImplicit());
  implicit_ = true;
  return Status::Ok();
}

Status Session::LeaveImplicit(bool success) {
  if (transaction_state() == TransactionState::kIdle) EndPortals(success, nullptr);
  if (!std::exchange(implicit_, false)) return Status::Ok();
  const Status ended = connection().EndImplicit(success);
  return success ? Explain(ended) : Status::Ok();
}

Status Session::ApplySetting(std::string_view name, std::string_view value) {
  const std::string text = "SET " + Quoted(name, '"') + " = " + Quoted(value, '\'');
  LUMA_ASSIGN_OR_RETURN(auto statements, Parse(text));
  if (statements.size() != 1) return Status::InvalidArgument("bad setting: name=", name);
  Portal portal;
  portal.statement = std::move(statements.front());
  return RunThrough(portal);
}

std::optional<std::string> Session::GetSetting(std::string_view name) {
  return connection().GetSetting(name);
}

}  // namespace luma::session
