// Transactions of a session: explicit ones, and the implicit one of a query string.
#include "base/log.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_connection.h"
#include "sql/query_stream.h"

namespace luma::sql {

Status LumaConnection::FailedTransaction() {
  return Status::FailedTransaction(
      "current transaction is aborted, commands ignored until end of transaction block");
}

Status LumaConnection::BeginDuckDbTransaction() {
  LUMA_RETURN_IF_ERROR(ConnectAnewIfReplaced());
  LUMA_ASSIGN_OR_RETURN(duckdb::Connection* const connection, Connect());
  LUMA_RETURN_IF_ERROR(CallDuckDb([&] { connection->BeginTransaction(); }));
  duckdb_transaction_ = true;
  return Status::Ok();
}

Status LumaConnection::CommitDuckDbTransaction() {
  if (!duckdb_transaction_) return Status::Ok();
  duckdb_transaction_ = false;
  const Status status = CallDuckDb([&] { connection_->Commit(); });
  if (status.ok() || session_->commit_error.ok()) return status;
  return std::exchange(session_->commit_error, Status::Ok());
}

void LumaConnection::RollbackDuckDbTransaction() {
  if (!duckdb_transaction_) return;
  duckdb_transaction_ = false;
  const Status status = CallDuckDb([&] {
    if (connection_->HasActiveTransaction()) connection_->Rollback();
  });
  if (!status.ok()) LUMA_LOG(kWarn, "sql", "rollback failed: {}", status.ToString());
}

Status LumaConnection::Begin(const ParsedStatement& statement) {
  if (InExplicitTransaction()) return Status::Ok();  // PostgreSQL only warns
  read_only_ = ReadOnlyMode(statement.text).value_or(IsReadOnly());
  if (implicit_failed_) return FailedTransaction();
  if (!duckdb_transaction_) LUMA_RETURN_IF_ERROR(BeginDuckDbTransaction());
  state_ = TransactionState::kInTransaction;
  return Status::Ok();
}

bool LumaConnection::IsReadOnly() {
  if (InExplicitTransaction()) return read_only_;
  if (!connection_) return false;
  return IsOn(ReadSetting(*connection_->context, "default_transaction_read_only").value_or("off"));
}

Status LumaConnection::Commit() {
  const bool failed = state_ == TransactionState::kFailed;
  state_ = TransactionState::kIdle;
  if (failed) {
    RollbackDuckDbTransaction();
    EndOfTransaction();
    return Status::Ok();
  }
  const Status status = CommitDuckDbTransaction();
  EndOfTransaction();
  return status;
}

void LumaConnection::Rollback() {
  state_ = TransactionState::kIdle;
  implicit_failed_ = false;
  RollbackDuckDbTransaction();
  EndOfTransaction();
}

void LumaConnection::EndOfTransaction() {
  read_only_ = false;
  for (auto& [name, value] : std::exchange(local_settings_, {})) {
    if (!Connect().ok()) return;
    const Status status = ChangeSetting(*connection_->context, name, value);
    if (!status.ok()) LUMA_LOG(kWarn, "sql", "SET LOCAL did not end: {}", status.ToString());
  }
}

Result<std::unique_ptr<ResultStream>> LumaConnection::ExecuteControl(
    const ParsedStatement& statement) {
  switch (statement.kind) {
    case StatementKind::kBegin:
      LUMA_RETURN_IF_ERROR(Begin(statement));
      break;
    case StatementKind::kCommit:
      LUMA_RETURN_IF_ERROR(Commit());
      break;
    default:
      Rollback();
  }
  return EmptyStream();
}

Status LumaConnection::BeginImplicit() {
  if (InExplicitTransaction()) return Status::Ok();
  implicit_ = true;
  implicit_failed_ = false;
  return Status::Ok();
}

Status LumaConnection::EndImplicit(bool success) {
  const bool failed = std::exchange(implicit_failed_, false);
  const bool was_implicit = std::exchange(implicit_, false);
  if (!was_implicit || InExplicitTransaction()) return Status::Ok();
  if (success && !failed) return CommitDuckDbTransaction();
  RollbackDuckDbTransaction();
  return Status::Ok();
}

Status LumaConnection::BeginOwnTransaction() {
  return duckdb_transaction_ ? Status::Ok() : BeginDuckDbTransaction();
}

}  // namespace luma::sql
