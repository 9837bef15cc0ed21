// The PostgreSQL port.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "net/event_loop.h"
#include "net/worker_pool.h"
#include "pgwire/protocol_engine.h"
#include "session/admission.h"
#include "session/auth.h"
#include "session/session.h"
#include "sql/database.h"
#include "storage/budget.h"

namespace luma::pgwire {

struct PgServerOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 5432;  // 0: any free one
  session::AuthConfig auth;
  // Names clients may connect to, besides that of their user. They all mean the same database.
  std::vector<std::string> databases = {"luma", "postgres"};

  size_t sessions_max = 200;          // more: 53300
  size_t unauthenticated_max = 1000;  // sockets that have not logged in; more: the oldest goes
  std::chrono::milliseconds authentication_timeout{10'000};
  // Partly received messages of all connections together.
  uint64_t input_bytes_max = 128 << 20;

  EngineLimits engine;
  session::SessionLimits session;
};

// What the server works with; all of it outlives the server.
struct PgServerParts {
  net::EventLoop& loop;
  // Runs SQL, one task per session at a time: its threads are the number of statements that run at
  // once, others wait in turn. Its queue takes at least sessions_max tasks.
  net::WorkerPool& workers;
  sql::Database& database;
  storage::MemoryBudget& budget;
  session::AdmissionPolicy* admission = nullptr;  // null: everybody may connect
};

// Threads: any, not those of the loop or the pool.
class PgServer {
 public:
  // Listens and serves. Errors: kInvalidArgument for a bad host, kUnavailable when the port cannot
  // be listened on.
  static Result<std::unique_ptr<PgServer>> Start(PgServerParts parts, PgServerOptions options);
  ~PgServer();  // Stop(0)

  uint16_t port() const;
  size_t session_count() const;
  // For sessions that log in from now on; 0: none. A client may SET its own.
  void SetStatementTimeout(std::chrono::milliseconds timeout);

  // Stops listening; sessions end when they have no request and no transaction open (57P01). After
  // `drain` what runs is cancelled and all are closed. Returns when the last is gone.
  void Stop(std::chrono::milliseconds drain);

 private:
  class Impl;
  explicit PgServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma::pgwire
