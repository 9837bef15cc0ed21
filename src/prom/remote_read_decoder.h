// Decodes the protobuf message prometheus.ReadRequest.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/matcher.h"
#include "model/sample.h"

namespace luma::prom {

// Prometheus sends one query in a request; a regular expression may take a megabyte.
constexpr size_t kReadQueriesMax = 100;
constexpr size_t kReadMatchersMax = 256;  // of all queries

struct ReadQuery {
  TimeRange range{.min = 0, .max = 0};
  Matchers matchers;
};

struct ReadRequest {
  std::vector<ReadQuery> queries;
  // The first response type of the sender's that there is here: chunks, else samples.
  bool chunks = false;
};

// Hints are skipped: they only allow to read less. Errors: kInvalidArgument for bytes that are no
// such message, a matcher that cannot be, or response types none of which is known; kTooLarge.
Result<ReadRequest> DecodeReadRequest(std::string_view message);

}  // namespace luma::prom
