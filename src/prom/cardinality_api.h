// GET /api/v1/status/cardinality: the limits of series, and who is near them.
#pragma once

#include <cstdint>
#include <functional>

#include "net/router.h"
#include "prom/api_request.h"
#include "storage/metrics/cardinality_limits.h"

namespace luma::prom {

//   {"limits": [{"name": "series", "limit": 5, "current": 3,
//                "seriesRefused": 1, "samplesRefused": 9}, ...],
//    "metrics": [{"name": "up", "value": 2}], "labels": [...]}
//
// A limit of 0 is none. `metrics` are those with the most series and `labels` those with the most
// values, `limit` of each (10); empty when nothing limits them. Prometheus has no such route.
// Lifetime: the counts outlive it, and it every request it was given.
class CardinalityApi {
 public:
  CardinalityApi(const storage::CardinalityCounts& counts, std::function<uint64_t()> series)
      : counts_(counts), series_(std::move(series)) {}
  void AddRoutes(net::Router& router);

 private:
  Result<net::HttpResponse> Answer(const ApiRequest& request) const;

  const storage::CardinalityCounts& counts_;
  const std::function<uint64_t()> series_;  // how many there are
};

}  // namespace luma::prom
