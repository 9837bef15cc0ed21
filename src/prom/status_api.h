// What the HTTP API tells about the server itself.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/clock.h"
#include "model/metrics_source.h"
#include "net/router.h"
#include "prom/api_request.h"
#include "prom/notifications.h"
#include "prom/query_memory.h"

namespace luma::prom {

struct RuntimeInfo {
  UnixMillis start_time = 0;
  UnixMillis last_config_time = 0;
  bool reload_config_success = true;
  std::string working_directory = {};
  std::string hostname = {};
  int processors = 0;
  int threads = 0;
  uint64_t memory_limit_bytes = 0;
  std::string storage_retention = {};
};

// A file of samples, as Prometheus' meta.json describes a block. Numbers that are 0 are not shown.
struct BlockInfo {
  std::string ulid = {};
  UnixMillis min_time = 0;
  UnixMillis max_time = 0;  // after the last sample
  uint64_t float_samples = 0;
  uint64_t histogram_samples = 0;
  uint64_t chunks = 0;
  uint64_t tombstones = 0;
};

using FeatureSet = std::map<std::string, std::map<std::string, bool>>;

// Threads: every function from any thread.
struct StatusApiSources {
  std::function<std::string()> config_yaml;
  std::function<std::map<std::string, std::string>()> flags;
  std::function<RuntimeInfo()> runtime;
  std::function<FeatureSet()> features;
  std::function<std::vector<BlockInfo>()> blocks;
  std::function<std::string()> self_metrics;  // as MetricsRegistry::Text gives them
  const Notifications* notifications = nullptr;
};

struct StatusApiOptions {
  // What /status/tsdb calls the head: series with samples this young.
  std::chrono::milliseconds head{2 * 60 * 60 * 1000};
  std::chrono::milliseconds timeout{120'000};
  storage::MemoryBudget* budget = nullptr;
  net::WorkerPool* workers = nullptr;  // of /status/tsdb, which reads the labels of the head
};

//   GET /api/v1/status/{config,flags,runtimeinfo,tsdb,tsdb/blocks,self_metrics,walreplay}
//   GET /api/v1/{features,notifications,notifications/live}
// The live notifications are events for an EventSource: those of now and those that have just
// ended, and when to come again, instead of a connection that stays.
// Fields that only a Go program has are there for clients that read them: GOMAXPROCS is the number
// of processors, goroutineCount that of threads, GOMEMLIMIT the memory limit.
// Lifetime: the source, the clock and the budget outlive it, and it every request it was given.
class StatusApi {
 public:
  StatusApi(const MetricsSource& source, const Clock& clock, StatusApiSources sources,
            StatusApiOptions options)
      : source_(source), clock_(clock), sources_(std::move(sources)), options_(options) {}
  void AddRoutes(net::Router& router);
  // Requests at work and later ones give up. Threads: any.
  void CancelAll() { cancelled_ = true; }

 private:
  using Answer = Result<net::HttpResponse>;
  Answer Config() const;
  Answer Flags() const;
  Answer Runtime() const;
  Answer Tsdb(const ApiRequest& request) const;
  Answer Features() const;
  Answer Blocks() const;
  Answer SelfMetrics(const ApiRequest& request) const;
  Answer ActiveNotifications() const;
  Answer LiveNotifications() const;

  const MetricsSource& source_;
  const Clock& clock_;
  const StatusApiSources sources_;
  const StatusApiOptions options_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace luma::prom
