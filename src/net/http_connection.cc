#include "net/internal/http_connection.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <tuple>
#include <utility>

#include "net/internal/response_head.h"
#include "net/url.h"

namespace luma::net {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

// What an idle connection keeps. A GET with its headers usually fits.
constexpr size_t kIdleBufferBytes = 4096;
// An idle connection: buffer, coroutine frames, timers, and what the kernel has.
constexpr uint64_t kConnectionBytes = 16 << 10;
// Beast reads into what is reserved and by default only 512 bytes at a time: 64 KiB bodies went
// from 156 to 1,056 MB/s with a reserved buffer.
constexpr size_t kBodyBufferBytes = 256 << 10;
constexpr size_t kBodyPieceBytes = 256 << 10;
constexpr size_t kWritePieceBytes = 256 << 10;
// What a refused peer may still send before it has to see the answer: a body of twice the usual
// limit arrives within this on any network that metrics are sent over.
constexpr size_t kLingerBytes = 64 << 20;
constexpr size_t kLingerPieceBytes = 64 << 10;
constexpr std::chrono::seconds kLingerTime{2};

// True when nobody is left to be told what was wrong.
bool IsPeerGone(beast::error_code error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return true;
  return error.category() != http::make_error_code(http::error::bad_method).category();
}

int StatusOfReadError(beast::error_code error) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) return 431;
  if (error == http::error::body_limit) return 413;
  if (error == http::error::bad_version) return 505;
  return 400;
}

HttpResponse RefusalOf(int status) {
  HttpResponse response = TextResponse(status, std::string(HttpReason(status)));
  if (status == 503) response.headers.push_back({"Retry-After", "1"});
  return response;
}

std::string ToString(beast::string_view text) { return std::string(text.data(), text.size()); }

// "http://host/path?query", the form for proxies, means "/path?query".
std::string_view OriginForm(std::string_view target) {
  if (!target.starts_with("http://")) return target;
  target.remove_prefix(7);
  const size_t slash = target.find('/');
  return slash == std::string_view::npos ? "/" : target.substr(slash);
}

// On this thread, if another one sees to the sockets meanwhile: waking a worker and being woken by
// it takes longer than a short request. False when there are too many tasks.
bool RunHereOrThere(WorkerPool& workers, const std::function<void()>& task) {
  {
    const BlockingSeat seat;
    if (seat.taken() && workers.TryRunHere(task)) return true;
  }
  return workers.TrySubmit(task);
}

}  // namespace

HttpConnection::HttpConnection(asio::ip::tcp::socket socket, HttpShared& shared)
    : shared_(shared),
      socket_(std::move(socket)),
      deadline_(socket_),
      buffer_(shared.options.header_bytes_max + kBodyBufferBytes) {
  beast::error_code ignored;
  socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
  socket_.non_blocking(true, ignored);  // for what is written at once
  const auto endpoint = socket_.remote_endpoint(ignored);
  if (!ignored) peer_address_ = endpoint.address().to_string();
  if (MemoryAccount* const memory = shared.options.memory) {
    booked_ = memory->TakeAlways(kConnectionBytes);
  }
}

HttpConnection::~HttpConnection() {
  if (added_) shared_.connections.Remove(*this);
}

void HttpConnection::Start(asio::ip::tcp::socket socket, HttpShared& shared) {
  auto connection = std::make_shared<HttpConnection>(std::move(socket), shared);
  connection->added_ = shared.connections.Add(*connection);
  if (!connection->added_) return;
  const auto executor = connection->socket_.get_executor();
  asio::co_spawn(executor, Serve(std::move(connection)), asio::detached);
}

void HttpConnection::Close() {
  std::shared_ptr<HttpConnection> self = weak_from_this().lock();
  if (self == nullptr) return;  // it is ending anyway
  // Moved, not copied: were this the last reference, the destructor would run here and lock the
  // set again.
  const auto executor = socket_.get_executor();
  asio::post(executor, [connection = std::move(self)] {
    beast::error_code ignored;
    connection->socket_.close(ignored);
  });
}

asio::awaitable<void> HttpConnection::Serve(std::shared_ptr<HttpConnection> self) {
  while (true) {
    const bool go_on = co_await self->ServeRequest();
    if (!go_on) break;
    self->served_any_ = true;
    self->buffer_.shrink_to_fit();
    if (!self->shared_.connections.MarkIdle(*self)) break;
  }
  beast::error_code ignored;
  self->socket_.shutdown(asio::ip::tcp::socket::shutdown_both, ignored);
}

