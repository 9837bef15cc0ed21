#include "sql/division_functions.h"

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

using duckdb::DataChunk;
using duckdb::idx_t;
using duckdb::UnifiedVectorFormat;

template <typename T>
bool DividesByZero(const UnifiedVectorFormat& dividends, const UnifiedVectorFormat& divisors,
                   idx_t count) {
  const auto* values = UnifiedVectorFormat::GetData<T>(divisors);
  for (idx_t i = 0; i < count; ++i) {
    const idx_t index = divisors.sel->get_index(i);
    if (values[index] != T(0) || !divisors.validity.RowIsValid(index)) continue;
    if (dividends.validity.RowIsValid(dividends.sel->get_index(i))) return true;
  }
  return false;
}

bool DividesByZero(DataChunk& arguments) {
  UnifiedVectorFormat dividends;
  UnifiedVectorFormat divisors;
  arguments.data[0].ToUnifiedFormat(arguments.size(), dividends);
  arguments.data[1].ToUnifiedFormat(arguments.size(), divisors);
  const idx_t count = arguments.size();
  switch (arguments.data[1].GetType().InternalType()) {
    case duckdb::PhysicalType::INT8:
      return DividesByZero<int8_t>(dividends, divisors, count);
    case duckdb::PhysicalType::INT16:
      return DividesByZero<int16_t>(dividends, divisors, count);
    case duckdb::PhysicalType::INT32:
      return DividesByZero<int32_t>(dividends, divisors, count);
    case duckdb::PhysicalType::INT64:
      return DividesByZero<int64_t>(dividends, divisors, count);
    case duckdb::PhysicalType::INT128:
      return DividesByZero<duckdb::hugeint_t>(dividends, divisors, count);
    case duckdb::PhysicalType::UINT8:
      return DividesByZero<uint8_t>(dividends, divisors, count);
    case duckdb::PhysicalType::UINT16:
      return DividesByZero<uint16_t>(dividends, divisors, count);
    case duckdb::PhysicalType::UINT32:
      return DividesByZero<uint32_t>(dividends, divisors, count);
    case duckdb::PhysicalType::UINT64:
      return DividesByZero<uint64_t>(dividends, divisors, count);
    case duckdb::PhysicalType::FLOAT:
      return DividesByZero<float>(dividends, divisors, count);
    case duckdb::PhysicalType::DOUBLE:
      return DividesByZero<double>(dividends, divisors, count);
    default:
      return false;
  }
}

duckdb::scalar_function_t Checked(duckdb::scalar_function_t divide) {
  return [divide = std::move(divide)](DataChunk& arguments, duckdb::ExpressionState& state,
                                      duckdb::Vector& result) {
    if (DividesByZero(arguments)) {
      ThrowStatus(Status::InvalidArgument("division by zero").WithSqlState("22012"));
    }
    divide(arguments, state, result);
  };
}

}  // namespace

void MakeDivisionByZeroAnError(duckdb::DatabaseInstance& database) {
  duckdb::Connection connection(database);
  auto& context = *connection.context;
  auto& catalog = duckdb::Catalog::GetSystemCatalog(context);
  for (const char* name : {"/", "//", "%", "divide", "mod"}) {
    context.RunFunctionInTransaction([&] {
      const auto entry = catalog.GetEntry<duckdb::ScalarFunctionCatalogEntry>(
          context, DEFAULT_SCHEMA, name, duckdb::OnEntryNotFound::RETURN_NULL);
      if (!entry) return;
      duckdb::ScalarFunctionSet functions(name);
      for (duckdb::ScalarFunction function : entry->functions.functions) {
        // A function with a bind step (decimals) chooses its implementation there.
        const bool is_plain = function.arguments.size() == 2 && function.function &&
                              function.bind == nullptr && function.arguments[0].IsNumeric();
        if (is_plain) function.function = Checked(function.function);
        functions.AddFunction(std::move(function));
      }
      duckdb::CreateScalarFunctionInfo info(std::move(functions));
      info.internal = true;
      info.on_conflict = duckdb::OnCreateConflict::REPLACE_ON_CONFLICT;
      catalog.CreateFunction(duckdb::CatalogTransaction::GetSystemTransaction(database), info);
    });
  }
}

}  // namespace luma::sql
