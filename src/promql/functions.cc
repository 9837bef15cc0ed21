#include "promql/functions.h"

#include <algorithm>

namespace luma::promql {
namespace {

constexpr ValueType kScalar = ValueType::kScalar;
constexpr ValueType kString = ValueType::kString;
constexpr ValueType kVector = ValueType::kVector;
constexpr ValueType kMatrix = ValueType::kMatrix;

void Add(std::vector<Function>& table, std::initializer_list<std::string_view> names,
         const std::vector<ValueType>& parameters, size_t optional = 0) {
  for (const std::string_view name : names) {
    table.push_back({.name = name, .parameters = parameters, .optional = optional});
  }
}

std::vector<Function> MakeTable() {
  std::vector<Function> table;
  Add(table,
      {"abs",
       "absent",
       "acos",
       "acosh",
       "asin",
       "asinh",
       "atan",
       "atanh",
       "ceil",
       "cos",
       "cosh",
       "deg",
       "exp",
       "floor",
       "ln",
       "log10",
       "log2",
       "rad",
       "sgn",
       "sin",
       "sinh",
       "sort",
       "sort_desc",
       "sqrt",
       "tan",
       "tanh",
       "timestamp",
       "histogram_avg",
       "histogram_count",
       "histogram_sum",
       "histogram_stddev",
       "histogram_stdvar",
       "start_timestamp"},
      {kVector});
  Add(table,
      {"absent_over_time",
       "avg_over_time",
       "changes",
       "count_over_time",
       "delta",
       "deriv",
       "first_over_time",
       "idelta",
       "increase",
       "irate",
       "last_over_time",
       "mad_over_time",
       "max_over_time",
       "min_over_time",
       "present_over_time",
       "rate",
       "resets",
       "stddev_over_time",
       "stdvar_over_time",
       "sum_over_time",
       "ts_of_first_over_time",
       "ts_of_last_over_time",
       "ts_of_max_over_time",
       "ts_of_min_over_time"},
      {kMatrix});
  Add(table,
      {"day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month",
       "year"},
      {kVector}, 1);
  Add(table, {"vector"}, {kScalar});
  Add(table, {"clamp"}, {kVector, kScalar, kScalar});
  Add(table, {"clamp_max", "clamp_min"}, {kVector, kScalar});
  Add(table, {"round"}, {kVector, kScalar}, 1);
  Add(table, {"histogram_quantile"}, {kScalar, kVector});
  Add(table, {"histogram_fraction"}, {kScalar, kScalar, kVector});
  Add(table, {"quantile_over_time"}, {kScalar, kMatrix});
  Add(table, {"predict_linear"}, {kMatrix, kScalar});
  Add(table, {"double_exponential_smoothing", "holt_winters"}, {kMatrix, kScalar, kScalar});
  Add(table, {"info"}, {kVector, kVector}, 1);
  Add(table, {"label_replace"}, {kVector, kString, kString, kString, kString});
  table.push_back(
      {.name = "histogram_quantiles", .parameters = {kVector, kString, kScalar}, .variadic = true});
  for (const std::string_view name : {"label_join", "sort_by_label", "sort_by_label_desc"}) {
    const bool join = name == "label_join";
    table.push_back({.name = name,
                     .parameters = join ? std::vector{kVector, kString, kString, kString}
                                        : std::vector{kVector, kString},
                     .optional = join ? 1u : 0u,
                     .variadic = true});
  }
  for (const std::string_view name : {"pi", "time", "start", "end", "step", "range"}) {
    table.push_back({.name = name, .parameters = {}, .result = kScalar});
  }
  for (const std::string_view name : {"min_of", "max_of"}) {
    table.push_back({.name = name, .parameters = {kScalar, kScalar}, .result = kScalar});
  }
  table.push_back({.name = "scalar", .parameters = {kVector}, .result = kScalar});
  std::sort(table.begin(), table.end(),
            [](const Function& a, const Function& b) { return a.name < b.name; });
  return table;
}

}  // namespace

const Function* FindFunction(std::string_view name) {
  static const std::vector<Function> table = MakeTable();
  const auto found = std::lower_bound(
      table.begin(), table.end(), name,
      [](const Function& function, std::string_view wanted) { return function.name < wanted; });
  return found != table.end() && found->name == name ? &*found : nullptr;
}

}  // namespace luma::promql
