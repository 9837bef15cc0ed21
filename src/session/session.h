// One client's state: transaction, prepared statements, portals, cancellation. Front ends talk to
// SQL through it alone.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "session/cursor_statement.h"
#include "session/deallocation.h"
#include "session/row_source.h"
#include "sql/database.h"

namespace luma::session {

struct SessionLimits {
  size_t prepared_statements_max = 10'000;
  size_t portals_max = 1'000;
  // Rows of suspended portals that are kept in memory when another statement runs, per portal.
  uint64_t set_aside_bytes_max = 64 << 20;
  std::chrono::milliseconds statement_timeout{0};  // until SET says otherwise; 0: none
};

struct Notice {
  bool is_warning = false;  // otherwise NOTICE
  std::string sqlstate;
  std::string message;
};

// BEGIN, COMMIT, ROLLBACK.
bool IsTransactionStatement(sql::StatementKind kind);
// False for those and for DISCARD ALL: they must not find themselves in an implicit transaction.
bool MayBeInImplicit(const sql::ParsedStatement& statement);

// A statement with its parameters, ready to run or running.
struct Portal {
  // Null in a portal of the simple protocol and for an empty statement.
  std::shared_ptr<const sql::PreparedStatement> prepared;
  sql::ParsedStatement statement;
  bool is_empty = false;  // of a text without any statement
  std::vector<sql::Parameter> parameters;
  std::vector<int16_t> result_format_codes;  // as the client sent them

  bool started = false;
  bool finished = false;
  // Null before the start, and after it for statements the session itself answers. FETCH shares
  // its cursor's rows.
  std::shared_ptr<RowSource> rows;
  uint64_t fetch_rows_left = UINT64_MAX;  // FETCH: ends after these

  bool holds = false;  // a cursor WITH HOLD: once committed, it outlives its transaction
  bool committed = false;
};

// What the client is told about the portal's rows; empty when they are not known yet.
std::span<const sql::ResultColumn> ColumnsOf(const Portal& portal);

// Threads: one at a time, which may change from call to call; Cancel from any. Calls that reach SQL
// block: never on an event loop.
class Session {
 public:
  // `database` outlives the session. The SQL connection is made when it is first needed.
  Session(sql::Database& database, sql::ConnectionOptions options, SessionLimits limits);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Cancel reaches only what runs between these two, so a late one cannot hit the next request; and
  // only then does a statement's time run out.
  void StartRequest() LUMA_EXCLUDES(mutex_);
  void EndRequest() LUMA_EXCLUDES(mutex_);
  void Cancel() LUMA_EXCLUDES(mutex_);

  // Errors: 22021 for text that is not UTF-8, kSyntaxError.
  Result<std::vector<sql::ParsedStatement>> Parse(std::string_view text);

  // Prepared statements; "" is the unnamed one, replaced at will.
  // Errors: 42601 for several statements, 42P05 for a name in use, kTooLarge for too many.
  Status Prepare(std::string_view name, std::string_view text, std::span<const uint32_t> oids);
  // The statement, null when it is empty. Errors: 26000 when there is none of that name.
  Result<const sql::PreparedStatement*> FindPrepared(std::string_view name) const;
  void ClosePrepared(std::string_view name);  // none of that name: nothing happens

  // Portals; "" is the unnamed one, replaced at will. They live until closed or until their
  // transaction ends. Errors: 26000, 42P03 for a name in use, kTooLarge for too many.
  Result<Portal*> Bind(std::string_view portal_name, std::string_view statement_name,
                       std::vector<sql::Parameter> parameters,
                       std::vector<int16_t> result_format_codes);
  Portal& BindSimple(sql::ParsedStatement statement);  // as the unnamed portal
  Result<Portal*> FindPortal(std::string_view name);   // errors: 34000
  void ClosePortal(std::string_view name);             // none of that name: nothing happens

