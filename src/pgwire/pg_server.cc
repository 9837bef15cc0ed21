#include "pgwire/pg_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <utility>

#include "base/log.h"
#include "pgwire/internal/pg_connection.h"

namespace luma::pgwire {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptRetryDelay{50};
constexpr std::chrono::milliseconds kTick{500};

Result<tcp::endpoint> ResolveHost(asio::io_context& io, const std::string& host, uint16_t port) {
  boost::system::error_code error;
  tcp::resolver resolver(io);
  const auto found = resolver.resolve(host, std::to_string(port), tcp::resolver::passive, error);
  if (error || found.empty()) {
    return Status::InvalidArgument("cannot resolve host: host=", host, " reason=", error.message());
  }
  return found.begin()->endpoint();
}

Status Listen(tcp::acceptor& acceptor, const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (!error) return Status::Ok();
  return Status::Unavailable("cannot listen: address=", endpoint.address().to_string(),
                             " port=", endpoint.port(), " reason=", error.message());
}

}  // namespace

class PgServer::Impl {
 public:
  Impl(PgServerParts parts, PgServerOptions options)
      : shared_(parts, std::move(options)),
        context_(parts.loop.Next()),
        acceptor_(context_),
        tick_timer_(context_) {}

  Status Start() {
    LUMA_ASSIGN_OR_RETURN(const tcp::endpoint endpoint,
                          ResolveHost(context_, shared_.options.host, shared_.options.port));
    LUMA_RETURN_IF_ERROR(Listen(acceptor_, endpoint));
    boost::system::error_code ignored;
    port_ = acceptor_.local_endpoint(ignored).port();
    asio::co_spawn(context_, Accept(), asio::detached);
    asio::co_spawn(context_, Tick(), asio::detached);
    return Status::Ok();
  }

  void Stop(std::chrono::milliseconds drain) {
    asio::post(context_, [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
    });
    accept_ended_.get_future().wait();
    shared_.connections.DrainAll(drain);
    asio::post(context_, [this] {
      stopping_ = true;
      tick_timer_.cancel();
    });
    tick_ended_.get_future().wait();
  }

  uint16_t port() const { return port_; }
  size_t session_count() const { return shared_.connections.session_count(); }
  void SetStatementTimeout(std::chrono::milliseconds timeout) {
    shared_.statement_timeout_millis = timeout.count();
  }

 private:
  asio::awaitable<void> Accept() {
    while (acceptor_.is_open()) {
      auto [error, socket] = co_await acceptor_.async_accept(shared_.parts.loop.Next(), kTuple);
      if (!error) {
        PgConnection::Start(std::move(socket), shared_);
      } else if (acceptor_.is_open()) {
        // Most likely out of file descriptors.
        LUMA_LOG(kWarn, "pgwire", "cannot accept a connection: reason={}", error.message());
        shared_.connections.DropOldestUnauthenticated();
        asio::steady_timer timer(context_, kAcceptRetryDelay);
        co_await timer.async_wait(kTuple);
      }
    }
    accept_ended_.set_value();
  }

  // One timer for all connections: a timer each would cost every idle one memory.
  asio::awaitable<void> Tick() {
    while (!stopping_) {
      tick_timer_.expires_after(kTick);
      co_await tick_timer_.async_wait(kTuple);
      shared_.connections.DropUnauthenticated(shared_.options.authentication_timeout);
      shared_.connections.CheckPeers();
    }
    tick_ended_.set_value();
  }

  PgShared shared_;
  asio::io_context& context_;
  tcp::acceptor acceptor_;
  asio::steady_timer tick_timer_;
  bool stopping_ = false;  // used on context_'s thread
  uint16_t port_ = 0;
  std::promise<void> accept_ended_;
  std::promise<void> tick_ended_;
};

PgServer::PgServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

PgServer::~PgServer() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<PgServer>> PgServer::Start(PgServerParts parts, PgServerOptions options) {
  auto impl = std::make_unique<Impl>(parts, std::move(options));
  LUMA_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<PgServer>(new PgServer(std::move(impl)));
}

uint16_t PgServer::port() const { return impl_->port(); }
size_t PgServer::session_count() const { return impl_->session_count(); }
void PgServer::SetStatementTimeout(std::chrono::milliseconds timeout) {
  impl_->SetStatementTimeout(timeout);
}

void PgServer::Stop(std::chrono::milliseconds drain) {
  if (impl_ == nullptr) return;
  impl_->Stop(drain);
  impl_.reset();
}

}  // namespace luma::pgwire
