#include "prom/scrape/http_discovery.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "net/url.h"
#include "prom/scrape/awaited.h"
#include "prom/scrape/http_request.h"
#include "prom/scrape/prometheus_config.h"

namespace luma::prom {
namespace {

constexpr uint64_t kBodyBytesMax = 32 << 20;
constexpr std::chrono::milliseconds kTimeoutMax{60'000};

Status CheckAnswer(const net::FetchResponse& response) {
  if (response.status != 200) {
    return Status::Unavailable("server returned HTTP status ", response.status);
  }
  if (response.content_type.starts_with("application/json")) return Status::Ok();
  return Status::InvalidArgument("unsupported content type \"", response.content_type, "\"");
}

}  // namespace

net::FetchRequest HttpDiscoverer::Request() const {
  net::FetchRequest request{.url = config_.url,
                            .headers = {"Accept: application/json", "User-Agent: LumaDB"},
                            .timeout = std::min(config_.refresh_interval, kTimeoutMax),
                            .body_bytes_max = kBodyBytesMax,
                            .follows_redirects = config_.http.follow_redirects};
  request.tls = std::make_shared<const net::TlsOptions>(config_.http.tls);
  request.headers.push_back("X-Prometheus-Refresh-Interval-Seconds: " +
                            std::to_string(config_.refresh_interval.count() / 1000));
  ApplyClientConfig(config_.http, request);
  return request;
}

// The answer may come when nobody waits for it any more.
Result<net::FetchResponse> HttpDiscoverer::Fetch(net::FetchRequest request,
                                                 const std::stop_token& stop) {
  const auto awaited = std::make_shared<Awaited<Result<net::FetchResponse>>>();
  fetcher_.Fetch(std::move(request), [awaited](Result<net::FetchResponse> response) {
    awaited->Set(std::move(response));
  });
  std::optional<Result<net::FetchResponse>> response = awaited->Wait(stop);
  if (!response) return Status::Cancelled("discovery stops");
  return *std::move(response);
}

Result<std::vector<TargetGroup>> HttpDiscoverer::Discover(const std::stop_token& stop) {
  const std::string url = net::WithoutPassword(config_.url);
  net::FetchRequest request = Request();
  LUMA_RETURN_IF_ERROR(AddSecretsFromFiles(config_.http, request));
  LUMA_ASSIGN_OR_RETURN(const net::FetchResponse response, Fetch(std::move(request), stop));
  LUMA_RETURN_IF_ERROR(CheckAnswer(response).WithContext(url));
  LUMA_ASSIGN_OR_RETURN(std::vector<TargetGroup> groups, ParseTargetGroups(response.body));
  for (TargetGroup& group : groups) group.labels.insert_or_assign("__meta_url", url);
  return groups;
}

}  // namespace luma::prom
