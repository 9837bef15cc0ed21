#include "sql/statement_guard.h"

namespace luma::sql {
namespace {

using duckdb::StatementType;

Status Refused(const char* what) { return Status::PermissionDenied(what, " is not allowed"); }

}  // namespace

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
    case StatementType::CREATE_STATEMENT: {
      const auto& info = *statement.Cast<duckdb::CreateStatement>().info;
      return info.type == duckdb::CatalogType::SECRET_ENTRY ? Refused("CREATE SECRET")
                                                            : Status::Ok();
    }
    case StatementType::EXPLAIN_STATEMENT:
      return CheckAllowed(*statement.Cast<duckdb::ExplainStatement>().stmt);
    case StatementType::PREPARE_STATEMENT:
      return CheckAllowed(*statement.Cast<duckdb::PrepareStatement>().statement);
    default:
      return Status::Ok();
  }
}

}  // namespace luma::sql
