// What DuckDB's callbacks need to know of the session that runs a statement.
#pragma once

#include <memory>

#include "base/status.h"
#include "sql/database.h"
#include "sql/duckdb_boundary.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Registered with each ClientContext. Threads: as its connection.
class SessionState final : public duckdb::ClientContextState {
 public:
  static constexpr const char* kName = "luma_session";

  explicit SessionState(ConnectionOptions connection_options)
      : options(std::move(connection_options)) {}

  // Null when the context is not a client's (DuckDB makes some of its own).
  static SessionState* Find(duckdb::ClientContext& context) {
    return context.registered_state->Get<SessionState>(kName).get();
  }

  // DuckDB reports a failed commit as text alone; this keeps the whole error.
  void TransactionRollback(duckdb::MetaTransaction&, duckdb::ClientContext&,
                           duckdb::optional_ptr<duckdb::ErrorData> error) override {
    if (error && error->HasError()) commit_error = StatusFromDuckDb(*error);
  }

  const ConnectionOptions options;
  Status commit_error;
};

}  // namespace luma::sql
