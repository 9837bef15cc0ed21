// Books the memory that a request of remote write grows to while it is decoded.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/status.h"
#include "model/metrics_source.h"
#include "model/series_batch.h"

namespace luma::prom {

// Thread-compatible. Lifetime: `memory` outlives the last Need.
class RequestMemory {
 public:
  // For the next request; so much of it is booked already.
  void Start(ResultMemory& memory, uint64_t booked) {
    memory_ = &memory;
    booked_ = booked;
    kept_ = 0;
  }

  // So many more are kept to the end: every Need is for these, too.
  void Keep(uint64_t bytes) { kept_ += bytes; }
  // To be told before so many bytes are in use in all. Errors: kOutOfMemory.
  Status Need(uint64_t bytes) {
    const uint64_t needed = bytes + kept_;
    if (needed <= booked_) return Status::Ok();
    const uint64_t more = std::max(needed - booked_, kStep);
    LUMA_RETURN_IF_ERROR(memory_->Book(more));
    booked_ += more;
    return Status::Ok();
  }

  // What a batch holds.
  static uint64_t BytesIn(const SeriesBatch& batch) {
    return batch.label_bytes() + batch.size() * kEntryBytes +
           batch.sample_count() * sizeof(Sample) + batch.histogram_bytes() +
           batch.start_time_count() * sizeof(SeriesBatch::StartTime) +
           batch.exemplar_count() * sizeof(SeriesBatch::Exemplar);
  }
  static constexpr uint64_t kEntryBytes = 64;  // of one series in a batch

 private:
  static constexpr uint64_t kStep = 64 << 10;

  ResultMemory* memory_ = nullptr;
  uint64_t booked_ = 0;
  uint64_t kept_ = 0;
};

}  // namespace luma::prom
