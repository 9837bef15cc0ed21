#include "server/admin_client.h"

#include <future>
#include <utility>

#include "server/task_report.h"

namespace luma::server {
namespace {

constexpr std::string_view kScheme = "http://";

// RFC 4648, with padding.
std::string Base64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string coded;
  for (size_t i = 0; i < text.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < text.size() ? static_cast<unsigned char>(text[i + j]) : 0u);
    }
    for (size_t j = 0; j < 4; ++j) {
      coded += i + j > text.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
    }
  }
  return coded;
}

// The number in {"task":7}.
std::string TaskOf(const std::string& answer) {
  const size_t first = answer.find_first_of("0123456789");
  return first == answer.npos ? "" : answer.substr(first, answer.find('}') - first);
}

Status ErrorOf(const net::HttpResponse& response) {
  const std::string text = response.body.substr(0, response.body.find('\n'));
  if (response.status == 404) {
    return Status::NotFound("server has no such task or no admin API: ", text)
        .WithHint("server.admin_api = true switches it on");
  }
  return Status::Unavailable("server refused: status=", response.status, " ", text);
}

}  // namespace

Result<AdminClient> AdminClient::For(const Config& config, const std::string& server) {
  AdminClient client;
  client.request_.host = config.server.host;
  client.request_.port = static_cast<uint16_t>(config.server.port);
  if (!server.empty()) {
    const size_t colon = server.rfind(':');
    const std::string port = server.substr(std::min(colon + 1, server.size()));
    if (!server.starts_with(kScheme) || colon < kScheme.size() || port.empty() || port.size() > 5 ||
        port.find_first_not_of("0123456789") != port.npos) {
      return Status::InvalidArgument("not an address like http://127.0.0.1:8080: server=", server);
    }
    client.request_.host = server.substr(kScheme.size(), colon - kScheme.size());
    client.request_.port = static_cast<uint16_t>(std::stoi(port));
  }
  client.request_.timeout = std::chrono::seconds(60);
  if (config.server.require_auth) {
    client.request_.headers.push_back(
        {"Authorization", "Basic " + Base64(config.auth.username + ":" + config.auth.password)});
  }
  return client;
}

Result<net::HttpResponse> AdminClient::Ask(std::string method, std::string target) {
  net::HttpGetRequest request = request_;
  request.method = std::move(method);
  request.target = std::move(target);
  std::promise<Result<net::HttpResponse>> answer;
  net::HttpGet(*loop_, std::move(request),
               [&](Result<net::HttpResponse> response) { answer.set_value(std::move(response)); });
  return answer.get_future().get();
}

Result<std::string> AdminClient::Run(const std::string& target,
                                     const std::function<void(std::string_view line)>& on_line) {
  LUMA_ASSIGN_OR_RETURN(const net::HttpResponse started, Ask("POST", target));
  if (started.status != 202) return ErrorOf(started);
  const std::string task = "/api/v1/admin/tasks/" + TaskOf(started.body);
  for (uint64_t seen = 0; true;) {
    LUMA_ASSIGN_OR_RETURN(const net::HttpResponse lines,
                          Ask("GET", task + "?after=" + std::to_string(seen)));
    if (lines.status != 200) return ErrorOf(lines);
    for (size_t at = 0; at < lines.body.size();) {
      const size_t end = std::min(lines.body.find('\n', at), lines.body.size());
      const std::string line = lines.body.substr(at, end - at);
      on_line(line);
      if (IsLastLine(line)) return line;
      ++seen;
      at = end + 1;
    }
  }
}

}  // namespace luma::server
