// POST /-/reload: as SIGHUP, but says what came of it.
#pragma once

#include <functional>

#include "base/mutex.h"
#include "base/status.h"
#include "net/router.h"
#include "net/worker_pool.h"

namespace luma::server {

// Answers as Prometheus does: 200 when the configuration was taken over, 500 with the reason when
// it was not, 403 where the API is not enabled ([server] lifecycle_api), 405 to GET, 503 when many
// reloads wait. Threads: any.
// Lifetime: outlives every request it was given.
class LifecycleApi {
 public:
  explicit LifecycleApi(bool enabled) : enabled_(enabled) {}
  ~LifecycleApi() { Stop(); }

  void AddRoutes(net::Router& router);
  // Who reloads; before it is known, requests are answered 503.
  void SetReload(std::function<Status()> reload) LUMA_EXCLUDES(mutex_);
  // Returns when no reload is under way; none begins from now on: those that wait are answered 503.
  void Stop() {
    SetReload(nullptr);
    workers_.Stop();
  }

 private:
  net::HttpResponse Reload() LUMA_EXCLUDES(mutex_);

  // A reload waits for evaluations of rules, minutes perhaps, and reloads for each other: on the
  // threads of other requests they would hold up ingestion.
  static constexpr int kThreads = 1;
  static constexpr size_t kWaitingMax = 16;

  const bool enabled_;
  Mutex mutex_;
  std::function<Status()> reload_ LUMA_GUARDED_BY(mutex_);
  net::WorkerPool workers_{kThreads, kWaitingMax};  // last: its thread uses the rest
};

}  // namespace luma::server
