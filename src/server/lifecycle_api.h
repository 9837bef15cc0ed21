// POST /-/reload: as SIGHUP, but says what came of it.
#pragma once

#include <functional>

#include "base/mutex.h"
#include "base/status.h"
#include "net/router.h"

namespace luma::server {

// Answers as Prometheus does: 200 when the configuration was taken over, 500 with the reason when
// it was not, 403 where the API is not enabled ([server] lifecycle_api), 405 to GET. Threads: any.
// Lifetime: outlives every request it was given.
class LifecycleApi {
 public:
  explicit LifecycleApi(bool enabled) : enabled_(enabled) {}

  void AddRoutes(net::Router& router);
  // Who reloads; before it is known, requests are answered 503.
  void SetReload(std::function<Status()> reload) LUMA_EXCLUDES(mutex_);

 private:
  net::HttpResponse Reload() LUMA_EXCLUDES(mutex_);

  const bool enabled_;
  Mutex mutex_;
  std::function<Status()> reload_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::server
