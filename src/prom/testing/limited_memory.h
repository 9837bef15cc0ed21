// Memory of a request that a test bounds.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "model/metrics_source.h"

namespace luma::prom {

// Gives so much and no more.
class LimitedMemory final : public ResultMemory {
 public:
  Status Book(uint64_t bytes) override {
    booked += bytes;
    return booked <= limit ? Status::Ok() : Status::OutOfMemory("no more");
  }
  uint64_t booked = 0;
  uint64_t limit = UINT64_MAX;
};

}  // namespace luma::prom
