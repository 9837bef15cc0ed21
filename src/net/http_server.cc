#include "net/http_server.h"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>
#include <utility>

#include "base/log.h"
#include "net/internal/http_connection.h"

namespace luma::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kAcceptRetryDelay{50};

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

// One acceptor hands sockets to the contexts in turn. SO_REUSEPORT with one listener per thread
// would let a second server share the port without anybody noticing.
class HttpServer::Impl {
 public:
  Impl(EventLoop& loop, WorkerPool& workers, Router router, HttpServerOptions options)
      : shared_(workers, std::move(router), std::move(options)),
        loop_(loop),
        accept_context_(loop.Next()),
        acceptor_(asio::make_strand(accept_context_)) {}

  Status Start() {
    LUMA_ASSIGN_OR_RETURN(const tcp::endpoint endpoint,
                          ResolveHost(accept_context_, shared_.options.host, shared_.options.port));
    LUMA_RETURN_IF_ERROR(Listen(acceptor_, endpoint));
    boost::system::error_code ignored;
    port_ = acceptor_.local_endpoint(ignored).port();
    asio::co_spawn(acceptor_.get_executor(), Accept(), asio::detached);
    return Status::Ok();
  }

  void Stop(std::chrono::milliseconds drain, const std::function<void()>& hurry) {
    asio::post(acceptor_.get_executor(), [this] {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
    });
    accept_ended_.get_future().wait();
    shared_.connections.StartDrain();
    shared_.connections.AwaitEmpty(drain, hurry);
  }

  uint16_t port() const { return port_; }
  size_t connection_count() const { return shared_.connections.size(); }

 private:
  asio::awaitable<void> Accept() {
    while (acceptor_.is_open()) {
      const asio::any_io_executor strand = asio::make_strand(loop_.Next());
      auto [error, socket] = co_await acceptor_.async_accept(strand, kTuple);
      if (!error) {
        HttpConnection::Start(std::move(socket), shared_);
      } else if (acceptor_.is_open()) {
        // Most likely out of file descriptors.
        LUMA_LOG(kWarn, "net", "cannot accept a connection: reason={}", error.message());
        shared_.connections.CloseOneIdle();
        asio::steady_timer timer(acceptor_.get_executor(), kAcceptRetryDelay);
        co_await timer.async_wait(kTuple);
      }
    }
    accept_ended_.set_value();
  }

  HttpShared shared_;
  EventLoop& loop_;
  asio::io_context& accept_context_;
  tcp::acceptor acceptor_;
  uint16_t port_ = 0;
  std::promise<void> accept_ended_;
};

HttpServer::HttpServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpServer::~HttpServer() { Stop(std::chrono::milliseconds(0)); }

Result<std::unique_ptr<HttpServer>> HttpServer::Start(EventLoop& loop, WorkerPool& workers,
                                                      Router router, HttpServerOptions options) {
  auto impl = std::make_unique<Impl>(loop, workers, std::move(router), std::move(options));
  LUMA_RETURN_IF_ERROR(impl->Start());
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
}

uint16_t HttpServer::port() const { return impl_->port(); }
size_t HttpServer::connection_count() const { return impl_->connection_count(); }

void HttpServer::Stop(std::chrono::milliseconds drain, const std::function<void()>& hurry) {
  if (impl_ == nullptr) return;
  impl_->Stop(drain, hurry);
  impl_.reset();
}

}  // namespace luma::net
