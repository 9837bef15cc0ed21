// Rankings in answers of the HTTP API.
#pragma once

#include <string_view>

#include "base/ranking.h"
#include "prom/api_request.h"
#include "prom/json_fields.h"

namespace luma::prom {

// The parameter "limit", 10 when it is not given. Errors: kInvalidArgument in Prometheus' words.
inline Result<size_t> RankingLimit(const ApiRequest& request) {
  constexpr int64_t kDefault = 10;
  constexpr int64_t kMax = 10'000;
  const Result<int64_t> limit = request.NumberOr("limit", kDefault);
  if (!limit.ok() || *limit < 1) {
    return Status::InvalidArgument("limit must be a positive number");
  }
  if (*limit > kMax) return Status::InvalidArgument("limit must not exceed ", kMax);
  return static_cast<size_t>(*limit);
}

// [{"name": "up", "value": 2}, ...]
inline void RankingField(std::string_view key, const Ranking& ranking, JsonWriter& json) {
  json.Key(key);
  json.BeginArray();
  for (const auto& [name, value] : ranking) {
    json.BeginObject();
    TextField("name", name, json);
    json.Key("value");
    json.Raw(std::to_string(value));
    json.EndObject();
  }
  json.EndArray();
}

}  // namespace luma::prom
