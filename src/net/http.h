// An HTTP request and response as handlers see them, and the promise to answer one.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/peer_watch.h"

namespace luma::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

// A whole request; the handler owns it. Thread-compatible.
struct HttpRequest {
  std::string method;  // "GET"; HEAD arrives as GET
  std::string path;    // percent-decoded, starts with "/"
  std::string query;   // after "?", still encoded; see net/url.h
  std::vector<HttpHeader> headers = {};
  std::string body;          // as sent: Content-Encoding is the handler's business
  std::string peer_address;  // numeric, without port
  PeerWatch peer = {};       // whether it still waits for the answer
  std::vector<std::pair<std::string, std::string>> path_parameters;  // {name} of the route

  // The first header of that name, ignoring case; "" when absent.
  std::string_view Header(std::string_view name) const;
  std::string_view PathParameter(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";  // not sent when the body is empty
  std::string body = {};
  std::vector<HttpHeader> headers = {};
  // Released when the response has been sent or given up: the account of the memory it takes.
  std::shared_ptr<const void> memory = nullptr;
};

// A line of text, for errors and simple pages. `text` gets a line feed at its end.
HttpResponse TextResponse(int status, std::string text);
std::string_view HttpReason(int status);  // "Not Found"

bool EqualsIgnoringCase(std::string_view a, std::string_view b);  // ASCII

// Answers one request, once, now or later. Copies share the promise: the first Send is the answer,
// later ones are ignored; when the last copy goes without one, the client gets a 500.
// Threads: any.
class Responder {
 public:
  explicit Responder(std::function<void(HttpResponse)> on_response);
  void Send(HttpResponse response) const;

 private:
  class State;
  std::shared_ptr<State> state_;
};

using HttpHandler = std::function<void(HttpRequest, Responder)>;

}  // namespace luma::net
