// Durations as PromQL and Prometheus' configuration write them.
#pragma once

#include <cstdint>
#include <string>

#include "promql/duration.h"

namespace luma::promql {

// As Prometheus prints a duration: "1d12h", "5m30s", "90d", "-1m", "0s". Years and weeks only when
// nothing is left over.
std::string DurationText(int64_t millis);

// A duration of a query, which may be an expression: "5m", "step() * 2", "-(1m + step())".
std::string DurationText(const Duration& duration);

}  // namespace luma::promql
