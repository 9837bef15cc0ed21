#include "sql/promql_arguments.h"

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using duckdb::ClientContext;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::Value;

constexpr int64_t kMicrosPerMilli = 1'000;
constexpr int64_t kMillisPerDay = 86'400'000;
// Whole milliseconds whose microseconds are timestamps.
constexpr double kMillisMax = 9.2e15;

[[noreturn]] void Refuse(std::string_view argument, std::string_view why) {
  ThrowStatus(Status::InvalidArgument("promql: ", argument, " ", why));
}

std::optional<double> NumberIn(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

// Of numbers, and of text that is one.
std::optional<double> SecondsOf(const Value& value) {
  if (value.type().IsNumeric()) return value.GetValue<double>();
  if (value.type().id() != LogicalTypeId::VARCHAR) return std::nullopt;
  return NumberIn(duckdb::StringValue::Get(value));
}

int64_t MillisOf(double seconds, std::string_view argument) {
  const double millis = std::round(seconds * 1000);
  if (!(std::abs(millis) <= kMillisMax)) Refuse(argument, "is out of range");
  return static_cast<int64_t>(millis);
}

int64_t FloorToMillis(int64_t micros) {
  return micros / kMicrosPerMilli - (micros % kMicrosPerMilli < 0 ? 1 : 0);
}

// Some casts give a null for text that they cannot read.
Value CastTo(ClientContext& context, const Value& value, const LogicalType& type) {
  Value cast = value.CastAs(context, type);
  if (!cast.IsNull()) return cast;
  ThrowStatus(Status::InvalidArgument("invalid input syntax for type ",
                                      duckdb::StringUtil::Lower(type.ToString()), ": \"",
                                      value.ToString(), "\"")
                  .WithSqlState("22007"));
}

UnixMillis TimeOf(ClientContext& context, const Value& value, std::string_view argument) {
  if (value.IsNull()) Refuse(argument, "must not be null");
  if (const std::optional<double> seconds = SecondsOf(value)) return MillisOf(*seconds, argument);
  const Value time = CastTo(context, value, LogicalType::TIMESTAMP_TZ);
  const auto micros = time.GetValueUnsafe<duckdb::timestamp_t>();
  if (!duckdb::Value::IsFinite(micros)) Refuse(argument, "must be finite");
  return FloorToMillis(micros.value);
}

int64_t StepOf(ClientContext& context, const Value& value) {
  if (value.IsNull()) Refuse("step", "must not be null");
  int64_t millis = 0;
  if (const std::optional<double> seconds = SecondsOf(value)) {
    millis = MillisOf(*seconds, "step");
  } else {
    const Value step = CastTo(context, value, LogicalType::INTERVAL);
    const auto interval = step.GetValueUnsafe<duckdb::interval_t>();
    if (interval.months != 0) Refuse("step", "must not count months or years");
    millis = interval.days * kMillisPerDay + interval.micros / kMicrosPerMilli;
  }
  if (millis <= 0) Refuse("step", "must be at least a millisecond");
  return millis;
}

UnixMillis Now(ClientContext& context) {
  return FloorToMillis(duckdb::MetaTransaction::Get(context).start_timestamp.value);
}

std::string QueryOf(const Value& value) {
  if (value.IsNull()) Refuse("query", "must not be null");
  return duckdb::StringValue::Get(value);
}

}  // namespace

PromqlArguments ReadPromqlArguments(ClientContext& context, duckdb::DataChunk& arguments,
                                    duckdb::idx_t row) {
  const auto get = [&](duckdb::idx_t column) { return arguments.GetValue(column, row); };
  PromqlArguments read{.query = QueryOf(get(0)), .question = {}};
  PromqlQuestion& question = read.question;
  if (arguments.ColumnCount() <= 2) {
    const bool has_time = arguments.ColumnCount() == 2;
    question.start = has_time ? TimeOf(context, get(1), "time") : Now(context);
    question.end = question.start;
    return read;
  }
  question.start = TimeOf(context, get(1), "start");
  question.end = TimeOf(context, get(2), "end");
  question.step_ms = StepOf(context, get(3));
  if (question.end < question.start) Refuse("end", "must not be before start");
  return read;
}

}  // namespace luma::sql
