// The memory of one answer of the HTTP API, booked on the budget of the store.
#pragma once

#include <atomic>
#include <cstdint>

#include "model/metrics_source.h"
#include "net/peer_watch.h"
#include "storage/budget.h"

namespace luma::prom {

// Lives until the answer has been sent. Threads: one at a time. Lifetime: the budget and the flag
// outlive it.
class QueryMemory final : public ResultMemory {
 public:
  // Without a budget nothing is bounded.
  QueryMemory(storage::MemoryBudget* budget, const std::atomic<bool>& cancelled,
              net::PeerWatch peer = {})
      : budget_(budget), cancelled_(cancelled), peer_(peer) {}

  // Errors: kOutOfMemory; also when SQL and HTTP queries would together take more than half of the
  // budget, since the rest belongs to ingestion. kCancelled once the flag is up or
  // the client has gone: queries book for every block and series, so they end soon.
  Status Book(uint64_t bytes) override;

 private:
  storage::MemoryBudget* const budget_;
  const std::atomic<bool>& cancelled_;
  net::PeerWatch peer_;
  storage::BudgetLease lease_;
};

}  // namespace luma::prom
