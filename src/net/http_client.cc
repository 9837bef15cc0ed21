#include "net/http_client.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <future>
#include <memory>
#include <utility>

#include "net/url.h"

namespace luma::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr size_t kReadBufferBytes = 64 << 10;
constexpr uint32_t kHeaderBytesMax = 64 << 10;

using Parser = http::response_parser<http::string_body>;

std::string RequestText(const HttpGetRequest& request) {
  std::string text = request.method + " " + request.target +
                     " HTTP/1.1\r\nHost: " + HostAndPort(request.host, request.port) +
                     "\r\nConnection: close\r\n";
  if (request.method != "GET") {
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  }
  for (const HttpHeader& header : request.headers) {
    text.append(header.name).append(": ").append(header.value).append("\r\n");
  }
  return text.append("\r\n").append(request.body);
}

Status StatusOf(beast::error_code error, const HttpGetRequest& request) {
  const std::string where = HostAndPort(request.host, request.port);
  if (error == beast::error::timeout) return Status::Timeout("no answer in time: address=", where);
  if (error == http::error::body_limit) {
    return Status::TooLarge("body too large: address=", where, " limit=", request.body_bytes_max);
  }
  const bool not_http =
      error.category() == http::make_error_code(http::error::bad_method).category();
  if (not_http && error != http::error::end_of_stream && error != http::error::partial_message) {
    return Status::InvalidArgument("bad response: address=", where, " reason=", error.message());
  }
  return Status::Unavailable("cannot reach: address=", where, " reason=", error.message());
}

HttpResponse TakeResponse(Parser& parser) {
  auto message = parser.release();
  HttpResponse response;
  response.status = static_cast<int>(message.result_int());
  const auto type = message[http::field::content_type];
  response.content_type.assign(type.data(), type.size());
  for (const auto& field : message) {
    response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  response.body = std::move(message.body());
  return response;
}

asio::awaitable<beast::error_code> Exchange(asio::io_context& io, const HttpGetRequest& request,
                                            Parser& parser) {
  tcp::resolver resolver(io);
  const std::string port = std::to_string(request.port);
  const auto [resolve_error, found] = co_await resolver.async_resolve(request.host, port, kTuple);
  if (resolve_error) co_return resolve_error;
  beast::tcp_stream stream(io);
  stream.expires_after(request.timeout);
  const auto [connect_error, endpoint] = co_await stream.async_connect(found, kTuple);
  if (connect_error) co_return connect_error;
  const std::string text = RequestText(request);
  const auto text_buffer = asio::buffer(text);
  const auto [write_error, written] = co_await asio::async_write(stream, text_buffer, kTuple);
  if (write_error) co_return write_error;
  beast::flat_buffer buffer;
  buffer.reserve(kReadBufferBytes);
  const auto [read_error, read] = co_await http::async_read(stream, buffer, parser, kTuple);
  co_return read_error;
}

asio::awaitable<void> Get(asio::io_context& io, HttpGetRequest request,
                          std::function<void(Result<HttpResponse>)> done) {
  Parser parser;
  parser.body_limit(request.body_bytes_max);
  parser.header_limit(kHeaderBytesMax);
  const beast::error_code error = co_await Exchange(io, request, parser);
  if (error) {
    done(StatusOf(error, request));
  } else {
    done(TakeResponse(parser));
  }
}

}  // namespace

void HttpGet(EventLoop& loop, HttpGetRequest request,
             std::function<void(Result<HttpResponse>)> done) {
  asio::io_context& io = loop.Next();
  asio::co_spawn(io, Get(io, std::move(request), std::move(done)), asio::detached);
}

Result<HttpResponse> HttpWait(EventLoop& loop, HttpGetRequest request) {
  // Shared, since the waiting thread may be on before set_value has returned.
  const auto promise = std::make_shared<std::promise<Result<HttpResponse>>>();
  std::future<Result<HttpResponse>> response = promise->get_future();
  HttpGet(loop, std::move(request),
          [promise](Result<HttpResponse> outcome) { promise->set_value(std::move(outcome)); });
  return response.get();
}

}  // namespace luma::net
