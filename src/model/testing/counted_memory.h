// Endless memory that counts what is booked.
#pragma once

#include <cstdint>

#include "model/metrics_source.h"

namespace luma {

class CountedMemory final : public ResultMemory {
 public:
  Status Book(uint64_t bytes) override {
    booked += bytes;
    return Status::Ok();
  }
  uint64_t booked = 0;
};

}  // namespace luma
