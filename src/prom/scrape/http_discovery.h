// http_sd_configs: lists of targets from an HTTP server.
#pragma once

#include <vector>

#include "prom/scrape/discovery.h"

namespace luma::prom {

// The groups get the label __meta_url, which does not show a password.
class HttpDiscoverer final : public Discoverer {
 public:
  HttpDiscoverer(HttpDiscoveryConfig config, net::Fetcher& fetcher)
      : config_(std::move(config)), fetcher_(fetcher) {}

  std::chrono::milliseconds interval() const override { return config_.refresh_interval; }
  // Errors: those of the fetch; kUnavailable for another status than 200; kInvalidArgument for an
  // answer that is not such a list in JSON.
  Result<std::vector<TargetGroup>> Discover(const std::stop_token& stop) override;

 private:
  net::FetchRequest Request() const;
  Result<net::FetchResponse> Fetch(net::FetchRequest request, const std::stop_token& stop);

  const HttpDiscoveryConfig config_;
  net::Fetcher& fetcher_;
};

}  // namespace luma::prom
