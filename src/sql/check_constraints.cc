#include "sql/check_constraints.h"

#include "sql/duckdb_boundary.h"

namespace luma::sql {
namespace {

Status Violation(const LumaTableEntry& table, const CheckConstraint& check) {
  return Status::CheckViolation("new row for relation \"", table.name,
                                "\" violates check constraint \"", check.name,
                                "\": ", check.expression_sql);
}

// The binder casts the condition to INTEGER; null passes, as SQL says.
bool AnyZero(duckdb::Vector& result, duckdb::idx_t count) {
  duckdb::UnifiedVectorFormat format;
  result.ToUnifiedFormat(count, format);
  const auto* values = duckdb::UnifiedVectorFormat::GetData<int32_t>(format);
  for (duckdb::idx_t i = 0; i < count; ++i) {
    const auto index = format.sel->get_index(i);
    if (format.validity.RowIsValid(index) && values[index] == 0) return true;
  }
  return false;
}

}  // namespace

CheckConstraints::CheckConstraints(duckdb::ClientContext& context, const LumaTableEntry& table,
                                   const BoundConstraints& constraints)
    : table_(table) {
  for (const auto& constraint : constraints) {
    if (constraint->type != duckdb::ConstraintType::CHECK) continue;
    const auto& check = constraint->Cast<duckdb::BoundCheckConstraint>();
    // Bound constraints come in the order in which table_definition.cc lists them.
    checks_.push_back({duckdb::make_uniq<duckdb::ExpressionExecutor>(context, *check.expression),
                       &table.table_schema().checks[checks_.size()]});
  }
}

void CheckConstraints::Verify(duckdb::DataChunk& rows) {
  for (Check& check : checks_) {
    duckdb::Vector result(duckdb::LogicalType::INTEGER, rows.size());
    check.executor->ExecuteExpression(rows, result);
    if (AnyZero(result, rows.size())) ThrowStatus(Violation(table_, *check.definition));
  }
}

}  // namespace luma::sql
