// POST /api/v1/read: Prometheus remote read.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string_view>

#include "model/metrics_source.h"
#include "net/http.h"
#include "net/router.h"
#include "prom/query_memory.h"
#include "prom/remote_read_decoder.h"

namespace luma::prom {

struct RemoteReadOptions {
  uint64_t decoded_bytes_max = 1 << 20;  // of a request
  uint64_t samples_max = 50'000'000;     // of one query
  std::chrono::milliseconds timeout{120'000};
  storage::MemoryBudget* budget = nullptr;  // null: answers are not booked
  net::WorkerPool* workers = nullptr;       // null: the server's
};

// Answers with samples (snappy) or with a stream of XOR chunks, whichever of the two the sender
// names first. All of the answer is in memory, booked, until it is sent. Staleness markers are
// samples, and so is the last one of each bucket that was rolled up, at its own time; native
// histograms are left out. Errors, as plain text: 400 for a request that makes no
// sense or reads too much, 503 with Retry-After when there is no memory for the answer or no time,
// 500. Threads: Handle from any thread; it blocks on storage. Lifetime: the source and the budget
// outlive the handler, and the handler every request it was given.
class RemoteReadHandler {
 public:
  explicit RemoteReadHandler(const MetricsSource& source, RemoteReadOptions options = {})
      : source_(source), options_(options) {}

  void AddRoutes(net::Router& router);
  net::HttpResponse Handle(std::string_view body, net::PeerWatch peer = {}) const;
  // Requests at work and later ones give up. Threads: any.
  void CancelAll() { cancelled_ = true; }

 private:
  Result<net::HttpResponse> Read(std::string_view body, QueryMemory& memory) const;
  Result<std::string> Samples(const ReadRequest& request, const ReadLimits& limits) const;
  Result<std::string> Frames(const ReadRequest& request, const ReadLimits& limits) const;

  const MetricsSource& source_;
  const RemoteReadOptions options_;
  std::atomic<bool> cancelled_{false};
};

}  // namespace luma::prom
