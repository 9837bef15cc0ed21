// Named points where a test makes the process stop, fail or pause. Compiled into every build: the
// shipped executable is the one that is tested. An unarmed point costs one relaxed load.
//
//   LUMA_FAILPOINT=name:n[:action][,name:n...]   in the environment, or Arm() in a test.
//
// At the n-th hit (1-based) of `name` the action happens: "crash" (default; _exit(86) without any
// clean-up, as kill -9 would), or "error" (the point returns kIoError).
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>

#include "base/status.h"

namespace luma::failpoint {

extern std::atomic<bool> g_any_armed;

// Arms from a specification as above; an empty one disarms all. Threads: any.
Status Arm(std::string_view specification);
// Arms from the environment variable LUMA_FAILPOINT; called once by main().
Status ArmFromEnvironment();
Status Hit(std::string_view name);

}  // namespace luma::failpoint

// Use at every step of a durable path: LUMA_FAILPOINT("flush.before_rename");
#define LUMA_FAILPOINT(name)                                                                \
  do {                                                                                      \
    if (::luma::failpoint::g_any_armed.load(std::memory_order_relaxed)) {                   \
      LUMA_RETURN_IF_ERROR(::luma::failpoint::Hit(name));                                   \
    }                                                                                       \
  } while (false)
