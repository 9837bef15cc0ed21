// Backups and checks of the running store over HTTP, for `lumadb backup` and `lumadb check`.
//
//   POST /api/v1/admin/backup?to=DEST[&rate=BYTES]   202 {"task":1}
//   POST /api/v1/admin/check[?rate=BYTES]            202 {"task":2}
//   GET  /api/v1/admin/tasks/{task}?after=N          200, lines of JSON after the first N
#pragma once

#include <utility>

#include "base/clock.h"
#include "net/router.h"
#include "server/admin_tasks.h"
#include "server/config.h"
#include "storage/engine.h"

namespace luma::server {

// Threads: handlers run on any thread. Lifetime: the engine outlives Stop, and this outlives every
// request.
class AdminApi {
 public:
  // Keeps a copy of the configuration, which a reload changes while requests read it; what this
  // reads of it is fixed at the start.
  AdminApi(Config config, storage::MultiTierStorage& engine, const Clock& clock)
      : config_(std::move(config)), engine_(engine), clock_(clock) {}

  void AddRoutes(net::Router& router);
  // A snapshot as Prometheus has them (snapshot.h), as a task of its own; returns its name when it
  // is done. Errors: kUnavailable while another task is at work, kCancelled by Stop.
  Result<std::string> TakeSnapshot();
  // Ends the running task. Idempotent.
  void Stop() { tasks_.Stop(); }

 private:
  Result<uint64_t> StartBackup(const net::HttpRequest& request);
  Result<uint64_t> StartCheck(const net::HttpRequest& request);
  Result<std::string> ReadLines(const net::HttpRequest& request);

  const Config config_;
  storage::MultiTierStorage& engine_;
  const Clock& clock_;
  AdminTasks tasks_;
};

}  // namespace luma::server
