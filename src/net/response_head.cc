#include "net/internal/response_head.h"

#include <ctime>
#include <string_view>

namespace luma::net {
namespace {

// RFC 9110 date, made once a second and thread.
const std::string& HttpDate() {
  thread_local std::time_t made_at = 0;
  thread_local std::string text;
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm utc{};
    gmtime_r(&now, &utc);
    char buffer[40];
    text.assign(buffer, std::strftime(buffer, sizeof(buffer), "%a, %d %b %Y %H:%M:%S GMT", &utc));
    made_at = now;
  }
  return text;
}

void AppendHeader(std::string_view name, std::string_view value, std::string& out) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string ResponseHead(const HttpResponse& response, ResponseFraming framing) {
  std::string head = "HTTP/1.1 " + std::to_string(response.status) + " ";
  head.append(HttpReason(response.status)).append("\r\n");
  AppendHeader("Date", HttpDate(), head);
  if (!response.body.empty()) AppendHeader("Content-Type", response.content_type, head);
  if (response.status != 204 && response.status != 304) {
    AppendHeader("Content-Length", std::to_string(response.body.size()), head);
  }
  for (const HttpHeader& header : response.headers) AppendHeader(header.name, header.value, head);
  if (!framing.keep_alive) AppendHeader("Connection", "close", head);
  if (framing.keep_alive && framing.http_1_0) AppendHeader("Connection", "keep-alive", head);
  head.append("\r\n");
  return head;
}

}  // namespace luma::net
