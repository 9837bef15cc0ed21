#include "prom/api_request.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "prom/time_parameter.h"
#include "promql/parser.h"

namespace luma::prom {
namespace {

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

bool HasForm(const net::HttpRequest& http) {
  const std::string_view type = http.Header("Content-Type");
  return !http.body.empty() && net::EqualsIgnoringCase(type.substr(0, kFormType.size()), kFormType);
}

}  // namespace

std::optional<bool> ParseGoBool(std::string_view text) {
  constexpr std::string_view kTrue[] = {"1", "t", "T", "true", "TRUE", "True"};
  constexpr std::string_view kFalse[] = {"0", "f", "F", "false", "FALSE", "False"};
  if (std::ranges::find(kTrue, text) != std::end(kTrue)) return true;
  if (std::ranges::find(kFalse, text) != std::end(kFalse)) return false;
  return std::nullopt;
}

Status InvalidParameter(std::string_view name, const Status& status) {
  return Status::InvalidArgument("invalid parameter \"", name, "\": ", status.message());
}

Result<ApiRequest> ApiRequest::From(const net::HttpRequest& http) {
  std::optional<net::FormFields> fields = net::FormFields::Parse(http.query);
  std::optional<net::FormFields> form =
      HasForm(http) ? net::FormFields::Parse(http.body) : net::FormFields();
  if (!fields || !form) {
    return Status::InvalidArgument("error parsing form values: invalid URL escape");
  }
  form->Append(*std::move(fields));  // as in Go, the body comes first
  return ApiRequest(http, *std::move(form));
}

Result<UnixMillis> ApiRequest::Time(std::string_view name) const {
  Result<UnixMillis> time = ParseTimeParameter(Get(name));
  if (!time.ok()) return InvalidParameter(name, time.status());
  return time;
}

Result<UnixMillis> ApiRequest::TimeOr(std::string_view name, UnixMillis absent) const {
  return Get(name).empty() ? Result<UnixMillis>(absent) : Time(name);
}

Result<int64_t> ApiRequest::DurationMillis(std::string_view name) const {
  Result<int64_t> millis = ParseDurationParameter(Get(name));
  if (!millis.ok()) return InvalidParameter(name, millis.status());
  return millis;
}

Result<int64_t> ApiRequest::DurationMillisOr(std::string_view name, int64_t absent) const {
  return Get(name).empty() ? Result<int64_t>(absent) : DurationMillis(name);
}

Result<bool> ApiRequest::BoolOr(std::string_view name, bool absent) const {
  const std::string_view text = Get(name);
  if (text.empty()) return absent;
  if (const std::optional<bool> value = ParseGoBool(text)) return *value;
  return Status::InvalidArgument("invalid ", name, " \"", text, "\": must be boolean");
}

Result<uint64_t> ApiRequest::Limit() const {
  const std::string_view text = Get("limit");
  uint64_t limit = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), limit);
  if (text.empty() || (error == std::errc() && end == text.data() + text.size())) return limit;
  return InvalidParameter("limit",
                          Status::InvalidArgument("cannot parse \"", text, "\" to a valid limit"));
}

Result<int64_t> ApiRequest::NumberOr(std::string_view name, int64_t absent) const {
  const std::string_view text = Get(name);
  if (text.empty()) return absent;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return Status::InvalidArgument(name, " must be a number");
}

Result<TimeRange> ApiRequest::Range() const {
  TimeRange range;
  LUMA_ASSIGN_OR_RETURN(range.min, TimeOr("start", range.min));
  LUMA_ASSIGN_OR_RETURN(range.max, TimeOr("end", range.max));
  if (range.max >= range.min) return range;
  return InvalidParameter("end",
                          Status::InvalidArgument("end timestamp must not be before start time"));
}

Result<promql::ExprPtr> ApiRequest::Query() const {
  Result<promql::ExprPtr> expr = promql::Parse(Get("query"));
  if (!expr.ok()) return InvalidParameter("query", expr.status());
  return expr;
}

Result<std::vector<Matchers>> ApiRequest::Selectors() const {
  std::vector<Matchers> selectors;
  for (const std::string_view text : fields_.GetAll("match[]")) {
    Result<Matchers> matchers = promql::ParseSelector(text);
    if (!matchers.ok()) return InvalidParameter("match[]", matchers.status());
    selectors.push_back(*std::move(matchers));
  }
  return selectors;
}

}  // namespace luma::prom
