// Finds targets: in files, from HTTP servers, in the DNS.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "net/fetcher.h"
#include "prom/scrape/scrape_config.h"

namespace luma::prom {

// One entry of file_sd_configs, http_sd_configs or dns_sd_configs.
// Thread-compatible.
class Discoverer {
 public:
  virtual ~Discoverer() = default;
  // How long until Discover is to be called again.
  virtual std::chrono::milliseconds interval() const = 0;
  // What there is now; blocks. On an error everything stays as it was.
  virtual Result<std::vector<TargetGroup>> Discover() = 0;
};

// Lifetime: the fetcher outlives it.
std::unique_ptr<Discoverer> MakeDiscoverer(const DiscoveryConfig& config, net::Fetcher& fetcher);

// Asks discoverers in turn, on two threads: files are never late because a
// server is slow. Threads: Configure and Stop from one thread.
class Discovery {
 public:
  // `groups` are those of config.discoveries[index] of the job. Called on a
  // thread of this, when they have changed; must not call back.
  using OnGroups =
      std::function<void(const std::string& job, size_t index, std::vector<TargetGroup> groups)>;

  Discovery(net::Fetcher& fetcher, const Clock& clock, OnGroups on_groups);
  ~Discovery();  // Stop()

  // From now on discovers for these jobs, all of them at once first. Waits for
  // nothing.
  void Configure(const std::vector<ScrapeConfigPtr>& jobs);
  void Stop();

 private:
  class Worker;

  net::Fetcher& fetcher_;
  std::unique_ptr<Worker> files_;
  std::unique_ptr<Worker> network_;
};

}  // namespace luma::prom
