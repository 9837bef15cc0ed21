#include "sql/postgres_catalog.h"

#include <string>

#include "sql/duckdb_headers.h"

namespace luma::sql {
namespace {

constexpr const char* kCatalogSchema = "pg_catalog";

// Every object belongs to the one user. The operators come from RewritePostgres: DuckDB reads ~ as
// a match of the whole text, PostgreSQL as a match anywhere.
constexpr const char* kMacros[] = {
    "pg_get_userbyid(role) AS current_user",
    "pg_encoding_to_char(code) AS 'UTF8'",
    "pg_get_function_result(f) AS NULL::VARCHAR",
    "pg_get_function_arguments(f) AS NULL::VARCHAR",
    "array_to_string(a, separator) AS list_aggr(a::VARCHAR[], 'string_agg', separator)",
    "\"@~\"(a, b) AS regexp_matches(a, b)",
    "\"!@~\"(a, b) AS NOT regexp_matches(a, b)",
    "\"~*\"(a, b) AS regexp_matches(a, b, 'i')",
    "\"!~*\"(a, b) AS NOT regexp_matches(a, b, 'i')",
};

struct CatalogView {
  const char* name;
  const char* query;
};
constexpr CatalogView kViews[] = {
    {"pg_database",
     "SELECT 1::BIGINT AS oid, current_database() AS datname, 10::BIGINT AS datdba, 6 AS encoding, "
     "'c' AS datlocprovider, false AS datistemplate, true AS datallowconn, -1 AS datconnlimit, "
     "0::BIGINT AS dattablespace, 'C' AS datcollate, 'C' AS datctype, NULL::VARCHAR AS "
     "daticulocale, NULL::VARCHAR AS datcollversion, NULL::VARCHAR[] AS datacl"},
    {"pg_roles",
     "SELECT 10::BIGINT AS oid, current_user AS rolname, true AS rolsuper, true AS rolinherit, "
     "true AS rolcreaterole, true AS rolcreatedb, true AS rolcanlogin, false AS rolreplication, "
     "-1 AS rolconnlimit, '********' AS rolpassword, NULL::TIMESTAMPTZ AS rolvaliduntil, true AS "
     "rolbypassrls, NULL::VARCHAR[] AS rolconfig"},
    {"pg_user",
     "SELECT rolname AS usename, oid AS usesysid, rolcreatedb AS usecreatedb, rolsuper AS "
     "usesuper, rolreplication AS userepl, rolbypassrls AS usebypassrls, rolpassword AS passwd, "
     "rolvaliduntil AS valuntil, rolconfig AS useconfig FROM pg_catalog.pg_roles"},
    {"pg_auth_members",
     "SELECT 0::BIGINT AS roleid, 0::BIGINT AS member, 0::BIGINT AS grantor, false AS admin_option "
     "WHERE false"},
};

void AddMacro(duckdb::Catalog& catalog, duckdb::CatalogTransaction transaction,
              const std::string& macro) {
  duckdb::Parser parser;
  parser.ParseQuery("CREATE MACRO pg_catalog." + macro);
  auto& info = parser.statements[0]->Cast<duckdb::CreateStatement>().info;
  info->catalog = SYSTEM_CATALOG;
  info->internal = true;
  info->on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
  catalog.CreateFunction(transaction, info->Cast<duckdb::CreateFunctionInfo>());
}

void AddView(duckdb::ClientContext& context, duckdb::Catalog& catalog,
             duckdb::CatalogTransaction transaction, const CatalogView& view) {
  auto info = duckdb::make_uniq<duckdb::CreateViewInfo>();
  info->schema = kCatalogSchema;
  info->view_name = view.name;
  info->sql = view.query;
  info->temporary = true;
  info->internal = true;
  info->on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
  info = duckdb::CreateViewInfo::FromSelect(context, std::move(info));
  catalog.CreateView(transaction, catalog.GetSchema(transaction, kCatalogSchema), *info);
}

}  // namespace

void RegisterPostgresCatalog(duckdb::DatabaseInstance& database) {
  duckdb::Connection connection(database);
  auto& context = *connection.context;
  auto& catalog = duckdb::Catalog::GetSystemCatalog(context);
  context.RunFunctionInTransaction([&] {
    const auto transaction = duckdb::CatalogTransaction::GetSystemTransaction(database);
    for (const char* macro : kMacros) AddMacro(catalog, transaction, macro);
    for (const CatalogView& view : kViews) AddView(context, catalog, transaction, view);
  });
}

}  // namespace luma::sql
