#include "pgwire/internal/pg_connection.h"

#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/any_completion_handler.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <utility>

#include "base/log.h"

namespace luma::pgwire {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadPieceBytes = 64 << 10;
// What a connection may hold without asking the budget; most messages fit.
constexpr size_t kFreeInputBytes = 8 << 10;
constexpr size_t kIdleOutputBytes = 4 << 10;
constexpr std::chrono::seconds kLingerTime{1};

Status ShuttingDown() {
  return Status::Unavailable("terminating connection due to administrator command")
      .WithSqlState("57P01");
}

Status IdleTooLong() {
  return Status::Timeout("terminating connection due to idle-in-transaction timeout")
      .WithSqlState("25P03");
}

// What is left of a session. The engine goes first: it may hold an unfinished COPY.
struct Ending {
  Ending(std::shared_ptr<session::Session> the_session, std::unique_ptr<ProtocolEngine> the_engine)
      : session(std::move(the_session)), engine(std::move(the_engine)) {}
  std::shared_ptr<session::Session> session;
  std::unique_ptr<ProtocolEngine> engine;
};

// Gives back the memory of a buffer that grew for one large message.
void ShrinkIdle(std::string& buffer) {
  if (buffer.empty() && buffer.capacity() > kIdleOutputBytes) buffer = std::string();
}

}  // namespace

PgConnection::PgConnection(tcp::socket socket, PgShared& shared)
    : shared_(shared), socket_(std::move(socket)) {
  boost::system::error_code ignored;
  socket_.set_option(tcp::no_delay(true), ignored);
  socket_.set_option(asio::socket_base::keep_alive(true), ignored);
  socket_.non_blocking(true, ignored);
  const auto endpoint = socket_.remote_endpoint(ignored);
  if (!ignored) peer_address_ = endpoint.address().to_string();
}

PgConnection::~PgConnection() {
  if (session_ != nullptr) {
    shared_.cancels.Remove(cancel_key_);
    // Ending a session may roll back, which blocks: not on this thread.
    shared_.parts.workers.TrySubmit(
        [ending = std::make_shared<Ending>(std::move(session_), std::move(engine_))] {});
  }
  shared_.connections.Remove(*this);
}

void PgConnection::Start(tcp::socket socket, PgShared& shared) {
  auto connection = std::make_shared<PgConnection>(std::move(socket), shared);
  if (!shared.connections.Add(*connection)) return;
  const auto executor = connection->socket_.get_executor();
  asio::co_spawn(executor, Serve(std::move(connection)), asio::detached);
}

asio::awaitable<void> PgConnection::Serve(std::shared_ptr<PgConnection> self) {
  Status admitted;
  if (self->shared_.parts.admission != nullptr) {
    admitted = self->shared_.parts.admission->OnConnect(self->peer_address_);
  }
  if (!admitted.ok()) {
    co_await self->Refuse(admitted);
    co_return;
  }
  const bool logged_in = co_await self->LogIn();
  if (logged_in) co_await self->RunSession();
  boost::system::error_code ignored;
  self->socket_.shutdown(tcp::socket::shutdown_both, ignored);
}

// -- Login

asio::awaitable<bool> PgConnection::LogIn() {
  Handshake handshake(shared_.options.auth, shared_.options.databases);
  FrameBuffer input;
  std::string output;
  while (true) {
    const Handshake::Outcome outcome = handshake.Step(input, output);
    if (outcome == Handshake::Outcome::kLoggedIn) break;
    if (outcome == Handshake::Outcome::kCancel) {
      const CancelRequest& request = handshake.cancel_request();
      shared_.cancels.Cancel({request.process_id, request.secret});
      co_return false;
    }
    if (outcome == Handshake::Outcome::kWrongPassword && shared_.parts.admission != nullptr) {
      shared_.parts.admission->OnAuthFailure(peer_address_);
    }
    if (!output.empty()) {
      const bool written = co_await Write(output);
      if (!written) co_return false;
    }
    if (outcome != Handshake::Outcome::kNeedInput) {
      co_await Linger();
      co_return false;
    }
    const bool read = co_await Read(input);
    if (!read) co_return false;
  }
  const bool started = co_await StartSession(handshake.parameters());
  if (!started) co_return false;
  engine_->output().insert(0, output);
  engine_->input() = std::move(input);
  const bool greeted = co_await Write(engine_->output());
  co_return greeted;
}

