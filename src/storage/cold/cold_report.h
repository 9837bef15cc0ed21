// What the cold tier has and does, for operators.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"

namespace luma::storage {

struct ColdReport {
  bool is_configured = false;
  uint64_t objects = 0;  // with rows; each has a sidecar besides
  uint64_t bytes = 0;    // of these objects
  uint64_t rows = 0;     // deleted ones included
  // Since the start:
  uint64_t moved_runs = 0;
  uint64_t moved_bytes = 0;
  uint64_t failures = 0;  // moves that were given up, to be tried again
  // Objects that nobody needs any more and that are still to be deleted.
  uint64_t garbage_objects = 0;
  std::string last_error = {};  // empty when nothing has failed since the last success
  UnixMillis last_error_at = 0;
};

}  // namespace luma::storage