asio::awaitable<bool> HttpConnection::ServeRequest() {
  Parser parser;
  parser.header_limit(shared_.options.header_bytes_max);
  parser.body_limit(boost::none);  // ReadBody applies the limit of the route
  int outcome = co_await ReadHeader(parser);
  if (outcome == kPeerGone) co_return false;
  shared_.connections.MarkBusy(*this);
  HttpRequest request;
  Router::Match match;
  std::optional<HttpResponse> refusal = CheckAdmission();
  if (!refusal.has_value() && outcome != kGoOn) refusal = RefusalOf(outcome);
  if (!refusal.has_value()) refusal = Prepare(parser, request, match);
  if (refusal.has_value()) {
    const bool go_on = co_await Refuse(parser, *std::move(refusal));
    co_return go_on;
  }
  BodyLease lease(shared_.body_budget, peer_address_);
  outcome = co_await ReadBody(parser, match.route->options.body_bytes_max, lease, request.body);
  if (outcome == kPeerGone) co_return false;
  if (outcome != kGoOn) {
    const bool go_on = co_await Refuse(parser, RefusalOf(outcome));
    co_return go_on;
  }
  request.path_parameters = std::move(match.parameters);
  std::shared_ptr<PendingAnswer> answer = Handle(*match.route, std::move(request));
  HttpResponse response = co_await Answer(std::move(answer));
  const bool keep_alive = parser.keep_alive();
  const bool written = co_await WriteResponse(parser, std::move(response), keep_alive);
  if (!written) co_return false;
  co_return keep_alive;
}

asio::awaitable<int> HttpConnection::ReadHeader(Parser& parser) {
  if (buffer_.size() == 0) {
    deadline_.ExpireAfter(served_any_ ? shared_.options.idle_timeout
                                      : shared_.options.first_byte_timeout);
    const auto space = buffer_.prepare(kIdleBufferBytes);
    const auto [error, bytes] = co_await socket_.async_read_some(space, kTuple);
    if (error) co_return kPeerGone;
    buffer_.commit(bytes);
  }
  beast::error_code error = ParseBuffered(parser);
  if (!error && !parser.is_header_done()) {
    deadline_.ExpireAfter(shared_.options.header_timeout);
    const auto outcome = co_await http::async_read_header(socket_, buffer_, parser, kTuple);
    error = std::get<0>(outcome);
  }
  if (!error) co_return kGoOn;
  if (deadline_.fired()) co_return 408;
  co_return IsPeerGone(error) ? kPeerGone : StatusOfReadError(error);
}

beast::error_code HttpConnection::ParseBuffered(Parser& parser) {
  beast::error_code error;
  if (buffer_.size() == 0) return error;
  buffer_.consume(parser.put(buffer_.data(), error));
  if (error == http::error::need_more) error.clear();
  return error;
}

std::optional<HttpResponse> HttpConnection::Prepare(const Parser& parser, HttpRequest& request,
                                                    Router::Match& match) {
  const auto& header = parser.get();
  const bool is_head = header.method() == http::verb::head;
  request.method = is_head ? "GET" : ToString(header.method_string());
  request.peer_address = peer_address_;
  request.peer = PeerWatch(socket_.native_handle());
  for (const auto& field : header) {
    request.headers.push_back({ToString(field.name_string()), ToString(field.value())});
  }
  const std::string whole_target = ToString(header.target());
  const std::string_view target = OriginForm(whole_target);
  const size_t mark = std::min(target.find('?'), target.size());
  std::optional<std::string> path = PercentDecode(target.substr(0, mark), false);
  if (!path || !path->starts_with('/')) return RefusalOf(400);
  request.path = *std::move(path);
  request.query = target.substr(std::min(mark + 1, target.size()));

  match = shared_.router.Find(request.method, request.path);
  if (match.route == nullptr && match.allow.empty()) return RefusalOf(404);
  if (match.route == nullptr) {
    HttpResponse response = RefusalOf(405);
    response.headers.push_back({"Allow", match.allow});
    return response;
  }
  return CheckCredentials(request, match.route->options);
}

std::optional<HttpResponse> HttpConnection::CheckAdmission() {
  if (shared_.options.admission == nullptr) return std::nullopt;
  const Admission::Decision decision = shared_.options.admission->Admit(peer_address_);
  if (decision.admitted) return std::nullopt;
  HttpResponse response = RefusalOf(429);
  response.headers.push_back({"Retry-After", std::to_string(decision.retry_after.count())});
  return response;
}

std::optional<HttpResponse> HttpConnection::CheckCredentials(const HttpRequest& request,
                                                             const RouteOptions& options) {
  const PasswordCheck* const check = shared_.options.password_check;
  if (check != nullptr && !options.anonymous && !PassesPasswordCheck(request, *check)) {
    HttpResponse response = RefusalOf(401);
    response.headers.push_back({"WWW-Authenticate", "Basic realm=\"lumadb\""});
    return response;
  }
  return std::nullopt;
}

