// A client's connection: transaction state, statement routing and error handling over one DuckDB
// connection, which is made at first use and made anew when its instance has been replaced.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "sql/database.h"
#include "sql/duckdb_headers.h"
#include "sql/instance_host.h"
#include "sql/postgres_rewrite.h"
#include "sql/session_settings.h"
#include "sql/session_state.h"
#include "sql/setting_statements.h"
#include "sql/statement_timer.h"

namespace luma::sql {

class LumaPreparedStatement;

// Threads: one at a time; Interrupt from any.
class LumaConnection final : public Connection {
 public:
  // `host` and `timer` outlive it.
  LumaConnection(InstanceHost& host, StatementTimer& timer, ConnectionOptions options)
      : host_(host), timer_(timer), options_(std::move(options)) {}
  ~LumaConnection() override;

  Result<std::vector<ParsedStatement>> Parse(std::string_view text) override;
  Result<std::shared_ptr<PreparedStatement>> Prepare(
      const ParsedStatement& statement, std::span<const uint32_t> declared_oids) override;
  Result<std::unique_ptr<ResultStream>> Execute(const ParsedStatement& statement) override;
  Result<std::unique_ptr<ResultStream>> Execute(const PreparedStatement& statement,
                                                std::span<const Parameter> parameters) override;
  Result<std::unique_ptr<CopyIn>> BeginCopyIn(const ParsedStatement& statement) override;
  Status BeginImplicit() override;
  Status EndImplicit(bool success) override;
  TransactionState transaction_state() const override { return state_; }
  void Interrupt() override LUMA_EXCLUDES(interrupt_mutex_);
  void SetStatementTimeout(std::chrono::milliseconds timeout) override { timeout_ = timeout; }
  void PauseStatementTimeout() override { StopTimer(); }
  void RestartStatementTimeout() override { StartTimer(); }
  std::optional<std::string> GetSetting(std::string_view name) override;
  std::vector<StatementNotice> TakeNotices() override {
    return session_ ? session_->TakeNotices() : std::vector<StatementNotice>();
  }
  void Reset() override;

  // ---- for the streams and statements it hands out

  // The DuckDB connection, connected if need be; good until the next statement or error. Errors:
  // kInternal when no instance opens.
  Result<duckdb::Connection*> Connect();
  // Counts up when the DuckDB connection is replaced; prepared plans of an older one are void.
  uint64_t connection_number() const { return connection_number_; }
  // Opens the transaction that a statement needs if none is open. Connects anew when the instance
  // has been replaced. Errors: kFailedTransaction.
  Status StartStatement(StatementKind kind);
  // What a statement's error becomes for the client, after the transaction state has taken note:
  // an explicit transaction fails, an invalidated instance is replaced.
  Status FinishWithError(const duckdb::ErrorData& error);
  Status FinishWithError(Status status);
  void FinishStatement();
  // A transaction of its own for COPY outside one. FinishWithError rolls it back.
  Status BeginOwnTransaction();
  Status CommitOwnTransaction() { return CommitDuckDbTransaction(); }

 private:
  using Stream = std::unique_ptr<ResultStream>;

  Result<Stream> ExecuteControl(const ParsedStatement& statement);
  Result<Stream> ExecuteSetting(const SettingStatement& setting);
  Result<Stream> ExecuteSql(const ParsedStatement& statement);
  Result<Stream> ExecutePrepared(const LumaPreparedStatement& prepared,
                                 std::span<const Parameter> parameters);
  // Whether the statement is a transaction of its own that changes rows.
  bool MayRunAgain(StatementKind kind) const;
  Result<Stream> RunSql(duckdb::Connection& connection, const RewrittenStatement& rewritten);
  Result<Stream> RunWithTableOptions(duckdb::Connection& connection,
                                     const RewrittenStatement& rewritten);
  Result<duckdb::unique_ptr<duckdb::QueryResult>> RunOne(duckdb::Connection& connection,
                                                         const std::string& sql);
  Result<Stream> ShowSetting(const std::string& name);
  Result<Stream> ShowAllSettings();
  Status ChangeSessionSetting(const SettingStatement& setting);

  Status Begin(const ParsedStatement& statement);
  bool IsReadOnly();
  Status Commit();
  void Rollback();
  bool InExplicitTransaction() const { return state_ != TransactionState::kIdle; }
  static Status FailedTransaction();
  Status BeginDuckDbTransaction();
  Status CommitDuckDbTransaction();
  void RollbackDuckDbTransaction();
  void EndOfTransaction();  // SET LOCAL ends

  void StartTimer();
  bool StopTimer();  // true when it had run out
  void Disconnect() LUMA_EXCLUDES(interrupt_mutex_);
  // For another connection: settings go with the session, temporary tables and plans do not.
  void DisconnectKeepingSettings();
  Status ConnectAnewIfReplaced();
  Status ReplaceInstance();

  InstanceHost& host_;
  StatementTimer& timer_;
  const ConnectionOptions options_;

  std::shared_ptr<duckdb::DuckDB> instance_;
  std::unique_ptr<duckdb::Connection> connection_;
  duckdb::shared_ptr<SessionState> session_;
  uint64_t connection_number_ = 0;

  TransactionState state_ = TransactionState::kIdle;
  bool read_only_ = false;  // the explicit transaction is
  bool implicit_ = false;   // between BeginImplicit and EndImplicit
  bool implicit_failed_ = false;
  bool duckdb_transaction_ = false;  // one is open that we began
  std::vector<std::pair<std::string, std::optional<std::string>>> local_settings_;
  std::optional<SavedSettings> kept_settings_;  // for the next connection

  std::chrono::milliseconds timeout_{0};
  std::optional<StatementTimer::Id> running_timer_;

  Mutex interrupt_mutex_;
  duckdb::shared_ptr<duckdb::ClientContext> interruptible_ LUMA_GUARDED_BY(interrupt_mutex_);
};

}  // namespace luma::sql
