// A statement that is its own transaction and lost against another one is run again on a newer
// snapshot, as if it had come later: nothing of it was kept, and nobody has been told anything.
#pragma once

#include <chrono>
#include <thread>

#include "base/status.h"

namespace luma::sql {

// Calls `run`, which gives a Result, until it ends otherwise than in kConflict, at most eleven
// times and with growing pauses, one second altogether.
template <typename Run>
auto RunAgainOnConflict(Run&& run) {
  constexpr int kRepeatsMax = 10;
  auto result = run();
  for (int i = 0; i < kRepeatsMax && result.status().code() == StatusCode::kConflict; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1 << i));
    result = run();
  }
  return result;
}

}  // namespace luma::sql
