// The parameters of a request to the HTTP API.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "model/matcher.h"
#include "model/sample.h"
#include "net/http.h"
#include "net/url.h"
#include "promql/ast.h"

namespace luma::prom {

// Errors of every method: kInvalidArgument, reading `invalid parameter "time": ...`.
// Lifetime: the HTTP request outlives it.
class ApiRequest {
 public:
  // Takes the fields of the query string and of a form body. Errors: kInvalidArgument.
  static Result<ApiRequest> From(const net::HttpRequest& http);

  std::string_view Get(std::string_view name) const { return fields_.Get(name); }
  std::vector<std::string_view> GetAll(std::string_view name) const { return fields_.GetAll(name); }
  std::string_view PathParameter(std::string_view name) const { return http_->PathParameter(name); }
  net::PeerWatch peer() const { return http_->peer; }
  Result<UnixMillis> Time(std::string_view name) const;
  Result<UnixMillis> TimeOr(std::string_view name, UnixMillis absent) const;
  Result<int64_t> DurationMillis(std::string_view name) const;
  Result<int64_t> DurationMillisOr(std::string_view name, int64_t absent) const;
  Result<uint64_t> Limit() const;  // 0: none
  // A whole number; `absent` when it is not given. Errors: "<name> must be a number".
  Result<int64_t> NumberOr(std::string_view name, int64_t absent) const;
  // True or false; `absent` when it is not given. Errors: `invalid <name> "x": must be boolean`.
  Result<bool> BoolOr(std::string_view name, bool absent) const;
  // "start" and "end", all of time when absent.
  Result<TimeRange> Range() const;
  Result<promql::ExprPtr> Query() const;
  // One per match[].
  Result<std::vector<Matchers>> Selectors() const;

 private:
  ApiRequest(const net::HttpRequest& http, net::FormFields fields)
      : http_(&http), fields_(std::move(fields)) {}

  const net::HttpRequest* http_;
  net::FormFields fields_;
};

// As Go's ParseBool has it: 1, t, T, true, TRUE, True, and so on. nullopt for other texts.
std::optional<bool> ParseGoBool(std::string_view text);

// `status` as that of the parameter `name`.
Status InvalidParameter(std::string_view name, const Status& status);

}  // namespace luma::prom
