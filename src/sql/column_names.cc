#include "sql/column_names.h"

#include <duckdb/parser/query_node/list.hpp>
#include <string>
#include <string_view>
#include <utility>

namespace luma::sql {
namespace {

using duckdb::ExpressionClass;
using duckdb::ExpressionType;
using duckdb::LogicalTypeId;
using duckdb::ParsedExpression;

constexpr std::string_view kNoName = "?column?";

std::string TypeName(const duckdb::LogicalType& type) {
  static constexpr std::pair<LogicalTypeId, std::string_view> kNames[] = {
      {LogicalTypeId::BOOLEAN, "bool"},    {LogicalTypeId::SMALLINT, "int2"},
      {LogicalTypeId::INTEGER, "int4"},    {LogicalTypeId::BIGINT, "int8"},
      {LogicalTypeId::FLOAT, "float4"},    {LogicalTypeId::DOUBLE, "float8"},
      {LogicalTypeId::DECIMAL, "numeric"}, {LogicalTypeId::VARCHAR, "text"},
      {LogicalTypeId::BLOB, "bytea"},      {LogicalTypeId::TIMESTAMP_TZ, "timestamptz"},
      {LogicalTypeId::TIME_TZ, "timetz"},
  };
  for (const auto& [id, name] : kNames) {
    if (type.id() == id) return std::string(name);
  }
  return duckdb::StringUtil::Lower(type.ToString());
}

std::string FunctionName(const std::string& name) {
  if (name == "count_star") return "count";
  if (name == "get_current_timestamp") return "current_timestamp";
  return duckdb::StringUtil::Lower(name);
}

// A parameter in the function that LumaPreparedStatement puts around it.
bool IsWrappedParameter(const duckdb::OperatorExpression& coalesce) {
  if (coalesce.children.size() != 2) return false;
  const ParsedExpression& first = *coalesce.children[0];
  if (first.GetExpressionClass() != ExpressionClass::CAST) return false;
  const ParsedExpression& inner = *first.Cast<duckdb::CastExpression>().child;
  return inner.GetExpressionClass() == ExpressionClass::PARAMETER;
}

std::string QueryName(const duckdb::QueryNode& node);
std::string NameOf(const ParsedExpression& expression);

std::string OperatorName(const duckdb::OperatorExpression& expression) {
  switch (expression.type) {
    case ExpressionType::OPERATOR_COALESCE:
      return IsWrappedParameter(expression) ? std::string(kNoName) : "coalesce";
    case ExpressionType::OPERATOR_NULLIF:
      return "nullif";
    case ExpressionType::ARRAY_CONSTRUCTOR:
      return "array";
    default:
      return std::string(kNoName);
  }
}

std::string CastName(const duckdb::CastExpression& cast) {
  std::string name = NameOf(*cast.child);
  const bool child_is_case = cast.child->GetExpressionClass() == ExpressionClass::CASE;
  return name == kNoName || (child_is_case && name == "case") ? TypeName(cast.cast_type) : name;
}

std::string CaseName(const duckdb::CaseExpression& expression) {
  std::string name = expression.else_expr ? NameOf(*expression.else_expr) : std::string(kNoName);
  return name == kNoName ? "case" : name;
}

std::string SubqueryName(const duckdb::SubqueryExpression& expression) {
  if (expression.subquery_type == duckdb::SubqueryType::EXISTS) return "exists";
  if (expression.subquery_type != duckdb::SubqueryType::SCALAR) return std::string(kNoName);
  return QueryName(*expression.subquery->node);
}

std::string NameOf(const ParsedExpression& expression) {
  if (!expression.GetAlias().empty()) return expression.GetAlias();
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::COLUMN_REF:
      return expression.Cast<duckdb::ColumnRefExpression>().GetColumnName();
    case ExpressionClass::FUNCTION: {
      const auto& function = expression.Cast<duckdb::FunctionExpression>();
      return function.is_operator ? std::string(kNoName) : FunctionName(function.function_name);
    }
    case ExpressionClass::WINDOW:
      return FunctionName(expression.Cast<duckdb::WindowExpression>().function_name);
    case ExpressionClass::CAST:
      return CastName(expression.Cast<duckdb::CastExpression>());
    case ExpressionClass::CASE:
      return CaseName(expression.Cast<duckdb::CaseExpression>());
    case ExpressionClass::OPERATOR:
      return OperatorName(expression.Cast<duckdb::OperatorExpression>());
    case ExpressionClass::SUBQUERY:
      return SubqueryName(expression.Cast<duckdb::SubqueryExpression>());
    default:
      return std::string(kNoName);
  }
}

// The first column's name of a subquery.
std::string QueryName(const duckdb::QueryNode& node) {
  if (node.type != duckdb::QueryNodeType::SELECT_NODE) return std::string(kNoName);
  const auto& select = node.Cast<duckdb::SelectNode>();
  return select.select_list.empty() ? std::string(kNoName) : NameOf(*select.select_list[0]);
}

// Stars and the like stand for several columns, which have names.
bool NeedsName(const ParsedExpression& expression) {
  if (!expression.GetAlias().empty()) return false;
  switch (expression.GetExpressionClass()) {
    case ExpressionClass::STAR:
    case ExpressionClass::COLUMN_REF:
    case ExpressionClass::DEFAULT:
      return false;
    case ExpressionClass::FUNCTION: {
      // unnest() of a struct and COLUMNS() inside a function also make several.
      const auto& function = expression.Cast<duckdb::FunctionExpression>();
      if (function.function_name == "unnest") return false;
      break;
    }
    default:
      break;
  }
  bool has_star = false;
  duckdb::ParsedExpressionIterator::EnumerateChildren(
      expression, [&has_star](const ParsedExpression& child) {
        has_star |= child.GetExpressionClass() == ExpressionClass::STAR;
      });
  return !has_star;
}

void NameAll(duckdb::vector<duckdb::unique_ptr<ParsedExpression>>& expressions) {
  for (auto& expression : expressions) {
    if (NeedsName(*expression)) expression->SetAlias(NameOf(*expression));
  }
}

void NameQuery(duckdb::QueryNode& node);

void NameTable(duckdb::TableRef& table) {
  if (table.type == duckdb::TableReferenceType::SUBQUERY) {
    NameQuery(*table.Cast<duckdb::SubqueryRef>().subquery->node);
  } else if (table.type == duckdb::TableReferenceType::JOIN) {
    auto& join = table.Cast<duckdb::JoinRef>();
    NameTable(*join.left);
    NameTable(*join.right);
  }
}

// Names of a set operation's columns are those of its leftmost part.
void NameQuery(duckdb::QueryNode& node) {
  for (auto& [name, cte] : node.cte_map.map) NameQuery(*cte->query->node);
  if (node.type == duckdb::QueryNodeType::SELECT_NODE) {
    auto& select = node.Cast<duckdb::SelectNode>();
    NameAll(select.select_list);
    if (select.from_table) NameTable(*select.from_table);
  } else if (node.type == duckdb::QueryNodeType::SET_OPERATION_NODE) {
    auto& operation = node.Cast<duckdb::SetOperationNode>();
    NameQuery(*operation.left);
    NameQuery(*operation.right);
  }
}

void NameCreated(duckdb::CreateInfo& info) {
  if (info.type == duckdb::CatalogType::TABLE_ENTRY) {
    auto& query = info.Cast<duckdb::CreateTableInfo>().query;
    if (query) NameQuery(*query->node);
  } else if (info.type == duckdb::CatalogType::VIEW_ENTRY) {
    auto& query = info.Cast<duckdb::CreateViewInfo>().query;
    if (query) NameQuery(*query->node);
  }
}

}  // namespace

void NameColumnsAsPostgres(duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT:
      return NameQuery(*statement.Cast<duckdb::SelectStatement>().node);
    case duckdb::StatementType::CREATE_STATEMENT:
      return NameCreated(*statement.Cast<duckdb::CreateStatement>().info);
    case duckdb::StatementType::EXPLAIN_STATEMENT:
      return NameColumnsAsPostgres(*statement.Cast<duckdb::ExplainStatement>().stmt);
    case duckdb::StatementType::PREPARE_STATEMENT:
      return NameColumnsAsPostgres(*statement.Cast<duckdb::PrepareStatement>().statement);
    case duckdb::StatementType::INSERT_STATEMENT:
      return NameAll(statement.Cast<duckdb::InsertStatement>().returning_list);
    case duckdb::StatementType::UPDATE_STATEMENT:
      return NameAll(statement.Cast<duckdb::UpdateStatement>().returning_list);
    case duckdb::StatementType::DELETE_STATEMENT:
      return NameAll(statement.Cast<duckdb::DeleteStatement>().returning_list);
    default:
      return;
  }
}

}  // namespace luma::sql
