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

using Expressions = duckdb::vector<duckdb::unique_ptr<ParsedExpression>>;

void AdaptOptional(duckdb::unique_ptr<ParsedExpression>& expression) {
  if (expression) AdaptExpression(expression);
}

void AdaptAll(Expressions& expressions) {
  for (auto& expression : expressions) AdaptOptional(expression);
}

void AdaptCtes(duckdb::CommonTableExpressionMap& ctes) {
  for (auto& [name, cte] : ctes.map) AdaptQuery(*cte->query->node);
}

void AdaptSet(duckdb::unique_ptr<duckdb::UpdateSetInfo>& set) {
  if (!set) return;
  AdaptOptional(set->condition);
  AdaptAll(set->expressions);
}

void AdaptInsert(duckdb::InsertStatement& insert) {
  AdaptCtes(insert.cte_map);
  if (insert.select_statement) AdaptQuery(*insert.select_statement->node);
  if (insert.on_conflict_info) {
    AdaptSet(insert.on_conflict_info->set_info);
    AdaptOptional(insert.on_conflict_info->condition);
  }
  AdaptAll(insert.returning_list);
}

void AdaptUpdate(duckdb::UpdateStatement& update) {
  AdaptCtes(update.cte_map);
  AdaptTables(update.from_table);
  AdaptSet(update.set_info);
  AdaptAll(update.returning_list);
}

void AdaptDelete(duckdb::DeleteStatement& statement) {
  AdaptCtes(statement.cte_map);
  for (auto& table : statement.using_clauses) AdaptTables(table);
  AdaptOptional(statement.condition);
  AdaptAll(statement.returning_list);
}

void AdaptMerge(duckdb::MergeIntoStatement& merge) {
  AdaptCtes(merge.cte_map);
  AdaptTables(merge.source);
  AdaptOptional(merge.join_condition);
  for (auto& [condition, actions] : merge.actions) {
    for (auto& action : actions) {
      AdaptOptional(action->condition);
      AdaptSet(action->update_info);
      AdaptAll(action->expressions);
    }
  }
  AdaptAll(merge.returning_list);
}

void AdaptMacro(duckdb::MacroFunction& macro) {
  if (macro.type == duckdb::MacroType::TABLE_MACRO) {
    AdaptQuery(*macro.Cast<duckdb::TableMacroFunction>().query_node);
  } else {
    AdaptOptional(macro.Cast<duckdb::ScalarMacroFunction>().expression);
  }
}

void AdaptCreate(duckdb::CreateInfo& info) {
  switch (info.type) {
    case duckdb::CatalogType::TABLE_ENTRY: {
      auto& query = info.Cast<duckdb::CreateTableInfo>().query;
      if (query) AdaptQuery(*query->node);
      return;
    }
    case duckdb::CatalogType::VIEW_ENTRY:
      return AdaptQuery(*info.Cast<duckdb::CreateViewInfo>().query->node);
    case duckdb::CatalogType::MACRO_ENTRY:
    case duckdb::CatalogType::TABLE_MACRO_ENTRY:
      for (auto& macro : info.Cast<duckdb::CreateMacroInfo>().macros) AdaptMacro(*macro);
      return;
    default:
      return;
  }
}

}  // namespace

void AdaptToPostgres(duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case duckdb::StatementType::SELECT_STATEMENT:
      return AdaptQuery(*statement.Cast<duckdb::SelectStatement>().node);
    case duckdb::StatementType::INSERT_STATEMENT:
      return AdaptInsert(statement.Cast<duckdb::InsertStatement>());
    case duckdb::StatementType::UPDATE_STATEMENT:
      return AdaptUpdate(statement.Cast<duckdb::UpdateStatement>());
    case duckdb::StatementType::DELETE_STATEMENT:
      return AdaptDelete(statement.Cast<duckdb::DeleteStatement>());
    case duckdb::StatementType::MERGE_INTO_STATEMENT:
      return AdaptMerge(statement.Cast<duckdb::MergeIntoStatement>());
    case duckdb::StatementType::CREATE_STATEMENT:
      return AdaptCreate(*statement.Cast<duckdb::CreateStatement>().info);
    case duckdb::StatementType::EXPLAIN_STATEMENT:
      return AdaptToPostgres(*statement.Cast<duckdb::ExplainStatement>().stmt);
    case duckdb::StatementType::PREPARE_STATEMENT:
      return AdaptToPostgres(*statement.Cast<duckdb::PrepareStatement>().statement);
    default:
      return;
  }
}

}  // namespace luma::sql
