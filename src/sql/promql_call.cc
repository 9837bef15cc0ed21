#include "sql/promql_call.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using duckdb::ParsedExpression;
using Arguments = duckdb::vector<duckdb::unique_ptr<ParsedExpression>>;

constexpr size_t kArgumentsMax = 4;

[[noreturn]] void RefuseArguments(const std::string& why) {
  ThrowStatus(Status::NotFound("function promql: ", why)
                  .WithSqlState("42883")
                  .WithHint("promql(query), promql(query, at_time), "
                            "promql(query, start_time, end_time, step)"));
}

// "time" and "end" are words of SQL: without quotes they have to be at_time and end_time.
size_t PlaceOf(const std::string& name) {
  static constexpr std::pair<std::string_view, size_t> kPlaces[] = {
      {"query", 0},      {"time", 1}, {"at_time", 1},  {"start", 1},
      {"start_time", 1}, {"end", 2},  {"end_time", 2}, {"step", 3}};
  for (const auto& [known, place] : kPlaces) {
    if (known == name) return place;
  }
  RefuseArguments("it has no argument \"" + name + "\"");
}

Arguments InOrder(Arguments given) {
  Arguments placed(std::max(given.size(), kArgumentsMax));
  size_t count = 0;
  for (size_t i = 0; i < given.size(); ++i) {
    const std::string name = duckdb::StringUtil::Lower(given[i]->GetAlias());
    const size_t place = name.empty() ? i : PlaceOf(name);
    if (placed[place]) RefuseArguments("an argument is given twice");
    given[i]->ClearAlias();
    placed[place] = std::move(given[i]);
    count = std::max(count, place + 1);
  }
  placed.resize(count);
  if (!std::ranges::all_of(placed, [](const auto& argument) { return argument != nullptr; })) {
    RefuseArguments("an argument is missing");
  }
  return placed;
}

duckdb::unique_ptr<ParsedExpression> AsSubquery(duckdb::unique_ptr<ParsedExpression> value) {
  auto select = duckdb::make_uniq<duckdb::SelectNode>();
  select->select_list.push_back(std::move(value));
  select->from_table = duckdb::make_uniq<duckdb::EmptyTableRef>();
  auto statement = duckdb::make_uniq<duckdb::SelectStatement>();
  statement->node = std::move(select);
  auto subquery = duckdb::make_uniq<duckdb::SubqueryExpression>();
  subquery->subquery = std::move(statement);
  subquery->subquery_type = duckdb::SubqueryType::SCALAR;
  return subquery;
}

}  // namespace

void AdaptPromqlCall(duckdb::TableFunctionRef& call) {
  if (call.function->GetExpressionClass() != duckdb::ExpressionClass::FUNCTION) return;
  auto& function = call.function->Cast<duckdb::FunctionExpression>();
  if (function.function_name != "promql" || function.children.empty()) return;
  function.children = InOrder(std::move(function.children));
  auto& query = function.children.front();
  if (query->IsScalar()) query = AsSubquery(std::move(query));
}

}  // namespace luma::sql