  // Starts the portal's statement. Rows of other portals are set aside first. BEGIN, COMMIT and
  // ROLLBACK in the wrong place give a notice, as in PostgreSQL. DEALLOCATE and DISCARD ALL drop
  // the prepared statements of Prepare, too.
  Status Start(Portal& portal);
  // The client asks for more rows of a portal that has been started.
  void Resume(const Portal& portal);
  // As RowSource, with cancellation. Errors end the portal.
  Result<bool> HasRow(Portal& portal);
  // The rows of the current batch up to `row`, which HasRow offered, are used up.
  void AdvanceTo(Portal& portal, uint32_t row);
  // Runs a statement that returns no rows to its end.
  Status Finish(Portal& portal);
  Result<std::unique_ptr<sql::CopyIn>> StartCopyIn(const sql::ParsedStatement& statement);
  // The completion tag: "INSERT 0 3". `rows_sent` counts for statements that return rows.
  std::string CompletionTag(const Portal& portal, uint64_t rows_sent) const;

  // The implicit transaction around statements outside an explicit one. Entering twice or leaving
  // without entering does nothing. Leaving ends the portals, unless a transaction is open.
  Status EnterImplicit();
  Status LeaveImplicit(bool success);

  sql::TransactionState transaction_state() const;
  // kFailedTransaction, unless a statement of that kind may run in a failed one.
  Status CheckNotFailed(sql::StatementKind kind) const;
  // An error was told to the client. As in PostgreSQL it fails an open transaction, whether it came
  // from SQL or from the protocol (a COPY given up, a cursor that does not exist).
  void NoteError();
  // kCancelled, when Cancel hit this request.
  Status CheckCancelled() const;

  // Applies a setting of the startup packet. Errors: those of SET.
  Status ApplySetting(std::string_view name, std::string_view value);
  std::optional<std::string> GetSetting(std::string_view name);
  // True when a statement since the last call may have changed settings.
  bool TakeSettingsChanged() { return std::exchange(settings_changed_, false); }
  // Those of the protocol and those of statements.
  std::vector<Notice> TakeNotices();

 private:
  using Prepared = std::shared_ptr<const sql::PreparedStatement>;

  Result<Prepared> PrepareOne(const sql::ParsedStatement& statement,
                              std::span<const uint32_t> oids);
  sql::Connection& connection() LUMA_EXCLUDES(mutex_);
  Result<std::vector<sql::ParsedStatement>> ParseWithCursors(std::string_view text);
  Status SetAsideOthers(const Portal* running);
  Status RunTransactionStatement(Portal& portal);
  void Deallocate(const Deallocation& deallocation);
  Status DiscardAll(const Portal& running);
  Status RunThrough(Portal& portal);
  Status OpenRows(Portal& portal);
  void EndPortals(bool committed, const Portal* except);

  // Cursors (session_cursors.cc).
  Result<Prepared> PrepareCursor(const sql::ParsedStatement& statement,
                                 const CursorStatement& cursor, std::span<const uint32_t> oids);
  Result<sql::ParsedStatement> ParseCursorQuery(std::string_view text);
  Status RunCursorStatement(Portal& portal, const CursorStatement& cursor);
  Status DeclareCursor(const Portal& portal, const CursorStatement& cursor);
  Status MoveCursor(Portal& portal, const CursorStatement& cursor);
  Status CloseCursor(const CursorStatement& cursor);
  Result<Portal*> FindCursor(std::string_view name);
  // Adds what the session knows to an error of the SQL layer.
  Status Explain(Status status) const;

  sql::Database& database_;
  const sql::ConnectionOptions options_;
  const SessionLimits limits_;
  std::unique_ptr<sql::Connection> connection_;
  std::map<std::string, Prepared, std::less<>> prepared_;
  std::map<std::string, Portal, std::less<>> portals_;
  bool implicit_ = false;
  bool failed_ = false;  // the open transaction, by an error that the SQL layer has not seen
  bool settings_changed_ = false;
  std::vector<Notice> notices_;

  std::atomic<bool> cancelled_{false};
  Mutex mutex_;
  bool in_request_ LUMA_GUARDED_BY(mutex_) = false;
  sql::Connection* interruptible_ LUMA_GUARDED_BY(mutex_) = nullptr;  // connection_, once it exists
};

}  // namespace luma::session
