// What a long task over a store tells the one who waits for it.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/status.h"

namespace luma::storage {

struct Progress {
  std::string_view phase;  // "log", "segments", ...
  uint64_t files_done = 0;
  uint64_t files_total = 0;
  uint64_t bytes_done = 0;  // of the files
  uint64_t bytes_total = 0;
  uint64_t bytes_moved = 0;  // of bytes_done: what was not there already
};

// Called often, on the task's thread. May wait, to slow the task down; an error ends the task and
// becomes its result.
using OnProgress = std::function<Status(const Progress& progress)>;

}  // namespace luma::storage