asio::awaitable<bool> PgConnection::StartSession(const StartupParameters& parameters) {
  if (!shared_.connections.MakeSession(*this)) {
    co_await Refuse(Status::TooManyRequests("sorry, too many clients already"));
    co_return false;
  }
  const Result<session::CancelKey> key = shared_.cancels.NewKey();
  if (!key.ok()) {
    co_await Refuse(key.status());
    co_return false;
  }
  cancel_key_ = *key;
  sql::ConnectionOptions options;
  options.user = parameters.user;
  options.database = parameters.database;
  options.application_name = parameters.application_name;
  options.client_address = peer_address_;
  options.backend_pid = cancel_key_.process_id;
  session::SessionLimits limits = shared_.options.session;
  limits.statement_timeout = std::chrono::milliseconds(shared_.statement_timeout_millis.load());
  session_ = std::make_shared<session::Session>(shared_.parts.database, std::move(options), limits);
  shared_.cancels.Add(cancel_key_, session_);
  engine_ = std::make_unique<ProtocolEngine>(*session_, shared_.options.engine);
  bool welcome = false;
  auto greet = [this, &parameters, &welcome] { welcome = engine_->Greet(parameters, cancel_key_); };
  const bool ran = co_await OnWorker(std::move(greet));
  if (ran && welcome) co_return true;
  if (!ran) engine_->WriteFatal(Status::TooManyRequests("too many queries are waiting"));
  const bool written = co_await Write(engine_->output());
  if (written) co_await Linger();
  co_return false;
}

// -- Session

asio::awaitable<void> PgConnection::RunSession() {
  while (!terminating_) {
    if (!engine_->HasWork()) {
      if (draining_ && engine_->IsIdle()) break;
      engine_->input().ReleaseMemory();
      ShrinkIdle(engine_->output());
      waiting_since_ = std::chrono::steady_clock::now();
      const bool read = co_await Read(engine_->input());
      waiting_since_.reset();
      if (!read) co_return;
      if (idle_too_long_) co_return co_await Refuse(IdleTooLong());
      continue;
    }
    auto outcome = ProtocolEngine::Outcome::kClose;
    auto step = [this, &outcome] {
      outcome = engine_->Step();
      if (outcome != ProtocolEngine::Outcome::kNeedInput) SendAtOnce(engine_->output());
    };
    const bool ran = co_await OnWorker(std::move(step));
    if (peer_gone_) co_return;
    if (!ran) engine_->WriteFatal(Status::TooManyRequests("too many queries are waiting"));
    if (outcome == ProtocolEngine::Outcome::kNeedInput) continue;
    const bool written = co_await Write(engine_->output());
    if (!written) co_return;
    if (outcome == ProtocolEngine::Outcome::kClose) {
      co_await Linger();
      co_return;
    }
  }
  co_await Refuse(ShuttingDown());
}

asio::awaitable<bool> PgConnection::OnWorker(std::function<void()> work) {
  using Handler = asio::any_completion_handler<void(bool)>;
  auto start = [this](auto completion, std::function<void()> the_work) {
    const auto executor = socket_.get_executor();
    auto handler = std::make_shared<Handler>(std::move(completion));
    auto resume = [executor, handler](bool ran) {
      asio::post(executor, [handler, ran] { (*std::move(handler))(ran); });
    };
    const bool queued =
        shared_.parts.workers.TrySubmit([self = shared_from_this(), the_work, resume] {
          the_work();
          resume(true);
        });
    if (!queued) resume(false);
  };
  on_worker_ = true;
  const bool ran = co_await asio::async_initiate<const asio::use_awaitable_t<>, void(bool)>(
      std::move(start), asio::use_awaitable, std::move(work));
  on_worker_ = false;
  co_return ran;
}

// -- Bytes

asio::awaitable<bool> PgConnection::Read(FrameBuffer& input) {
  const auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, kTuple);
  const bool awakened = error == asio::error::operation_aborted;
  if (awakened && (draining_ || idle_too_long_)) co_return true;
  if (error || !ReadAvailable(input)) co_return false;
  const Status booked = BookInput(input);
  if (booked.ok()) co_return true;
  LUMA_LOG(kWarn, "pgwire", "closing a connection: peer={} reason={}", peer_address_,
           booked.message());
  input = FrameBuffer();
  input_lease_.Release();
  co_await Refuse(booked);
  co_return false;
}

bool PgConnection::ReadAvailable(FrameBuffer& input) {
  // One buffer per thread: an idle connection has none.
  static thread_local std::array<char, kReadPieceBytes> piece;
  boost::system::error_code error;
  const size_t bytes = socket_.read_some(asio::buffer(piece), error);
  if (error == asio::error::would_block) return true;
  if (error) return false;
  input.Append({piece.data(), bytes});
  return true;
}

