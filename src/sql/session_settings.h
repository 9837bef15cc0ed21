// Session settings: PostgreSQL's that clients read and write, and those of DuckDB's that are safe
// to change. SQL SET itself is locked (duckdb_instance.cc); these go around the lock for a fixed
// list.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "sql/duckdb_headers.h"

namespace luma::sql {

// Makes PostgreSQL's settings known to the instance, with their defaults. Throws.
void RegisterPostgresSettings(duckdb::DBConfig& config);

// `value` as written, without quotes; nullopt restores the default. Errors: kNotFound for unknown
// settings, kPermissionDenied for those a client may not change, kInvalidArgument.
Status ChangeSetting(duckdb::ClientContext& context, const std::string& name,
                     const std::optional<std::string>& value);
// The same from a function that a query calls, within the query's transaction.
Status ChangeSettingInQuery(duckdb::ClientContext& context, const std::string& name,
                            const std::optional<std::string>& value);
// nullopt when there is no such setting.
std::optional<std::string> ReadSetting(duckdb::ClientContext& context, const std::string& name);
bool IsOn(std::string_view value);  // of a boolean setting
// What SET has changed, to carry it over to another connection.
struct SavedSettings {
  std::map<std::string, std::string> duckdb;
  duckdb::case_insensitive_map_t<duckdb::Value> variables;  // PostgreSQL's and custom ones
  duckdb::vector<duckdb::CatalogSearchEntry> search_path;
};
SavedSettings SaveSettings(duckdb::ClientContext& context);
// On a connection without a transaction. Throws.
void RestoreSettings(duckdb::ClientContext& context, SavedSettings saved);
// Every session setting back to its default.
void ResetSettings(duckdb::ClientContext& context);

// Milliseconds of "5s", "250ms", "1min" or a plain number of milliseconds.
Result<int64_t> ParseTimeout(std::string_view text);

}  // namespace luma::sql
