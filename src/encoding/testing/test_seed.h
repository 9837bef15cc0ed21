// The seed of a random test: from the environment (LUMA_SEED=1234 replays a failure) or the clock.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>

namespace luma::encoding::testing {

inline uint64_t TestSeed() {
  const char* given = std::getenv("LUMA_SEED");
  const uint64_t seed =
      given != nullptr
          ? std::strtoull(given, nullptr, 10)
          : static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch().count());
  ::testing::Test::RecordProperty("LUMA_SEED", std::to_string(seed));
  return seed;
}

}  // namespace luma::encoding::testing

// Names the seed in every failure of the enclosing scope.
#define LUMA_TRACE_SEED(seed) SCOPED_TRACE(::testing::Message() << "LUMA_SEED=" << (seed))
