#include "server/lifecycle_api.h"

#include <string>
#include <utility>

namespace luma::server {

void LifecycleApi::AddRoutes(net::Router& router) {
  for (const std::string_view verb : {"POST", "PUT"}) {
    router.Add(verb, "/-/reload", {.workers = &workers_},
               [this](const net::HttpRequest&, const net::Responder& responder) {
                 responder.Send(Reload());
               });
  }
  router.Add("GET", "/-/reload", {}, [](const net::HttpRequest&, const net::Responder& responder) {
    responder.Send(net::TextResponse(405, "Only POST or PUT requests allowed"));
  });
}

void LifecycleApi::SetReload(std::function<Status()> reload) {
  MutexLock lock(mutex_);
  reload_ = std::move(reload);
}

net::HttpResponse LifecycleApi::Reload() {
  if (!enabled_) return net::TextResponse(403, "Lifecycle API is not enabled.");
  std::function<Status()> reload;
  {
    MutexLock lock(mutex_);
    reload = reload_;
  }
  if (!reload) return net::TextResponse(503, "Service Unavailable");
  const Status status = reload();
  if (status.ok()) return {};
  return net::TextResponse(500, "failed to reload config: " + std::string(status.message()));
}

}  // namespace luma::server
