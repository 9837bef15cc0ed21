#include "sql/builtin_functions.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <thread>

#include "sql/division_functions.h"
#include "sql/duckdb_boundary.h"
#include "sql/label_functions.h"
#include "sql/postgres_catalog.h"
#include "sql/promql_function.h"
#include "sql/sequence_functions.h"
#include "sql/session_settings.h"
#include "sql/session_state.h"
#include "sql/size_guards.h"
#include "sql/store_relations.h"

namespace luma::sql {
namespace {

using duckdb::ClientContext;
using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::ScalarFunction;
using duckdb::Value;
using duckdb::Vector;

constexpr const char* kVersionText = "PostgreSQL 15.8 (LumaDB 0.1.0)";

// Functions that read or write files and server logs wherever the caller says, or take addresses.
// That external access is off does not suffice: it leaves the directory of spill files readable,
// where the rows of other sessions lie.
constexpr const char* kRemovedTableFunctions[] = {"enable_logging",
                                                  "disable_logging",
                                                  "truncate_duckdb_logs",
                                                  "glob",
                                                  "read_blob",
                                                  "read_text",
                                                  "read_csv",
                                                  "read_csv_auto",
                                                  "sniff_csv",
                                                  "read_json",
                                                  "read_json_auto",
                                                  "read_json_objects",
                                                  "read_json_objects_auto",
                                                  "read_ndjson",
                                                  "read_ndjson_auto",
                                                  "read_ndjson_objects",
                                                  "read_parquet",
                                                  "parquet_scan",
                                                  "parquet_bloom_probe",
                                                  "parquet_file_metadata",
                                                  "parquet_kv_metadata",
                                                  "parquet_metadata",
                                                  "parquet_schema",
                                                  "arrow_scan",
                                                  "arrow_scan_dumb"};

void Version(DataChunk&, ExpressionState&, Vector& result) {
  result.Reference(Value(kVersionText));
}

void BackendPid(DataChunk&, ExpressionState& state, Vector& result) {
  const SessionState* session = SessionState::Find(state.GetContext());
  result.Reference(Value::INTEGER(session == nullptr ? 0 : session->options.backend_pid));
}

void User(DataChunk&, ExpressionState& state, Vector& result) {
  const SessionState* session = SessionState::Find(state.GetContext());
  result.Reference(Value(session == nullptr ? "" : session->options.user));
}

void IsInRecovery(DataChunk&, ExpressionState&, Vector& result) {
  result.Reference(Value::BOOLEAN(false));
}

void Sleep(ClientContext& context, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                      std::chrono::duration<double>(seconds));
  while (Clock::now() < end) {
    if (context.interrupted) throw duckdb::InterruptException();
    std::this_thread::sleep_for(
        std::min<Clock::duration>(end - Clock::now(), std::chrono::milliseconds(10)));
  }
}

void PgSleep(DataChunk& arguments, ExpressionState& state, Vector& result) {
  for (duckdb::idx_t i = 0; i < arguments.size(); ++i) {
    const Value seconds = arguments.GetValue(0, i);
    if (!seconds.IsNull()) Sleep(state.GetContext(), seconds.GetValue<double>());
  }
  result.Reference(Value(""));
}

void TransactionId(DataChunk&, ExpressionState& state, Vector& result) {
  const auto& transaction = duckdb::MetaTransaction::Get(state.GetContext());
  result.Reference(Value::BIGINT(static_cast<int64_t>(transaction.global_transaction_id)));
}

// set_config(name, value, is_local): for the session, whatever is_local says.
void SetConfig(DataChunk& arguments, ExpressionState& state, Vector& result) {
  for (duckdb::idx_t i = 0; i < arguments.size(); ++i) {
    const Value name = arguments.GetValue(0, i);
    const Value value = arguments.GetValue(1, i);
    if (!name.IsNull()) {
      std::optional<std::string> text;
      if (!value.IsNull()) text = value.ToString();
      ThrowIfError(ChangeSettingInQuery(state.GetContext(), name.ToString(), text));
    }
    result.SetValue(i, value);
  }
}

ScalarFunction Volatile(ScalarFunction function) {
  function.stability = duckdb::FunctionStability::VOLATILE;
  return function;
}

ScalarFunction PerQuery(ScalarFunction function) {
  function.stability = duckdb::FunctionStability::CONSISTENT_WITHIN_QUERY;
  return function;
}

class Registrar {
 public:
  explicit Registrar(duckdb::DatabaseInstance& database)
      : catalog_(duckdb::Catalog::GetSystemCatalog(database)),
        transaction_(duckdb::CatalogTransaction::GetSystemTransaction(database)) {}

