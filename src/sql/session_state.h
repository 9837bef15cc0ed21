// What DuckDB's callbacks need to know of the session that runs a statement.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "sql/database.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Registered with each ClientContext. Threads: as its connection; AddNotice from any.
class SessionState final : public duckdb::ClientContextState {
 public:
  static constexpr const char* kName = "luma_session";

  explicit SessionState(ConnectionOptions connection_options)
      : options(std::move(connection_options)) {}

  // Null when the context is not a client's (DuckDB makes some of its own).
  static SessionState* Find(duckdb::ClientContext& context) {
    return context.registered_state->Get<SessionState>(kName).get();
  }

  void AddNotice(StatementNotice notice) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    if (notices_.size() < kNoticesMax) notices_.push_back(std::move(notice));
  }
  std::vector<StatementNotice> TakeNotices() LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    return std::exchange(notices_, {});
  }

  const ConnectionOptions options;
  // Why the last commit failed: DuckDB passes on the text of the error alone. Taken by the
  // connection when it reports the error.
  Status commit_error;

 private:
  static constexpr size_t kNoticesMax = 100;  // of one statement: a lateral join may ask for many

  Mutex mutex_;
  std::vector<StatementNotice> notices_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::sql
