// How long rows of a table stay where, from ALTER TABLE ... SET (...) and from the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace luma::storage {

// What is not set does not happen. Ages but hot_age are those of a row's time (the table's time
// column) by the engine's clock. The names of the options are those of the fields.
struct TablePolicy {
  // Rows longer in memory, or a table with more bytes there, make all hot rows go to segment files.
  std::optional<std::chrono::seconds> hot_age = std::nullopt;
  std::optional<uint64_t> hot_bytes = std::nullopt;
  // Segment files all of whose rows are older than this move to the cold tier, if there is one.
  std::optional<std::chrono::seconds> warm_age = std::nullopt;
  // Rows older than this are dropped.
  std::optional<std::chrono::seconds> retention = std::nullopt;
};

// `own` where it says something, `defaults` elsewhere.
constexpr TablePolicy WithDefaults(const TablePolicy& own, const TablePolicy& defaults) {
  return {.hot_age = own.hot_age ? own.hot_age : defaults.hot_age,
          .hot_bytes = own.hot_bytes ? own.hot_bytes : defaults.hot_bytes,
          .warm_age = own.warm_age ? own.warm_age : defaults.warm_age,
          .retention = own.retention ? own.retention : defaults.retention};
}

}  // namespace luma::storage
