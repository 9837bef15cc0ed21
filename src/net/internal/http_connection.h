// One HTTP connection: a coroutine that reads a request, has it answered and writes the answer.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.h"
#include "net/http_server.h"
#include "net/internal/body_budget.h"
#include "net/internal/connection_set.h"
#include "net/internal/pending_answer.h"
#include "net/internal/socket_deadline.h"
#include "net/router.h"
#include "net/worker_pool.h"

namespace luma::net {

// What all connections of a server share. Outlives them.
struct HttpShared {
  HttpShared(WorkerPool& worker_pool, Router the_router, HttpServerOptions the_options)
      : workers(worker_pool),
        router(std::move(the_router)),
        options(std::move(the_options)),
        connections(options.connections_max),
        body_budget(options.body_bytes_in_flight_max, options.memory) {}

  WorkerPool& workers;
  const Router router;
  const HttpServerOptions options;
  ConnectionSet connections;
  BodyBudget body_budget;
};

// Threads: made anywhere; Serve and everything private run on the socket's executor, a strand.
class HttpConnection final : public ConnectionSet::Member,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(boost::asio::ip::tcp::socket socket, HttpShared& shared);
  ~HttpConnection() override;

  // Adds the connection to the set and starts to serve it, or closes it when it is not wanted.
  static void Start(boost::asio::ip::tcp::socket socket, HttpShared& shared);
  void Close() override;

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::buffer_body>;
  template <typename T>
  using Awaitable = boost::asio::awaitable<T>;

  // How the reading of a request went: go on, the peer is gone, or a status to refuse with.
  static constexpr int kGoOn = 0;
  static constexpr int kPeerGone = -1;

  static Awaitable<void> Serve(std::shared_ptr<HttpConnection> self);
  // Serves one request; false when the connection is to end.
  Awaitable<bool> ServeRequest();
  Awaitable<int> ReadHeader(Parser& parser);
  Awaitable<int> ReadBody(Parser& parser, uint64_t bytes_max, BodyLease& lease, std::string& body);
  Awaitable<int> InviteBody(const Parser& parser);
  Awaitable<HttpResponse> Answer(std::shared_ptr<PendingAnswer> answer);
  Awaitable<bool> WriteResponse(const Parser& parser, HttpResponse response, bool keep_alive);
  Awaitable<bool> Write(std::string_view bytes);
  // Tells a peer that may still be sending, without a reset that would destroy the answer.
  Awaitable<bool> Refuse(const Parser& parser, HttpResponse response);

  // Parses what has been read already, which is often all there is. The error is not set when more
  // is needed.
  boost::beast::error_code ParseBuffered(Parser& parser);
  // Has the handler of the route answer, here or on a worker.
  std::shared_ptr<PendingAnswer> Handle(const Route& route, HttpRequest request);
  // Fills `request` from the header and finds its route. A response when it is to be refused.
  std::optional<HttpResponse> Prepare(const Parser& parser, HttpRequest& request,
                                      Router::Match& match);
  std::optional<HttpResponse> CheckAdmission();
  std::optional<HttpResponse> CheckCredentials(const HttpRequest& request,
                                               const RouteOptions& options);

  HttpShared& shared_;
  boost::asio::ip::tcp::socket socket_;
  SocketDeadline deadline_;
  boost::beast::flat_buffer buffer_;
  std::string peer_address_;
  std::shared_ptr<const void> booked_;
  bool served_any_ = false;
  bool added_ = false;
};

}  // namespace luma::net
