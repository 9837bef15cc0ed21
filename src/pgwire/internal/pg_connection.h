// One client's socket: a coroutine that moves bytes between it and the two protocol machines.
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "pgwire/handshake.h"
#include "pgwire/internal/connection_table.h"
#include "pgwire/pg_server.h"
#include "pgwire/protocol_engine.h"
#include "session/cancel_registry.h"
#include "storage/budget.h"

namespace luma::pgwire {

// What all connections of a server share. Outlives them.
struct PgShared {
  PgShared(PgServerParts the_parts, PgServerOptions the_options)
      : parts(the_parts),
        options(std::move(the_options)),
        statement_timeout_millis(options.session.statement_timeout.count()),
        connections(options.unauthenticated_max, options.sessions_max) {}

  const PgServerParts parts;
  const PgServerOptions options;
  std::atomic<std::chrono::milliseconds::rep> statement_timeout_millis;
  ConnectionTable connections;
  session::CancelRegistry cancels;
};

// SQL runs on the worker pool, a bounded piece at a time: while the socket is full or the client is
// silent, no worker is held and no buffer is kept.
// Threads: made anywhere; private members are used on the thread of the socket's context, except
// for engine_, which belongs to the worker while on_worker_ is true.
class PgConnection final : public ConnectionTable::Member,
                           public std::enable_shared_from_this<PgConnection> {
 public:
  PgConnection(boost::asio::ip::tcp::socket socket, PgShared& shared);
  ~PgConnection() override;

  static void Start(boost::asio::ip::tcp::socket socket, PgShared& shared);

  void Drop() override;
  void Drain() override;
  void Terminate() override;
  void CheckPeer() override;

 private:
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  static Awaitable<void> Serve(std::shared_ptr<PgConnection> self);
  Awaitable<bool> LogIn();
  Awaitable<bool> StartSession(const StartupParameters& parameters);
  Awaitable<void> RunSession();

  // Waits for bytes and appends them to `input`; also returns when draining_ or idle_too_long_ was
  // set meanwhile.
  // False when the connection is to end.
  Awaitable<bool> Read(FrameBuffer& input);
  // Takes what the socket holds; false at the end of the stream.
  bool ReadAvailable(FrameBuffer& input);
  // Counts the memory of `input` beyond a small allowance.
  Status BookInput(const FrameBuffer& input);
  // Sends and clears `bytes`. False when the client is gone, or does not read while terminating_.
  Awaitable<bool> Write(std::string& bytes);
  // Sends what the socket takes at once and leaves the rest in `bytes`; errors are found when that
  // is sent. On a worker it spares the client the way back through the event loop.
  void SendAtOnce(std::string& bytes);
  Awaitable<void> Refuse(const Status& status);
  // Lets the client read a last message: closing with unread bytes would destroy it.
  Awaitable<void> Linger();
  // Runs `work` on a worker and comes back. False when the pool did not take it.
  Awaitable<bool> OnWorker(std::function<void()> work);

  void OnThread(void (PgConnection::*method)());
  void DropNow();
  void CloseNow();
  void DrainNow();
  void TerminateNow();
  void CheckPeerNow();
  void CancelIfGone();
  void EndIfIdleTooLong();

  PgShared& shared_;
  boost::asio::ip::tcp::socket socket_;
  std::string peer_address_;
  std::shared_ptr<session::Session> session_;
  session::CancelKey cancel_key_;
  std::unique_ptr<ProtocolEngine> engine_;
  storage::BudgetLease input_lease_;
  // Set while a session waits for a request.
  std::optional<std::chrono::steady_clock::time_point> waiting_since_;
  bool idle_too_long_ = false;
  bool draining_ = false;
  bool terminating_ = false;
  bool on_worker_ = false;
  bool peer_gone_ = false;
};

}  // namespace luma::pgwire
