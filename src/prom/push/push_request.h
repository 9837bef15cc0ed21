// What a request that pushes text becomes: its content, and a batch made of it, in booked memory.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "model/series_batch.h"
#include "net/http.h"
#include "prom/lease_memory.h"
#include "prom/request_memory.h"
#include "storage/budget.h"

namespace luma::prom {

struct PushOptions {
  uint64_t body_bytes_max = 32 << 20;     // as it is sent
  uint64_t decoded_bytes_max = 32 << 20;  // checked while it is decompressed
  // A request is booked on it while it is decoded and handed over; null: it is not.
  storage::MemoryBudget* budget = nullptr;
};

// What goes from request to request.
struct PushScratch {
  std::string decoded;
  SeriesBatch batch;

  void Trim();
};

// Thread-compatible. Lifetime: options and scratch outlive it.
class PushRequest {
 public:
  PushRequest(const PushOptions& options, PushScratch& scratch)
      : options_(options), scratch_(scratch) {}

  // The content of the body, which is as it is, gzip, zstd, or one block of snappy. Call it first.
  // Errors: kUnsupported for another Content-Encoding, kInvalidArgument for bytes that are not what
  // it says, kTooLarge, kOutOfMemory. Lifetime: the request outlives what is returned.
  Result<std::string_view> Decode(const net::HttpRequest& request);

  // To be called before each series is added: the same labels may be in the text once and in the
  // batch a million times. Errors: kTooLarge, kOutOfMemory.
  Status MakeRoom();
  SeriesBatch& batch() { return scratch_.batch; }
  // For what else is made of it until the request ends.
  ResultMemory& memory() { return lease_memory_; }

 private:
  const PushOptions& options_;
  PushScratch& scratch_;
  storage::BudgetLease lease_;
  LeaseMemory lease_memory_{options_.budget, lease_};
  RequestMemory memory_;
};

}  // namespace luma::prom
