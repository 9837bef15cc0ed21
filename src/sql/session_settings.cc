#include "sql/session_settings.h"

#include <algorithm>
#include <charconv>

#include "sql/duckdb_boundary.h"
#include "sql/luma_catalog.h"

namespace luma::sql {
namespace {

using duckdb::ClientContext;
using duckdb::StringUtil;

struct PostgresSetting {
  const char* name;
  const char* default_value;
  bool read_only = false;
};

constexpr PostgresSetting kPostgresSettings[] = {
    {"server_version", "15.8", true},
    {"server_version_num", "150008", true},
    {"server_encoding", "UTF8", true},
    {"max_identifier_length", "63", true},
    {"integer_datetimes", "on", true},
    {"is_superuser", "on", true},
    {"client_encoding", "UTF8"},
    {"datestyle", "ISO, MDY"},
    {"intervalstyle", "postgres"},
    {"standard_conforming_strings", "on"},
    {"extra_float_digits", "1"},
    {"application_name", ""},
    {"bytea_output", "hex"},
    {"client_min_messages", "notice"},
    {"session_authorization", "luma"},
    {"transaction_isolation", "repeatable read"},
    {"default_transaction_isolation", "repeatable read"},
    {"transaction_read_only", "off"},
    {"default_transaction_read_only", "off"},
    {"default_transaction_deferrable", "off"},
    {"transaction_deferrable", "off"},
    {"statement_timeout", "0"},
    {"lock_timeout", "0"},
    {"idle_in_transaction_session_timeout", "0"},
    {"row_security", "off"},
    {"synchronous_commit", "on"},
    {"escape_string_warning", "on"},
    {"check_function_bodies", "on"},
    {"default_tablespace", ""},
    {"default_table_access_method", "heap"},
    {"xmloption", "content"},
    {"work_mem", "4MB"},
    {"jit", "off"},
};

// DuckDB's own settings that touch nothing but the meaning or the plan of the session's queries.
// Not among them: max_expression_depth, which keeps recursive macros from overflowing the stack.
constexpr const char* kDuckDbSettings[] = {
    "default_collation",
    "default_null_order",
    "default_order",
    "dynamic_or_filter_threshold",
    "explain_output",
    "ieee_floating_point_ops",
    "immediate_transaction_mode",
    "integer_division",
    "lambda_syntax",
    "late_materialization_max_rows",
    "merge_join_threshold",
    "nested_loop_join_threshold",
    "null_order",
    "old_implicit_casting",
    "order_by_non_integer_literal",
    "ordered_aggregate_threshold",
    "perfect_ht_threshold",
    "pivot_filter_threshold",
    "pivot_limit",
    "prefer_range_joins",
    "preserve_insertion_order",
    "scalar_subquery_error_on_multiple_rows",
};

const PostgresSetting* FindPostgres(const std::string& name) {
  const auto* found = std::ranges::find_if(kPostgresSettings, [&](const PostgresSetting& setting) {
    return StringUtil::CIEquals(setting.name, name);
  });
  return found == std::end(kPostgresSettings) ? nullptr : found;
}

bool IsDuckDbSetting(const std::string& name) {
  return std::ranges::any_of(
      kDuckDbSettings, [&](const char* setting) { return StringUtil::CIEquals(setting, name); });
}

bool IsSearchPath(const std::string& name) {
  return StringUtil::CIEquals(name, "search_path") || StringUtil::CIEquals(name, "schema");
}

Status UnknownSetting(const std::string& name) {
  return Status::NotFound("unrecognized configuration parameter \"", name, "\"");
}

duckdb::CatalogSearchPath& SearchPathOf(ClientContext& context) {
  return *duckdb::ClientData::Get(context).catalog_search_path;
}

void ResetSearchPath(ClientContext& context) {
  SearchPathOf(context).Set({duckdb::CatalogSearchEntry(kDatabaseName, kDefaultSchemaName)},
                            duckdb::CatalogSetPathType::SET_DIRECTLY);
}

// As in PostgreSQL, names of schemas that do not exist are skipped; "$user" is one.
void SetSearchPath(ClientContext& context, const std::string& value) {
  duckdb::vector<duckdb::CatalogSearchEntry> entries;
  for (const std::string& part : StringUtil::Split(value, ',')) {
    std::string name = part;
    StringUtil::Trim(name);
    if (name.size() > 1 && name.front() == '"') name = name.substr(1, name.size() - 2);
    auto schema = duckdb::Catalog::GetSchema(context, kDatabaseName, name,
                                             duckdb::OnEntryNotFound::RETURN_NULL);
    if (schema) entries.emplace_back(kDatabaseName, schema->name);
  }
  if (entries.empty()) return ResetSearchPath(context);
  SearchPathOf(context).Set(std::move(entries), duckdb::CatalogSetPathType::SET_DIRECTLY);
}

std::string SearchPathText(ClientContext& context) {
  std::string text;
  for (const auto& entry : SearchPathOf(context).GetSetPaths()) {
    text += (text.empty() ? "" : ", ") + entry.schema;
  }
  return text;
}

void SetExtensionSetting(ClientContext& context, const std::string& name,
                         const std::string& value) {
  auto& options = duckdb::DBConfig::GetConfig(context).extension_parameters;
  const auto found = options.find(name);
  duckdb::PhysicalSet::SetExtensionVariable(context, found->second, found->first,
                                            duckdb::SetScope::SESSION, duckdb::Value(value));
}

void SetDuckDbSetting(ClientContext& context, const std::string& name, const std::string& value) {
  const auto option = duckdb::DBConfig::GetOptionByName(name);
  const auto typed = duckdb::Value(value).CastAs(
      context, duckdb::DBConfig::ParseLogicalType(option->parameter_type));
  if (option->set_local) return option->set_local(context, typed);
  if (option->set_callback) {
    duckdb::SettingCallbackInfo info(context, duckdb::SetScope::SESSION);
    auto checked = typed;
    option->set_callback(info, checked);
    duckdb::PhysicalSet::SetGenericVariable(context, option->name, duckdb::SetScope::SESSION,
                                            std::move(checked));
    return;
  }
  duckdb::PhysicalSet::SetGenericVariable(context, option->name, duckdb::SetScope::SESSION, typed);
}

void ResetOne(ClientContext& context, const std::string& name) {
  if (IsSearchPath(name)) return ResetSearchPath(context);
  auto& variables = duckdb::ClientConfig::GetConfig(context).set_variables;
  variables.erase(name);
  const auto option = duckdb::DBConfig::GetOptionByName(name);
  if (option && option->reset_local) option->reset_local(context);
}

}  // namespace

void RegisterPostgresSettings(duckdb::DBConfig& config) {
  for (const PostgresSetting& setting : kPostgresSettings) {
    config.AddExtensionOption(setting.name, "PostgreSQL setting", duckdb::LogicalType::VARCHAR,
                              duckdb::Value(setting.default_value));
  }
}

Status ChangeSetting(ClientContext& context, const std::string& name,
                     const std::optional<std::string>& value) {
  return CallDuckDb([&] {
    Status status;
    context.RunFunctionInTransaction([&] { status = ChangeSettingInQuery(context, name, value); });
    return status;
  });
}

Status ChangeSettingInQuery(ClientContext& context, const std::string& name,
                            const std::optional<std::string>& value) {
  const PostgresSetting* postgres = FindPostgres(name);
  if (postgres != nullptr && postgres->read_only) {
    return Status::PermissionDenied("parameter \"", name, "\" cannot be changed")
        .WithSqlState("55P02");
  }
  const bool is_custom = name.find('.') != std::string::npos;  // myapp.user_id
  const bool is_time_zone = StringUtil::CIEquals(name, "timezone");
  const bool is_duckdb = IsDuckDbSetting(name);
  if (postgres == nullptr && !is_custom && !is_time_zone && !is_duckdb && !IsSearchPath(name)) {
    if (!duckdb::DBConfig::GetOptionByName(name)) return UnknownSetting(name);
    return Status::PermissionDenied("a client cannot change this setting: name=", name);
  }
  return CallDuckDb([&] {
    if (!value) return ResetOne(context, name);
    if (IsSearchPath(name)) return SetSearchPath(context, *value);
    if (is_duckdb) return SetDuckDbSetting(context, name, *value);
    if (is_custom) {
      return duckdb::PhysicalSet::SetGenericVariable(context, name, duckdb::SetScope::SESSION,
                                                     duckdb::Value(*value));
    }
    SetExtensionSetting(context, name, *value);
  });
}

std::optional<std::string> ReadSetting(ClientContext& context, const std::string& name) {
  if (StringUtil::CIEquals(name, "search_path")) return SearchPathText(context);
  duckdb::Value value;
  if (!context.TryGetCurrentSetting(name, value)) return std::nullopt;
  return value.ToString();
}

bool IsOn(std::string_view value) {
  for (const char* word : {"on", "true", "yes", "1", "t", "y"}) {
    if (StringUtil::CIEquals(std::string(value), word)) return true;
  }
  return false;
}

SavedSettings SaveSettings(ClientContext& context) {
  SavedSettings saved;
  for (const char* name : kDuckDbSettings) {
    if (const auto value = ReadSetting(context, name)) saved.duckdb.emplace(name, *value);
  }
  saved.variables = duckdb::ClientConfig::GetConfig(context).set_variables;
  saved.search_path = SearchPathOf(context).GetSetPaths();
  return saved;
}

void RestoreSettings(ClientContext& context, SavedSettings saved) {
  context.RunFunctionInTransaction([&] {
    for (const auto& [name, value] : saved.duckdb) {
      if (ReadSetting(context, name) != value) SetDuckDbSetting(context, name, value);
    }
    duckdb::ClientConfig::GetConfig(context).set_variables = std::move(saved.variables);
    SearchPathOf(context).Set(std::move(saved.search_path),
                              duckdb::CatalogSetPathType::SET_DIRECTLY);
  });
}

void ResetSettings(ClientContext& context) {
  duckdb::ClientConfig::GetConfig(context).set_variables.clear();
  for (const char* name : kDuckDbSettings) ResetOne(context, name);
  ResetSearchPath(context);
}

Result<int64_t> ParseTimeout(std::string_view text) {
  int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string unit(parsed.ptr, text.data() + text.size());
  StringUtil::Trim(unit);
  if (parsed.ec == std::errc() && number >= 0) {
    if (unit.empty() || unit == "ms") return number;
    if (unit == "s") return number * 1000;
    if (unit == "min") return number * 60'000;
    if (unit == "h") return number * 3'600'000;
  }
  return Status::InvalidArgument("invalid value for parameter \"statement_timeout\": \"", text,
                                 "\"");
}

}  // namespace luma::sql
