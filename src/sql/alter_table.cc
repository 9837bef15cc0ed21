#include "sql/alter_table.h"

#include <algorithm>

#include "sql/block_reader.h"
#include "sql/column_vectors.h"
#include "sql/duckdb_boundary.h"
#include "sql/luma_table_entry.h"
#include "sql/nested_values.h"
#include "sql/table_definition.h"
#include "sql/table_rewrite.h"
#include "sql/type_mapping.h"
#include "storage/table_policy_options.h"
#include "storage/time_column.h"

namespace luma::sql {
namespace {

using duckdb::AlterTableType;
using duckdb::LogicalIndex;
using storage::CatalogObject;
using storage::CatalogObjectPtr;

// One ALTER of one table: the old version, and the new one that takes shape.
class TableAlteration {
 public:
  TableAlteration(duckdb::ClientContext& context, LumaCatalog& catalog, ObjectId table)
      : context_(context),
        catalog_(catalog),
        transaction_(LumaTransaction::Get(context, catalog)),
        old_(transaction_.Find(table)),
        entry_(catalog.EntryOf(transaction_, old_)->Cast<LumaTableEntry>()),
        new_(*old_),
        schema_(*old_->table) {}

  void RenameTable(const std::string& name) {
    new_.name = name;
    Commit();
  }

  void RenameColumn(const duckdb::RenameColumnInfo& info) {
    ColumnSchema& column = Column(info.old_name);
    if (FindColumn(info.new_name) != nullptr && !SameName(info.old_name, info.new_name)) {
      ThrowStatus(ColumnExists(info.new_name));
    }
    const std::string old_name = column.name;
    column.name = info.new_name;
    RenameInExpressions(old_name, info.new_name);
    Commit();
  }

  void AddColumn(duckdb::AddColumnInfo& info);
  void DropColumn(const duckdb::RemoveColumnInfo& info);
  void ChangeType(duckdb::ChangeColumnTypeInfo& info);

  void SetDefault(const duckdb::SetDefaultInfo& info) {
    ColumnSchema& column = Column(info.column_name);
    if (column.is_generated()) {
      throw duckdb::BinderException("Cannot SET DEFAULT for generated column \"%s\"", column.name);
    }
    column.default_sql = info.expression ? info.expression->ToString() : "";
    Commit();
  }

  void SetNotNull(const std::string& name) {
    ColumnSchema& column = Column(name);
    if (column.is_generated()) {
      throw duckdb::BinderException("Unsupported constraint for generated column!");
    }
    CheckNoNulls(column);
    column.not_null = true;
    Commit();
  }

  void DropNotNull(const std::string& name) {
    ColumnSchema& column = Column(name);
    for (const UniqueConstraint& unique : schema_.uniques) {
      if (unique.is_primary_key && Names(unique.columns, column.id)) {
        throw duckdb::CatalogException("column \"%s\" is in a primary key", name);
      }
    }
    column.not_null = false;
    Commit();
  }

  void SetColumnComment(const duckdb::SetColumnCommentInfo& info) {
    const auto& comment = info.comment_value;
    Column(info.column_name).comment = comment.IsNull() ? "" : comment.ToString();
    Commit();
  }

  void ChangeOptions(const TableOptionsChange& change) {
    for (const auto& [name, value] : change.set) schema_.options.insert_or_assign(name, value);
    for (const std::string& name : change.reset) schema_.options.erase(name);
    const storage::TablePolicy policy = storage::TablePolicyOf(schema_);
    if (policy.warm_age || policy.retention) RequireTimeColumn();
    Commit();
  }

  void AddUnique(const std::vector<std::string>& columns, bool is_primary_key, std::string name);

 private:
  static bool SameName(const std::string& a, const std::string& b) {
    return duckdb::StringUtil::CIEquals(a, b);
  }
  static bool Names(const std::vector<ColumnId>& columns, ColumnId id) {
    return std::ranges::find(columns, id) != columns.end();
  }
  Status ColumnExists(const std::string& name) const {
    return Status::AlreadyExists("column \"", name, "\" of relation \"", old_->name,
                                 "\" already exists")
        .WithSqlState("42701");
  }