Status PgConnection::BookInput(const FrameBuffer& input) {
  const size_t bytes = input.memory_bytes();
  if (bytes <= kFreeInputBytes) {
    input_lease_.Release();
    return Status::Ok();
  }
  storage::MemoryBudget& budget = shared_.parts.budget;
  input_lease_.Release();
  LUMA_ASSIGN_OR_RETURN(input_lease_, budget.Book(storage::BudgetUse::kSockets, bytes));
  if (budget.booked_bytes(storage::BudgetUse::kSockets) <= shared_.options.input_bytes_max) {
    return Status::Ok();
  }
  return Status::OutOfMemory("too many bytes of unfinished messages: limit_bytes=",
                             shared_.options.input_bytes_max);
}

void PgConnection::SendAtOnce(std::string& bytes) {
  // On a worker: nothing closes the socket while on_worker_ is true.
  const ssize_t sent =
      ::send(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) bytes.erase(0, static_cast<size_t>(sent));
}

asio::awaitable<bool> PgConnection::Write(std::string& bytes) {
  if (terminating_) SendAtOnce(bytes);
  if (terminating_ || bytes.empty()) co_return bytes.empty();
  const auto [error, count] = co_await asio::async_write(socket_, asio::buffer(bytes), kTuple);
  bytes.clear();
  co_return !error;
}

asio::awaitable<void> PgConnection::Refuse(const Status& status) {
  std::string output;
  WriteError(output, Severity::kFatal, status, {});
  const bool written = co_await Write(output);
  if (written) co_await Linger();
}

asio::awaitable<void> PgConnection::Linger() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
  asio::steady_timer timer(socket_.get_executor(), kLingerTime);
  timer.async_wait([weak = weak_from_this()](boost::system::error_code stopped) {
    const auto self = weak.lock();
    if (!stopped && self != nullptr) self->CloseNow();
  });
  bool open = true;
  while (open) {
    const auto [error] = co_await socket_.async_wait(tcp::socket::wait_read, kTuple);
    FrameBuffer discarded;
    open = !error && ReadAvailable(discarded);
  }
}

// -- What the connection table asks for

void PgConnection::OnThread(void (PgConnection::*method)()) {
  std::shared_ptr<PgConnection> self = weak_from_this().lock();
  if (self == nullptr) return;  // it is ending anyway
  // No reference stays here: were it the last one, the destructor would run under the caller's
  // lock, the table's, which it takes itself.
  const auto executor = socket_.get_executor();
  asio::post(executor, [self = std::move(self), method] { ((*self).*method)(); });
}

void PgConnection::Drop() { OnThread(&PgConnection::DropNow); }
void PgConnection::Drain() { OnThread(&PgConnection::DrainNow); }
void PgConnection::Terminate() { OnThread(&PgConnection::TerminateNow); }
void PgConnection::CheckPeer() { OnThread(&PgConnection::CheckPeerNow); }

void PgConnection::DropNow() {
  if (session_ == nullptr) CloseNow();  // otherwise it has logged in after all
}

void PgConnection::CloseNow() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void PgConnection::DrainNow() {
  draining_ = true;
  // A write under way must not be torn: it ends by itself.
  boost::system::error_code ignored;
  if (waiting_since_.has_value()) socket_.cancel(ignored);
}

void PgConnection::TerminateNow() {
  draining_ = terminating_ = true;
  if (session_ != nullptr) session_->Cancel();
  boost::system::error_code ignored;
  if (!on_worker_) socket_.cancel(ignored);
}

void PgConnection::CheckPeerNow() {
  if (on_worker_) CancelIfGone();
  if (waiting_since_.has_value()) EndIfIdleTooLong();
}

void PgConnection::CancelIfGone() {
  pollfd descriptor{socket_.native_handle(), POLLRDHUP, 0};
  if (::poll(&descriptor, 1, 0) <= 0) return;
  if ((descriptor.revents & (POLLRDHUP | POLLHUP | POLLERR)) == 0) return;
  peer_gone_ = true;
  session_->Cancel();
}

void PgConnection::EndIfIdleTooLong() {
  const std::chrono::milliseconds patience = engine_->patience();
  const auto waited = std::chrono::steady_clock::now() - *waiting_since_;
  if (patience.count() == 0 || waited < patience) return;
  idle_too_long_ = true;
  boost::system::error_code ignored;
  socket_.cancel(ignored);
}

}  // namespace luma::pgwire
