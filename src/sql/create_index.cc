// CREATE INDEX and ALTER TABLE ADD PRIMARY KEY. The engine finds rows by zone maps and by its
// unique keys, so a plain index is a name that is kept, and a unique one a constraint.
#include <functional>

#include "sql/alter_table.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_catalog.h"
#include "sql/luma_schema_entry.h"
#include "sql/luma_table_entry.h"

namespace luma::sql {
namespace {

// A plan that is one call.
class PhysicalAction final : public duckdb::PhysicalOperator {
 public:
  PhysicalAction(duckdb::PhysicalPlan& plan, std::function<void(duckdb::ClientContext&)> action)
      : PhysicalOperator(plan, duckdb::PhysicalOperatorType::EXTENSION,
                         {duckdb::LogicalType::BIGINT}, 1),
        action_(std::move(action)) {}
  bool IsSource() const override { return true; }
  duckdb::SourceResultType GetData(duckdb::ExecutionContext& context, duckdb::DataChunk&,
                                   duckdb::OperatorSourceInput&) const override {
    action_(context.client);
    return duckdb::SourceResultType::FINISHED;
  }

 private:
  std::function<void(duckdb::ClientContext&)> action_;
};

class LogicalAction final : public duckdb::LogicalExtensionOperator {
 public:
  explicit LogicalAction(std::function<void(duckdb::ClientContext&)> action)
      : action_(std::move(action)) {}
  duckdb::PhysicalOperator& CreatePlan(duckdb::ClientContext&,
                                       duckdb::PhysicalPlanGenerator& planner) override {
    return planner.Make<PhysicalAction>(action_);
  }

 protected:
  void ResolveTypes() override { types = {duckdb::LogicalType::BIGINT}; }

 private:
  std::function<void(duckdb::ClientContext&)> action_;
};

std::vector<std::string> PlainColumns(const duckdb::CreateIndexInfo& info) {
  std::vector<std::string> columns;
  for (const auto& expression : info.parsed_expressions) {
    if (expression->GetExpressionClass() != duckdb::ExpressionClass::COLUMN_REF) {
      ThrowStatus(Status::Unsupported("a unique index must be on columns, not expressions: index=",
                                      info.index_name));
    }
    columns.push_back(expression->Cast<duckdb::ColumnRefExpression>().GetColumnName());
  }
  return columns;
}

void CheckColumnsExist(const duckdb::CreateIndexInfo& info,
                       const duckdb::TableCatalogEntry& table) {
  for (const auto& expression : info.parsed_expressions) {
    duckdb::ParsedExpressionIterator::VisitExpression<duckdb::ColumnRefExpression>(
        *expression, [&](const duckdb::ColumnRefExpression& reference) {
          if (table.ColumnExists(reference.GetColumnName())) return;
          ThrowStatus(Status::NotFound("column \"", reference.GetColumnName(), "\" does not exist")
                          .WithSqlState("42703"));
        });
  }
}

bool ExistsAlready(duckdb::ClientContext& context, LumaTableEntry& table,
                   const duckdb::CreateIndexInfo& info) {
  const auto existing =
      LumaTransaction::Get(context, table.catalog)
          .Find(ObjectIdOf(table.schema), storage::NameSpace::kRelation, info.index_name);
  if (!existing) return false;
  if (info.on_conflict == duckdb::OnCreateConflict::IGNORE_ON_CONFLICT) return true;
  throw duckdb::CatalogException::EntryAlreadyExists(duckdb::CatalogType::INDEX_ENTRY,
                                                     info.index_name);
}

void CreateIndexOn(duckdb::ClientContext& context, LumaTableEntry& table,
                   duckdb::CreateIndexInfo& info) {
  if (ExistsAlready(context, table, info)) return;
  CheckColumnsExist(info, table);
  if (info.constraint_type == duckdb::IndexConstraintType::UNIQUE) {
    AddUniqueConstraint(context, table.catalog.Cast<LumaCatalog>(), table.id(), PlainColumns(info),
                        /*is_primary_key=*/false, info.index_name);
  }
  table.schema.CreateIndex(context, info, table);
}

}  // namespace

duckdb::unique_ptr<duckdb::LogicalOperator> LumaCatalog::BindCreateIndex(
    duckdb::Binder&, duckdb::CreateStatement& stmt, duckdb::TableCatalogEntry& table,
    duckdb::unique_ptr<duckdb::LogicalOperator>) {
  const std::shared_ptr<duckdb::CreateInfo> info(stmt.info.release());
  auto& luma_table = table.Cast<LumaTableEntry>();
  return duckdb::make_uniq<LogicalAction>([info, &luma_table](duckdb::ClientContext& context) {
    CreateIndexOn(context, luma_table, info->Cast<duckdb::CreateIndexInfo>());
  });
}

duckdb::unique_ptr<duckdb::LogicalOperator> LumaCatalog::BindAlterAddIndex(
    duckdb::Binder&, duckdb::TableCatalogEntry&, duckdb::unique_ptr<duckdb::LogicalOperator>,
    duckdb::unique_ptr<duckdb::CreateIndexInfo>,
    duckdb::unique_ptr<duckdb::AlterTableInfo> alter_info) {
  return duckdb::make_uniq<duckdb::LogicalSimple>(duckdb::LogicalOperatorType::LOGICAL_ALTER,
                                                  std::move(alter_info));
}

}  // namespace luma::sql