  ColumnSchema* FindColumn(const std::string& name) {
    const auto found = std::ranges::find_if(
        schema_.columns, [&](const ColumnSchema& column) { return SameName(column.name, name); });
    return found == schema_.columns.end() ? nullptr : &*found;
  }
  ColumnSchema& Column(const std::string& name) {
    ColumnSchema* column = FindColumn(name);
    if (column != nullptr) return *column;
    ThrowStatus(
        Status::NotFound("column \"", name, "\" of relation \"", old_->name, "\" does not exist")
            .WithSqlState("42703"));
  }

  // Rows age by the timestamp that their table is sorted by. A table that has no rows yet is sorted
  // by its first timestamp from now on; one that has is not sorted anew.
  void RequireTimeColumn();
  void RenameInExpressions(const std::string& old_name, const std::string& new_name);
  void CheckNoNulls(const ColumnSchema& column);
  // Throws kDependency when a foreign key refers to the column.
  void CheckNotReferenced(const ColumnSchema& column) const;
  bool Mentions(const std::string& expression_sql, const std::string& column) const;
  // Every stored column of the old table as it is, for `RewriteTable`.
  std::vector<RewrittenColumn> CopyOldColumns() const;
  Value StoredValue(const duckdb::Value& value, const duckdb::LogicalType& type);
  // Validates the definition by making its entry, then hands it to the engine.
  void Commit() {
    new_.table = std::make_shared<const TableSchema>(std::move(schema_));
    transaction_.Alter(std::move(new_));
  }
  void CommitRewriting(const std::vector<RewrittenColumn>& columns) {
    new_.table = std::make_shared<const TableSchema>(std::move(schema_));
    RewriteTable(context_, catalog_, old_, std::move(new_), columns);
  }

