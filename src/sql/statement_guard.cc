#include "sql/statement_guard.h"

namespace luma::sql {
namespace {

using duckdb::StatementType;

Status Refused(const char* what) { return Status::PermissionDenied(what, " is not allowed"); }

Status CheckChangeOf(const duckdb::TableRef& table) {
  if (table.type != duckdb::TableReferenceType::BASE_TABLE) return Status::Ok();
  return CheckChangeIn(table.Cast<duckdb::BaseTableRef>().schema_name);
}

Status CheckCreate(const duckdb::CreateInfo& info) {
  if (info.type == duckdb::CatalogType::SECRET_ENTRY) return Refused("CREATE SECRET");
  // CREATE SCHEMA IF NOT EXISTS changes nothing.
  return info.type == duckdb::CatalogType::SCHEMA_ENTRY ? Status::Ok() : CheckChangeIn(info.schema);
}

}  // namespace

Status CheckChangeIn(const std::string& schema) {
  for (const char* made_up : {"metrics", "luma_storage"}) {
    if (!duckdb::StringUtil::CIEquals(schema, made_up)) continue;
    return Status::PermissionDenied("permission denied for schema ", made_up);
  }
  return Status::Ok();
}

Status CheckAllowed(const duckdb::SQLStatement& statement) {
  switch (statement.type) {
    case StatementType::COPY_STATEMENT:
      return Refused("COPY from or to files");
    case StatementType::EXPORT_STATEMENT:
      return Refused("EXPORT and IMPORT DATABASE");
    case StatementType::ATTACH_STATEMENT:
      return Refused("ATTACH");
    case StatementType::DETACH_STATEMENT:
      return Refused("DETACH");
    case StatementType::LOAD_STATEMENT:
      return Refused("INSTALL and LOAD");
    case StatementType::COPY_DATABASE_STATEMENT:
      return Refused("COPY FROM DATABASE");
    case StatementType::UPDATE_EXTENSIONS_STATEMENT:
    case StatementType::EXTENSION_STATEMENT:
      return Refused("changing extensions");
    case StatementType::CREATE_STATEMENT:
      return CheckCreate(*statement.Cast<duckdb::CreateStatement>().info);
    case StatementType::DROP_STATEMENT:
      return CheckChangeIn(statement.Cast<duckdb::DropStatement>().info->schema);
    case StatementType::ALTER_STATEMENT:
      return CheckChangeIn(statement.Cast<duckdb::AlterStatement>().info->schema);
    case StatementType::INSERT_STATEMENT:
      return CheckChangeIn(statement.Cast<duckdb::InsertStatement>().schema);
    case StatementType::UPDATE_STATEMENT:
      return CheckChangeOf(*statement.Cast<duckdb::UpdateStatement>().table);
    case StatementType::DELETE_STATEMENT:
      return CheckChangeOf(*statement.Cast<duckdb::DeleteStatement>().table);
    case StatementType::MERGE_INTO_STATEMENT:
      return CheckChangeOf(*statement.Cast<duckdb::MergeIntoStatement>().target);
    case StatementType::EXPLAIN_STATEMENT:
      return CheckAllowed(*statement.Cast<duckdb::ExplainStatement>().stmt);
    case StatementType::PREPARE_STATEMENT:
      return CheckAllowed(*statement.Cast<duckdb::PrepareStatement>().statement);
    default:
      return Status::Ok();
  }
}

}  // namespace luma::sql
