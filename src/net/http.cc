#include "net/http.h"

#include <algorithm>
#include <atomic>

namespace luma::net {
namespace {

char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

}  // namespace

bool EqualsIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return LowerAscii(x) == LowerAscii(y); });
}

std::string_view HttpRequest::Header(std::string_view name) const {
  for (const HttpHeader& header : headers) {
    if (EqualsIgnoringCase(header.name, name)) return header.value;
  }
  return {};
}

std::string_view HttpRequest::PathParameter(std::string_view name) const {
  for (const auto& [key, value] : path_parameters) {
    if (key == name) return value;
  }
  return {};
}

HttpResponse TextResponse(int status, std::string text) {
  text.push_back('\n');
  HttpResponse response;
  response.status = status;
  response.body = std::move(text);
  return response;
}

std::string_view HttpReason(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 499:
      return "Client Closed Request";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "Status";
  }
}

class Responder::State {
 public:
  explicit State(std::function<void(HttpResponse)> on_response)
      : on_response_(std::move(on_response)) {}
  ~State() { Send(TextResponse(500, "the request was dropped without an answer")); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void Send(HttpResponse response) {
    if (!sent_.exchange(true)) on_response_(std::move(response));
  }

 private:
  const std::function<void(HttpResponse)> on_response_;
  std::atomic<bool> sent_{false};
};

Responder::Responder(std::function<void(HttpResponse)> on_response)
    : state_(std::make_shared<State>(std::move(on_response))) {}

void Responder::Send(HttpResponse response) const { state_->Send(std::move(response)); }

}  // namespace luma::net
