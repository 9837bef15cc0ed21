#include "prom/scrape/http_discovery.h"

#include <algorithm>
#include <string>

#include "prom/scrape/http_request.h"
#include "prom/scrape/prometheus_config.h"

namespace luma::prom {
namespace {

constexpr uint64_t kBodyBytesMax = 32 << 20;
// Other discoveries wait for this one.
constexpr std::chrono::milliseconds kTimeoutMax{10'000};

Status CheckAnswer(const net::FetchResponse& response) {
  if (response.status != 200) {
    return Status::Unavailable("server returned HTTP status ", response.status);
  }
  if (response.content_type.starts_with("application/json")) return Status::Ok();
  return Status::InvalidArgument("unsupported content type \"", response.content_type, "\"");
}

}  // namespace

Result<std::vector<TargetGroup>> HttpDiscoverer::Discover() {
  net::FetchRequest request{.url = config_.url,
                            .headers = {"Accept: application/json", "User-Agent: LumaDB"},
                            .timeout = std::min(config_.refresh_interval, kTimeoutMax),
                            .body_bytes_max = kBodyBytesMax,
                            .follows_redirects = config_.http.follow_redirects};
  request.tls = std::make_shared<const net::TlsOptions>(config_.http.tls);
  request.headers.push_back("X-Prometheus-Refresh-Interval-Seconds: " +
                            std::to_string(config_.refresh_interval.count() / 1000));
  AddSecrets(config_.http, request);
  LUMA_RETURN_IF_ERROR(AddSecretsFromFiles(config_.http, request));
  LUMA_ASSIGN_OR_RETURN(const net::FetchResponse response, fetcher_.FetchAndWait(request));
  LUMA_RETURN_IF_ERROR(CheckAnswer(response).WithContext(config_.url));
  LUMA_ASSIGN_OR_RETURN(std::vector<TargetGroup> groups, ParseTargetGroups(response.body));
  for (TargetGroup& group : groups) group.labels.insert_or_assign("__meta_url", config_.url);
  return groups;
}

}  // namespace luma::prom