asio::awaitable<int> HttpConnection::ReadBody(Parser& parser, uint64_t bytes_max, BodyLease& lease,
                                              std::string& body) {
  deadline_.Disarm();
  if (parser.is_done()) co_return kGoOn;
  if (parser.content_length() && *parser.content_length() > bytes_max) co_return 413;
  const int invited = co_await InviteBody(parser);
  if (invited != kGoOn) co_return invited;
  parser.body_limit(bytes_max);  // for chunked bodies
  parser.eager(true);
  deadline_.ExpireAfter(shared_.options.body_timeout);
  size_t used = 0;
  while (!parser.is_done()) {
    const uint64_t rest = parser.content_length_remaining().value_or(kBodyPieceBytes);
    const uint64_t next_bytes = used + std::min<uint64_t>(rest, kBodyPieceBytes);
    if (!lease.GrowTo(next_bytes)) co_return 503;
    body.resize(next_bytes);
    parser.get().body().data = body.data() + used;
    parser.get().body().size = body.size() - used;
    beast::error_code error = ParseBuffered(parser);
    if (!error && !parser.is_done()) {
      buffer_.reserve(kBodyBufferBytes);
      const auto outcome = co_await http::async_read(socket_, buffer_, parser, kTuple);
      error = std::get<0>(outcome);
    }
    used = body.size() - parser.get().body().size;
    if (deadline_.fired()) co_return 408;
    if (error && error != http::error::need_buffer) {
      co_return IsPeerGone(error) ? kPeerGone : StatusOfReadError(error);
    }
  }
  body.resize(used);
  deadline_.Disarm();
  co_return kGoOn;
}

// curl waits for this line before it sends a large body.
asio::awaitable<int> HttpConnection::InviteBody(const Parser& parser) {
  const std::string expect = ToString(parser.get()[http::field::expect]);
  if (!EqualsIgnoringCase(expect, "100-continue")) co_return kGoOn;
  const bool written = co_await Write("HTTP/1.1 100 Continue\r\n\r\n");
  co_return written ? kGoOn : kPeerGone;
}

std::shared_ptr<PendingAnswer> HttpConnection::Handle(const Route& route, HttpRequest request) {
  auto answer = std::make_shared<PendingAnswer>(socket_.get_executor());
  const Responder responder([answer](HttpResponse response) { answer->Set(std::move(response)); });
  WorkerPool& workers = route.options.workers != nullptr ? *route.options.workers : shared_.workers;
  const auto task = [&route, responder,
                     the_request = std::make_shared<HttpRequest>(std::move(request))] {
    route.handler(std::move(*the_request), responder);
  };
  if (!RunHereOrThere(workers, task)) {
    shared_.options.on_refusal(503);
    responder.Send(RefusalOf(503));
  }
  return answer;
}

asio::awaitable<HttpResponse> HttpConnection::Answer(std::shared_ptr<PendingAnswer> answer) {
  std::optional<HttpResponse> response = answer->Take();
  if (response.has_value()) co_return *std::move(response);
  auto start = [](auto completion, const std::shared_ptr<PendingAnswer>& pending) {
    pending->Await(std::move(completion));
  };
  // Resumes the coroutine on the connection's own strand, whichever thread answers.
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(HttpResponse)>(
      std::move(start), asio::use_awaitable, std::move(answer));
}

asio::awaitable<bool> HttpConnection::WriteResponse(const Parser& parser, HttpResponse response,
                                                    bool keep_alive) {
  ResponseFraming framing;
  framing.keep_alive = keep_alive;
  framing.http_1_0 = parser.get().version() == 10;
  std::string first = ResponseHead(response, framing);
  std::string_view rest = response.body;
  if (parser.get().method() == http::verb::head) rest = std::string_view();
  first.append(rest.substr(0, kWritePieceBytes));
  rest.remove_prefix(std::min(rest.size(), kWritePieceBytes));
  bool written = co_await Write(first);
  while (written && !rest.empty()) {
    written = co_await Write(rest.substr(0, kWritePieceBytes));
    rest.remove_prefix(std::min(rest.size(), kWritePieceBytes));
  }
  co_return written;
}

asio::awaitable<bool> HttpConnection::Write(std::string_view bytes) {
  beast::error_code failed;
  bytes.remove_prefix(socket_.write_some(asio::buffer(bytes.data(), bytes.size()), failed));
  if (failed && failed != asio::error::would_block) co_return false;
  if (bytes.empty()) co_return true;
  deadline_.ExpireAfter(shared_.options.write_timeout);
  const auto buffer = asio::buffer(bytes.data(), bytes.size());
  const auto [error, count] = co_await asio::async_write(socket_, buffer, kTuple);
  co_return !error;
}

asio::awaitable<bool> HttpConnection::Refuse(const Parser& parser, HttpResponse response) {
  shared_.options.on_refusal(response.status);
  const bool whole_request_read = parser.is_header_done() && parser.is_done();
  const bool keep_alive = whole_request_read && parser.keep_alive();
  const bool written = co_await WriteResponse(parser, std::move(response), keep_alive);
  if (!written || keep_alive) co_return written;
  beast::error_code ignored;
  socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
  deadline_.ExpireAfter(kLingerTime);
  for (size_t discarded = 0; discarded < kLingerBytes;) {
    buffer_.clear();
    const auto space = buffer_.prepare(kLingerPieceBytes);
    const auto [error, bytes] = co_await socket_.async_read_some(space, kTuple);
    if (error || deadline_.fired()) break;
    discarded += bytes;
  }
  co_return false;
}

}  // namespace luma::net
