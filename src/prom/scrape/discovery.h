// Finds targets: in files, from HTTP servers, in the DNS.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "net/fetcher.h"
#include "prom/scrape/scrape_config.h"

namespace luma::prom {

// One entry of file_sd_configs, http_sd_configs or dns_sd_configs. Thread-compatible.
class Discoverer {
 public:
  virtual ~Discoverer() = default;
  // How long until Discover is to be called again.
  virtual std::chrono::milliseconds interval() const = 0;
  // What there is now. Blocks, but not on the network once `stop` is requested: then it is
  // kCancelled. On an error everything stays as it was.
  virtual Result<std::vector<TargetGroup>> Discover(const std::stop_token& stop) = 0;
};

// Lifetime: the fetcher outlives it.
std::unique_ptr<Discoverer> MakeDiscoverer(const DiscoveryConfig& config, net::Fetcher& fetcher);

// Asks discoverers in turn: all that read files on one thread, each of the others on its own, so
// that none waits for a slow server of another. Threads: Configure and Stop from one thread.
class Discovery {
 public:
  // `groups` are what `config` of the job gives. Called on a thread of this, when they have
  // changed, and may be again after Configure; must not call back.
  using OnGroups = std::function<void(const std::string& job, const DiscoveryConfig& config,
                                      std::vector<TargetGroup> groups)>;

  Discovery(net::Fetcher& fetcher, const Clock& clock, OnGroups on_groups);
  ~Discovery();  // Stop()

  // From now on discovers for these jobs: new entries at once, those that a job had before go on.
  // Waits for no server.
  void Configure(const std::vector<ScrapeConfigPtr>& jobs);
  void Stop();  // waits for no server either

 private:
  struct Task;
  struct NetworkTask;
  class Worker;

  Task MakeTask(const std::string& job, const DiscoveryConfig& config) const;
  // The one that is there already, or a new one.
  NetworkTask TakeNetworkTask(const std::string& job, const DiscoveryConfig& config);

  net::Fetcher& fetcher_;
  const Clock& clock_;
  const OnGroups on_groups_;
  std::unique_ptr<Worker> files_;
  std::vector<NetworkTask> network_;
};

}  // namespace luma::prom
