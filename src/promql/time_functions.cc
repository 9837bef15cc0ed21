#include "promql/time_functions.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "promql/selector_evaluation.h"

namespace luma::promql {
namespace {

using std::chrono::days;
using std::chrono::sys_days;
using std::chrono::sys_seconds;
using std::chrono::year_month_day;

// The calendar of <chrono> ends here: the years -32767 to 32767.
constexpr double kSecondsMax = 9.7e11;

using CalendarFunction = double (*)(sys_seconds time, const year_month_day& date);

double Minute(sys_seconds time, const year_month_day&) {
  const auto of_day = time - std::chrono::floor<days>(time);
  return static_cast<double>(of_day.count() / 60 % 60);
}
double Hour(sys_seconds time, const year_month_day&) {
  const auto of_day = time - std::chrono::floor<days>(time);
  return static_cast<double>(of_day.count() / 3600);
}
double DayOfMonth(sys_seconds, const year_month_day& date) {
  return static_cast<unsigned>(date.day());
}
double DayOfWeek(sys_seconds time, const year_month_day&) {
  return std::chrono::weekday(std::chrono::floor<days>(time)).c_encoding();
}
double DayOfYear(sys_seconds time, const year_month_day& date) {
  const sys_days first = date.year() / std::chrono::January / 1;
  return static_cast<double>((std::chrono::floor<days>(time) - first).count() + 1);
}
double DaysInMonth(sys_seconds, const year_month_day& date) {
  return static_cast<unsigned>((date.year() / date.month() / std::chrono::last).day());
}
double Month(sys_seconds, const year_month_day& date) {
  return static_cast<unsigned>(date.month());
}
double Year(sys_seconds, const year_month_day& date) { return static_cast<int>(date.year()); }

struct NamedFunction {
  std::string_view name;
  CalendarFunction function;
};
constexpr NamedFunction kFunctions[] = {
    {"day_of_month", DayOfMonth},
    {"day_of_week", DayOfWeek},
    {"day_of_year", DayOfYear},
    {"days_in_month", DaysInMonth},
    {"hour", Hour},
    {"minute", Minute},
    {"month", Month},
    {"year", Year},
};

CalendarFunction FindCalendarFunction(std::string_view name) {
  for (const NamedFunction& candidate : kFunctions) {
    if (candidate.name == name) return candidate.function;
  }
  return nullptr;
}

// `seconds` since 1970, in UTC.
double OfCalendar(CalendarFunction function, double seconds) {
  if (!(std::fabs(seconds) < kSecondsMax)) return std::numeric_limits<double>::quiet_NaN();
  const sys_seconds time(std::chrono::seconds(static_cast<int64_t>(seconds)));
  return function(time, year_month_day(std::chrono::floor<days>(time)));
}

// One series without labels: the time of evaluation.
VectorValue EvaluationTimes(const Steps& steps) {
  VectorValue out(steps.count);
  const size_t row = out.AddRow(Labels(), false);
  for (size_t step = 0; step < steps.count; ++step) {
    out.Set(row, step, static_cast<double>(steps.At(step)) / 1000);
  }
  return out;
}

Result<VectorValue> CallCalendarFunction(NodeEvaluator& evaluator, const Call& call) {
  const CalendarFunction function = FindCalendarFunction(call.function->name);
  VectorValue vector = EvaluationTimes(evaluator.steps());
  if (!call.arguments.empty()) {
    LUMA_ASSIGN_OR_RETURN(vector, evaluator.Vector(*call.arguments[0]));
    vector.DropHistograms();
  }
  for (size_t row = 0; row < vector.size(); ++row) {
    vector.set_drop_name(row, true);
    ForEachPresent(vector, row, [&](size_t step) {
      vector.Set(row, step, OfCalendar(function, vector.At(row, step)));
    });
  }
  return vector;
}

// Of a selector the time of each sample; anything else has the time of evaluation.
Result<VectorValue> Timestamp(NodeEvaluator& evaluator, const Call& call) {
  const Expr& argument = Unwrapped(*call.arguments[0]);
  const auto* const selector = std::get_if<VectorSelector>(&argument.node);
  const bool stored = selector != nullptr && selector->edges == RangeEdges::kPlain;
  LUMA_ASSIGN_OR_RETURN(
      VectorValue vector,
      stored ? SelectVector(evaluator.context(), evaluator.steps(), *selector, SampleField::kTime)
             : evaluator.Vector(argument));
  for (size_t row = 0; row < vector.size(); ++row) {
    vector.set_drop_name(row, true);
    if (stored) continue;
    ForEachPresent(vector, row, [&](size_t step) {
      vector.Set(row, step, static_cast<double>(evaluator.steps().At(step)) / 1000);
    });
  }
  return vector;
}

// Only of a selector; nothing for anything else, whose values began nowhere.
Result<VectorValue> StartTimestamp(NodeEvaluator& evaluator, const Call& call) {
  EvaluationContext& context = evaluator.context();
  const auto* const selector = std::get_if<VectorSelector>(&Unwrapped(*call.arguments[0]).node);
  if (selector == nullptr) {
    LUMA_RETURN_IF_ERROR(evaluator.Vector(*call.arguments[0]).status());
    return VectorValue(evaluator.steps().count);
  }
  context.set_wants_start_times(true);
  Result<VectorValue> vector =
      SelectVector(context, evaluator.steps(), *selector, SampleField::kStartTime);
  context.set_wants_start_times(false);
  if (!vector.ok()) return vector;
  for (size_t row = 0; row < vector->size(); ++row) vector->set_drop_name(row, true);
  return vector;
}

}  // namespace

VectorFunction FindTimeFunction(std::string_view name) {
  if (name == "timestamp") return Timestamp;
  if (name == "start_timestamp") return StartTimestamp;
  return FindCalendarFunction(name) == nullptr ? nullptr : CallCalendarFunction;
}

}  // namespace luma::promql
