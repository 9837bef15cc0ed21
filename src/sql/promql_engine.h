// What promql() asks. SQL and PromQL do not know each other: whoever wires the server implements
// this over the one and gives it to the other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/metrics_source.h"

namespace luma::sql {

struct PromqlQuestion {
  std::string_view query;
  UnixMillis start = 0;
  UnixMillis end = 0;   // of an instant question, equal to start
  int64_t step_ms = 0;  // 0: an instant question
};

struct PromqlAnswer {
  std::vector<SeriesSamples> series = {};  // a scalar is a series without labels
  std::vector<std::string> warnings = {};
  std::vector<std::string> infos = {};
};

// Threads: any.
class PromqlEngine {
 public:
  virtual ~PromqlEngine() = default;

  // Errors: kSyntaxError with the position in the query, kInvalidArgument for a question that has
  // no samples as its answer, and those of ReadLimits and of the source.
  virtual Result<PromqlAnswer> Ask(const PromqlQuestion& question, const MetricsSource& source,
                                   ResultMemory& memory) const = 0;
  // As count_values() shows it: {count:3, sum:4.5, (1,2]:3}.
  virtual std::string HistogramText(const FloatHistogram& histogram) const = 0;
};

}  // namespace luma::sql
