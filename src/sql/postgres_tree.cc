#include "sql/postgres_tree.h"

#include "sql/promql_call.h"

namespace luma::sql {
namespace {

using duckdb::ExpressionClass;
using duckdb::ParsedExpression;
using duckdb::ParsedExpressionIterator;
using duckdb::QueryNode;
using duckdb::TableRef;
using duckdb::TableReferenceType;

void AdaptQuery(QueryNode& node);

void AdaptExpression(duckdb::unique_ptr<ParsedExpression>& expression) {
  if (expression->GetExpressionClass() == ExpressionClass::SUBQUERY) {
    AdaptQuery(*expression->Cast<duckdb::SubqueryExpression>().subquery->node);
  }
  ParsedExpressionIterator::EnumerateChildren(*expression, AdaptExpression);
}

bool IsSeries(const duckdb::TableFunctionRef& reference) {
  if (reference.function->GetExpressionClass() != ExpressionClass::FUNCTION) return false;
  return reference.function->Cast<duckdb::FunctionExpression>().function_name == "generate_series";
}

// The walk over a query calls this for every table, those of its subqueries in FROM included.
void AdaptTable(TableRef& table) {
  if (table.type != TableReferenceType::TABLE_FUNCTION) return;
  auto& function = table.Cast<duckdb::TableFunctionRef>();
  AdaptPromqlCall(function);
  if (!table.alias.empty() && IsSeries(function) && function.column_name_alias.empty()) {
    function.column_name_alias.push_back(function.alias);
  }
}

void AdaptQuery(QueryNode& node) {
  ParsedExpressionIterator::EnumerateQueryNodeChildren(node, AdaptExpression, AdaptTable);
}

void AdaptTables(duckdb::unique_ptr<TableRef>& table) {
  if (!table) return;
  ParsedExpressionIterator::EnumerateTableRefChildren(*table, AdaptExpression, AdaptTable);
}

}  // namespace

void AdaptToPostgres(duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT:
      return AdaptQuery(*statement.Cast<duckdb::SelectStatement>().node);
    case duckdb::StatementType::INSERT_STATEMENT: {
      auto& insert = statement.Cast<duckdb::InsertStatement>();
      if (insert.select_statement) AdaptQuery(*insert.select_statement->node);
      return;
    }
    case duckdb::StatementType::UPDATE_STATEMENT:
      return AdaptTables(statement.Cast<duckdb::UpdateStatement>().from_table);
    case duckdb::StatementType::DELETE_STATEMENT:
      for (auto& table : statement.Cast<duckdb::DeleteStatement>().using_clauses) {
        AdaptTables(table);
      }
      return;
    case duckdb::StatementType::CREATE_STATEMENT: {
      auto& info = *statement.Cast<duckdb::CreateStatement>().info;
      if (info.type == duckdb::CatalogType::TABLE_ENTRY) {
        auto& query = info.Cast<duckdb::CreateTableInfo>().query;
        if (query) AdaptQuery(*query->node);
      } else if (info.type == duckdb::CatalogType::VIEW_ENTRY) {
        AdaptQuery(*info.Cast<duckdb::CreateViewInfo>().query->node);
      }
      return;
    }
    case duckdb::StatementType::EXPLAIN_STATEMENT:
      return AdaptToPostgres(*statement.Cast<duckdb::ExplainStatement>().stmt);
    case duckdb::StatementType::PREPARE_STATEMENT:
      return AdaptToPostgres(*statement.Cast<duckdb::PrepareStatement>().statement);
    default:
      return;
  }
}

}  // namespace luma::sql
