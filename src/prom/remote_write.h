// POST /api/v1/write: Prometheus remote write 1.0 and 2.0.
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "model/metrics_source.h"
#include "net/http.h"
#include "net/router.h"
#include "prom/refused_requests.h"
#include "prom/scratch_pool.h"
#include "prom/write_request.h"
#include "prom/write_version.h"
#include "storage/budget.h"

namespace luma::prom {

// Since the start. Threads: any.
struct RemoteWriteCounters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> requests_failed{0};   // answered 5xx or 429: the sender will retry
  std::atomic<uint64_t> requests_refused{0};  // answered with another 4xx: it will not
  std::atomic<uint64_t> samples_stored{0};
  std::atomic<uint64_t> samples_refused{0};
  std::atomic<uint64_t> series_refused{0};
  std::atomic<uint64_t> histograms_refused{0};
  std::atomic<uint64_t> exemplars_stored{0};
  std::atomic<uint64_t> exemplars_refused{0};  // their labels or times cannot be
  std::atomic<uint64_t> exemplars_ignored{0};  // their labels are too long, or there are too many
  std::atomic<uint64_t> metadata_ignored{0};   // for want of room, or of a place to keep it
};

struct RemoteWriteOptions {
  uint64_t body_bytes_max = 16 << 20;     // compressed
  uint64_t decoded_bytes_max = 32 << 20;  // checked before anything is decompressed
  // A request is booked on it while it is decoded and handed over; null: it is not.
  storage::MemoryBudget* budget = nullptr;
  WrittenMetadata* metadata = nullptr;  // where metadata goes; null: nowhere
};

// Answers 204 only once every sample of the request is durable. A permanent refusal is 400 (bad
// bytes, or some series or samples that cannot be stored: the others are stored all the same), 413
// or 415. 429 with Retry-After when new series are beyond a limit: the others are stored, and see
// RefusedRequests. When storage cannot take it now 429 or 503 with Retry-After; 500 when storage is
// broken: nothing of the request was stored then. A native histogram that cannot be is refused like
// a sample. Exemplars are stored with the samples; those that cannot be are counted, and make a
// request of version 2.0 a partial one. To version 2.0 every answer but 415 says in its headers how
// many samples, histograms and exemplars were stored. Metadata is kept in memory.
// Threads: Handle from any thread. Lifetime: the sink and the budget outlive the handler, and the
// handler every request it was given.
class RemoteWriteHandler {
 public:
  explicit RemoteWriteHandler(MetricsSink& sink, RemoteWriteOptions options = {});
  ~RemoteWriteHandler();

  void AddRoutes(net::Router& router);
  void Handle(net::HttpRequest request, net::Responder responder);
  const RemoteWriteCounters& counters() const { return counters_; }

 private:
  struct Scratch;

  // Decompresses and decodes `body` into `scratch`. Errors: see WriteErrorResponse.
  Result<WriteRequestSummary> Decode(std::string_view body, WriteVersion version, Scratch& scratch,
                                     storage::BudgetLease& memory) const;
  void Store(const Scratch& scratch, WriteVersion version, WriteRequestSummary request,
             uint64_t key, const net::Responder& responder);
  void Count(const WriteRequestSummary& request);
  void KeepMetadata(MetadataList metadata);
  void Answer(net::HttpResponse response, const net::Responder& responder);

  MetricsSink& sink_;
  const RemoteWriteOptions options_;
  RemoteWriteCounters counters_;
  RefusedRequests refused_;
  ScratchPool<Scratch> scratches_;
};

}  // namespace luma::prom
