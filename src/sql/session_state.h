// What DuckDB's callbacks need to know of the session that runs a statement.
#pragma once

#include <memory>

#include "base/status.h"
#include "sql/database.h"
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

  const ConnectionOptions options;
  // Why the last commit failed: DuckDB passes on the text of the error alone. Taken by the
  // connection when it reports the error.
  Status commit_error;
};

}  // namespace luma::sql