  void Add(duckdb::ScalarFunctionSet functions) {
    duckdb::CreateScalarFunctionInfo info(std::move(functions));
    info.internal = true;
    info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
    catalog_.CreateFunction(transaction_, info);
  }
  void Add(ScalarFunction function) {
    duckdb::ScalarFunctionSet set(function.name);
    set.AddFunction(std::move(function));
    Add(std::move(set));
  }

  void Add(duckdb::TableFunction function) {
    duckdb::TableFunctionSet set(function.name);
    set.AddFunction(std::move(function));
    Add(std::move(set));
  }
  void Add(duckdb::TableFunctionSet functions) {
    duckdb::CreateTableFunctionInfo info(std::move(functions));
    info.internal = true;
    info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
    catalog_.CreateTableFunction(transaction_, info);
  }

  void AddType(const std::string& name, const LogicalType& type) {
    duckdb::CreateTypeInfo info(name, type);
    info.internal = true;
    info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
    catalog_.CreateType(transaction_, info);
  }

 private:
  duckdb::Catalog& catalog_;
  duckdb::CatalogTransaction transaction_;
};

void RemoveTableFunctions(duckdb::DatabaseInstance& database) {
  duckdb::Connection connection(database);
  auto& context = *connection.context;
  context.RunFunctionInTransaction([&] {
    for (const char* name : kRemovedTableFunctions) {
      duckdb::DropInfo info;
      info.type = duckdb::CatalogType::TABLE_FUNCTION_ENTRY;
      info.schema = DEFAULT_SCHEMA;
      info.name = name;
      info.if_not_found = duckdb::OnEntryNotFound::RETURN_NULL;
      info.allow_drop_internal = true;
      duckdb::Catalog::GetSystemCatalog(context).DropEntry(context, info);
    }
  });
}

}  // namespace

void RegisterBuiltinFunctions(duckdb::DatabaseInstance& database) {
  Registrar registrar(database);
  for (auto& functions : SequenceFunctions()) registrar.Add(std::move(functions));
  for (auto& functions : LabelFunctions()) registrar.Add(std::move(functions));
  for (auto& function : StoreFunctions()) registrar.Add(std::move(function));
  registrar.Add(PromqlFunctions());
  registrar.Add(ScalarFunction("version", {}, LogicalType::VARCHAR, Version));
  registrar.Add(PerQuery(ScalarFunction("pg_backend_pid", {}, LogicalType::INTEGER, BackendPid)));
  for (const char* name : {"current_user", "session_user", "current_role", "user"}) {
    registrar.Add(PerQuery(ScalarFunction(name, {}, LogicalType::VARCHAR, User)));
  }
  registrar.Add(ScalarFunction("pg_is_in_recovery", {}, LogicalType::BOOLEAN, IsInRecovery));
  registrar.Add(
      Volatile(ScalarFunction("pg_sleep", {LogicalType::DOUBLE}, LogicalType::VARCHAR, PgSleep)));
  registrar.Add(Volatile(ScalarFunction(
      "set_config", {LogicalType::VARCHAR, LogicalType::VARCHAR, LogicalType::BOOLEAN},
      LogicalType::VARCHAR, SetConfig)));
  registrar.Add(PerQuery(ScalarFunction("txid_current", {}, LogicalType::BIGINT, TransactionId)));
  registrar.AddType("jsonb", LogicalType::JSON());
  RemoveTableFunctions(database);
  RegisterPostgresCatalog(database);
  MakeDivisionByZeroAnError(database);
  GuardSizesOfResults(database);
}

}  // namespace luma::sql