  duckdb::ClientContext& context_;
  LumaCatalog& catalog_;
  LumaTransaction& transaction_;
  const CatalogObjectPtr old_;
  LumaTableEntry& entry_;
  CatalogObject new_;
  TableSchema schema_;
};

bool HasCommittedRows(const storage::TableSnapshot& table) {
  return std::ranges::any_of(table.runs(), [](const auto& run) {
    return run->id() != storage::kTransactionRunId && run->row_count() > 0;
  });
}

void TableAlteration::RequireTimeColumn() {
  if (storage::FindTimeColumn(schema_)) return;
  const bool may_be_sorted =
      schema_.sort_key.empty() && !HasCommittedRows(*transaction_.ReadNow(old_->id));
  for (const ColumnSchema& column : schema_.columns) {
    if (!may_be_sorted || column.is_generated()) continue;
    schema_.sort_key = {column.id};
    if (storage::FindTimeColumn(schema_)) return;
    schema_.sort_key.clear();
  }
  ThrowStatus(
      Status::InvalidArgument("rows of table \"", old_->name,
                              "\" have no age: it is not sorted by a "
                              "timestamp")
          .WithHint("Set ages when the table is created, or while it is empty; it is sorted by its "
                    "first timestamp column then."));
}

std::string WithColumnRenamed(const std::string& sql, const std::string& old_name,
                              const std::string& new_name) {
  auto expression = ParseExpression(sql);
  duckdb::ParsedExpressionIterator::VisitExpressionMutable<duckdb::ColumnRefExpression>(
      *expression, [&](duckdb::ColumnRefExpression& reference) {
        if (duckdb::StringUtil::CIEquals(reference.column_names.back(), old_name)) {
          reference.column_names.back() = new_name;
        }
      });
  return expression->ToString();
}

void TableAlteration::RenameInExpressions(const std::string& old_name,
                                          const std::string& new_name) {
  for (CheckConstraint& check : schema_.checks) {
    check.expression_sql = WithColumnRenamed(check.expression_sql, old_name, new_name);
  }
  for (ColumnSchema& column : schema_.columns) {
    if (!column.is_generated()) continue;
    column.generated_sql = WithColumnRenamed(column.generated_sql, old_name, new_name);
  }
}

bool TableAlteration::Mentions(const std::string& expression_sql, const std::string& column) const {
  const auto expression = ParseExpression(expression_sql);
  bool found = false;
  duckdb::ParsedExpressionIterator::VisitExpression<duckdb::ColumnRefExpression>(
      *expression, [&](const duckdb::ColumnRefExpression& reference) {
        found = found || SameName(reference.column_names.back(), column);
      });
  return found;
}

void TableAlteration::CheckNoNulls(const ColumnSchema& column) {
  const auto rows = transaction_.Read(old_->id);
  const auto type = TypeFromText(column.logical_type);
  for (const auto& run : rows->runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      BlockReader reader(*run, block);
      for (uint32_t at = 0; at < reader.row_count(); at += BlockReader::kVectorRows) {
        const uint32_t count = std::min(BlockReader::kVectorRows, reader.row_count() - at);
        duckdb::SelectionVector live;
        const uint32_t live_count = reader.SelectLive(at, count, live);
        duckdb::Vector values(type);
        reader.ReadColumn(column, 0, at, count, values);
        if (live_count < count) values.Slice(live, live_count);
        if (!duckdb::VectorOperations::HasNull(values, live_count)) continue;
        ThrowStatus(Status::NotNullViolation("column \"", column.name, "\" of relation \"",
                                             old_->name, "\" contains null values"));
      }
    }
  }
}

void TableAlteration::CheckNotReferenced(const ColumnSchema& column) const {
  for (const auto& dependent : transaction_.Dependents(old_->id)) {
    if (dependent->kind != storage::ObjectKind::kTable) continue;
    for (const ForeignKeyConstraint& foreign_key : dependent->table->foreign_keys) {
      if (foreign_key.referenced_table != old_->id ||
          !Names(foreign_key.referenced_columns, column.id)) {
        continue;
      }
      ThrowStatus(Status::Dependency("cannot change column \"", column.name,
                                     "\": a foreign key of table \"", dependent->name,
                                     "\" refers to it"));
    }
  }
}

std::vector<RewrittenColumn> TableAlteration::CopyOldColumns() const {
  std::vector<RewrittenColumn> columns;
  for (const auto& column : entry_.GetColumns().Physical()) {
    columns.push_back({nullptr, column.Physical().index, column.Type()});
  }
  return columns;
}

// One value in the engine's form, by way of a chunk of one row.
Value TableAlteration::StoredValue(const duckdb::Value& value, const duckdb::LogicalType& type) {
  const PhysicalType physical = ValueOrThrow(StoredTypeOf(type));
  if (value.IsNull()) return Value::Null(physical);
  duckdb::DataChunk chunk;
  chunk.Initialize(context_, {type});
  chunk.SetValue(0, 0, value);
  chunk.SetCardinality(1);
  const ChunkSpans spans(chunk);
  const ColumnSpan& span = spans.spans()[0];
  if (physical == PhysicalType::kBytes) {
    return Value::Text(std::string(span.As<StringRef>()[0].view()));
  }
  return Value::Fixed(physical, span.values);
}

void TableAlteration::AddColumn(duckdb::AddColumnInfo& info) {
  const std::string name = info.new_column.GetName();
  if (FindColumn(name) != nullptr) {
    if (info.if_column_not_exists) return;
    ThrowStatus(ColumnExists(name));
  }
  auto binder = duckdb::Binder::CreateBinder(context_);
  binder->BindLogicalType(info.new_column.TypeMutable(), &catalog_, entry_.schema.name);
  const duckdb::LogicalType type = info.new_column.Type();
  ColumnSchema column = ToColumnSchema(info.new_column, ColumnId{schema_.next_column_id++});
  if (column.is_generated() || column.default_sql.empty()) {
    schema_.columns.push_back(std::move(column));
    return Commit();
  }
  duckdb::ConstantBinder default_binder(*binder, context_, "DEFAULT value");
  default_binder.target_type = type;
  auto expression = info.new_column.DefaultValue().Copy();
  auto bound = default_binder.Bind(expression);
  if (bound->IsFoldable()) {
    const auto value = duckdb::ExpressionExecutor::EvaluateScalar(context_, *bound);
    column.missing_value = StoredValue(value, type);
    schema_.columns.push_back(std::move(column));
    return Commit();
  }
  // nextval and the like: a value of its own for each row that is there.
  schema_.columns.push_back(std::move(column));
  auto columns = CopyOldColumns();
  columns.push_back({std::move(bound), 0, type});
  CommitRewriting(columns);
}

void TableAlteration::DropColumn(const duckdb::RemoveColumnInfo& info) {
  if (FindColumn(info.removed_column) == nullptr && info.if_column_exists) return;
  const ColumnSchema dropped = Column(info.removed_column);
  std::vector<std::string> generated;
  for (const ColumnSchema& column : schema_.columns) {
    if (column.is_generated() && column.id != dropped.id &&
        Mentions(column.generated_sql, dropped.name)) {
      generated.push_back(column.name);
    }
  }
  if (!generated.empty() && !info.cascade) {
    throw duckdb::CatalogException(
        "Cannot drop column: column is a dependency of 1 or more generated column(s)");
  }
  std::erase_if(schema_.columns, [&](const ColumnSchema& column) {
    return column.id == dropped.id || std::ranges::find(generated, column.name) != generated.end();
  });
  CheckNotReferenced(dropped);
  // As in PostgreSQL, constraints that involve the column go with it.
  std::erase_if(schema_.foreign_keys, [&](const ForeignKeyConstraint& foreign_key) {
    return Names(foreign_key.columns, dropped.id);
  });
  std::erase_if(schema_.uniques,
                [&](const UniqueConstraint& unique) { return Names(unique.columns, dropped.id); });
  std::erase_if(schema_.checks, [&](const CheckConstraint& check) {
    return Mentions(check.expression_sql, dropped.name);
  });
  std::erase(schema_.sort_key, dropped.id);
  const auto is_stored = [](const ColumnSchema& column) { return !column.is_generated(); };
  if (std::ranges::none_of(schema_.columns, is_stored)) {
    throw duckdb::CatalogException("Cannot drop column: table only has one column remaining!");
  }
  Commit();
}

void TableAlteration::ChangeType(duckdb::ChangeColumnTypeInfo& info) {
  ColumnSchema& column = Column(info.column_name);
  if (column.is_generated()) {
    throw duckdb::NotImplementedException("Changing types of generated columns is not supported");
  }
  for (const ColumnSchema& other : schema_.columns) {
    if (other.is_generated() && Mentions(other.generated_sql, column.name)) {
      throw duckdb::BinderException(
          "This column is referenced by the generated column \"%s\", so its type can not be "
          "changed",
          other.name);
    }
  }
  auto binder = duckdb::Binder::CreateBinder(context_);
  binder->BindLogicalType(info.target_type, &catalog_, entry_.schema.name);
  duckdb::vector<LogicalIndex> referenced;
  duckdb::AlterBinder expression_binder(*binder, context_, entry_, referenced, info.target_type);
  auto expression = info.expression->Copy();
  auto bound = expression_binder.Bind(expression);
  const duckdb::LogicalType type =
      info.target_type == duckdb::LogicalType::UNKNOWN ? bound->return_type : info.target_type;
  // The binder numbers columns by first use; the rewrite hands over all stored ones.
  duckdb::ExpressionIterator::VisitExpressionMutable<duckdb::BoundReferenceExpression>(
      bound,
      [&](duckdb::BoundReferenceExpression& reference, duckdb::unique_ptr<duckdb::Expression>&) {
        const LogicalIndex logical = referenced[reference.index];
        reference.index = entry_.GetColumns().LogicalToPhysical(logical).index;
      });

  CheckNotReferenced(column);
  auto columns = CopyOldColumns();
  const auto logical = LogicalIndex(static_cast<duckdb::idx_t>(&column - schema_.columns.data()));
  const auto physical = entry_.GetColumns().LogicalToPhysical(logical).index;
  columns[physical] = {std::move(bound), 0, type};
  const ColumnId old_id = column.id;
  column.id = ColumnId{schema_.next_column_id++};  // runs of the old type must not be read as new
  column.physical_type = ValueOrThrow(StoredTypeOf(type));
  column.logical_type = TypeToText(type);
  column.missing_value = Value::Null(column.physical_type);
  for (UniqueConstraint& unique : schema_.uniques) {
    std::ranges::replace(unique.columns, old_id, column.id);
  }
  for (ForeignKeyConstraint& foreign_key : schema_.foreign_keys) {
    if (Names(foreign_key.columns, old_id)) {
      throw duckdb::BinderException(
          "Cannot change the type of a column that has a FOREIGN KEY constraint specified");
    }
  }
  std::ranges::replace(schema_.sort_key, old_id, column.id);
  CommitRewriting(columns);
}

void TableAlteration::AddUnique(const std::vector<std::string>& columns, bool is_primary_key,
                                std::string name) {
  UniqueConstraint constraint;
  constraint.is_primary_key = is_primary_key;
  for (const UniqueConstraint& unique : schema_.uniques) {
    if (is_primary_key && unique.is_primary_key) {
      throw duckdb::CatalogException("table \"%s\" can have only one primary key", old_->name);
    }
  }
  for (const std::string& column_name : columns) {
    ColumnSchema& column = Column(column_name);
    if (is_primary_key) column.not_null = true;
    // A column that is named twice asks for no more than once.
    if (!Names(constraint.columns, column.id)) constraint.columns.push_back(column.id);
  }
  if (name.empty()) {
    name = is_primary_key ? ConstraintName(schema_, old_->name, {}, "pkey")
                          : ConstraintName(schema_, old_->name, columns, "key");
  }
  constraint.name = std::move(name);
  schema_.uniques.push_back(std::move(constraint));
  CommitRewriting(CopyOldColumns());
}

void AlterTableStructure(TableAlteration& alteration, duckdb::AlterTableInfo& info) {
  switch (info.alter_table_type) {
    case AlterTableType::RENAME_TABLE:
      return alteration.RenameTable(info.Cast<duckdb::RenameTableInfo>().new_table_name);
    case AlterTableType::RENAME_COLUMN:
      return alteration.RenameColumn(info.Cast<duckdb::RenameColumnInfo>());
    case AlterTableType::ADD_COLUMN:
      return alteration.AddColumn(info.Cast<duckdb::AddColumnInfo>());
    case AlterTableType::REMOVE_COLUMN:
      return alteration.DropColumn(info.Cast<duckdb::RemoveColumnInfo>());
    case AlterTableType::ALTER_COLUMN_TYPE:
      return alteration.ChangeType(info.Cast<duckdb::ChangeColumnTypeInfo>());
    case AlterTableType::SET_DEFAULT:
      return alteration.SetDefault(info.Cast<duckdb::SetDefaultInfo>());
    case AlterTableType::SET_NOT_NULL:
      return alteration.SetNotNull(info.Cast<duckdb::SetNotNullInfo>().column_name);
    case AlterTableType::DROP_NOT_NULL:
      return alteration.DropNotNull(info.Cast<duckdb::DropNotNullInfo>().column_name);
    case AlterTableType::ADD_CONSTRAINT: {
      const auto& unique =
          info.Cast<duckdb::AddConstraintInfo>().constraint->Cast<duckdb::UniqueConstraint>();
      return alteration.AddUnique(unique.GetColumnNames(), unique.IsPrimaryKey(), "");
    }
    default:
      throw duckdb::NotImplementedException("this ALTER TABLE is not supported");
  }
}

}  // namespace

void AlterTable(duckdb::ClientContext& context, LumaCatalog& catalog, const CatalogObject& table,
                duckdb::AlterInfo& info) {
  if (table.kind != storage::ObjectKind::kTable) {
    throw duckdb::NotImplementedException("\"%s\" is not a table", table.name);
  }
  TableAlteration alteration(context, catalog, table.id);
  if (info.type == duckdb::AlterType::SET_COLUMN_COMMENT) {
    return alteration.SetColumnComment(info.Cast<duckdb::SetColumnCommentInfo>());
  }
  AlterTableStructure(alteration, info.Cast<duckdb::AlterTableInfo>());
}

void ChangeOptions(duckdb::ClientContext& context, LumaCatalog& catalog, ObjectId table,
                   const TableOptionsChange& change) {
  TableAlteration(context, catalog, table).ChangeOptions(change);
}

void AddUniqueConstraint(duckdb::ClientContext& context, LumaCatalog& catalog, ObjectId table,
                         const std::vector<std::string>& columns, bool is_primary_key,
                         std::string constraint_name) {
  TableAlteration alteration(context, catalog, table);
  alteration.AddUnique(columns, is_primary_key, std::move(constraint_name));
}

}  // namespace luma::sql
