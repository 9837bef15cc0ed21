#include "sql/table_definition.h"

#include <algorithm>

#include "sql/duckdb_boundary.h"
#include "sql/type_mapping.h"

namespace luma::sql {
namespace {

using duckdb::ColumnDefinition;
using duckdb::CreateTableInfo;
using duckdb::LogicalIndex;

std::vector<std::string> KeyColumnNames(const duckdb::UniqueConstraint& unique,
                                        const duckdb::ColumnList& columns) {
  std::vector<std::string> names;
  for (const LogicalIndex index : unique.GetLogicalIndexes(columns)) {
    names.push_back(columns.GetColumn(index).Name());
  }
  return names;
}

const ColumnSchema& FindColumn(const TableSchema& schema, const std::string& name) {
  const auto found = std::ranges::find_if(schema.columns, [&](const ColumnSchema& column) {
    return duckdb::StringUtil::CIEquals(column.name, name);
  });
  if (found == schema.columns.end()) {
    throw duckdb::CatalogException("column \"%s\" does not exist", name);
  }
  return *found;
}

ColumnId IdOf(const TableSchema& schema, const duckdb::ColumnList& columns,
              const std::string& name) {
  return schema.columns[columns.GetColumn(name).Logical().index].id;
}

void AddUnique(const duckdb::UniqueConstraint& unique, const CreateTableInfo& info,
               TableSchema& schema) {
  const std::vector<std::string> names = KeyColumnNames(unique, info.columns);
  UniqueConstraint constraint;
  constraint.is_primary_key = unique.IsPrimaryKey();
  constraint.name = unique.IsPrimaryKey() ? ConstraintName(schema, info.table, {}, "pkey")
                                          : ConstraintName(schema, info.table, names, "key");
  for (const std::string& name : names) {
    constraint.columns.push_back(IdOf(schema, info.columns, name));
  }
  schema.uniques.push_back(std::move(constraint));
}

// A reference to the table itself, which has no id yet, stays kInvalidObjectId for the caller.
void AddForeignKey(LumaTransaction& transaction, ObjectId schema_id,
                   const duckdb::ForeignKeyConstraint& foreign_key, const CreateTableInfo& info,
                   TableSchema& schema) {
  if (foreign_key.info.type == duckdb::ForeignKeyType::FK_TYPE_PRIMARY_KEY_TABLE) return;
  ForeignKeyConstraint constraint;
  constraint.name = ConstraintName(
      schema, info.table, {foreign_key.fk_columns.begin(), foreign_key.fk_columns.end()}, "fkey");
  for (const auto& name : foreign_key.fk_columns) {
    constraint.columns.push_back(IdOf(schema, info.columns, name));
  }
  const bool is_own = foreign_key.info.type == duckdb::ForeignKeyType::FK_TYPE_SELF_REFERENCE_TABLE;
  const auto parent =
      is_own ? nullptr
             : transaction.Find(schema_id, storage::NameSpace::kRelation, foreign_key.info.table);
  if (parent) constraint.referenced_table = parent->id;
  for (const auto& name : foreign_key.pk_columns) {
    constraint.referenced_columns.push_back(parent ? FindColumn(*parent->table, name).id
                                                   : IdOf(schema, info.columns, name));
  }
  schema.foreign_keys.push_back(std::move(constraint));
}

void AddConstraint(const duckdb::Constraint& constraint, const CreateTableInfo& info,
                   TableSchema& schema) {
  switch (constraint.type) {
    case duckdb::ConstraintType::NOT_NULL: {
      const auto& not_null = constraint.Cast<duckdb::NotNullConstraint>();
      schema.columns[not_null.index.index].not_null = true;
      return;
    }
    case duckdb::ConstraintType::UNIQUE:
      return AddUnique(constraint.Cast<duckdb::UniqueConstraint>(), info, schema);
    case duckdb::ConstraintType::CHECK: {
      const auto& check = constraint.Cast<duckdb::CheckConstraint>();
      schema.checks.push_back({.name = ConstraintName(schema, info.table, {}, "check"),
                               .expression_sql = check.expression->ToString()});
      return;
    }
    case duckdb::ConstraintType::FOREIGN_KEY:
      return;  // AddForeignKey, when all keys of the table are there
    default:
      throw duckdb::NotImplementedException("this kind of constraint is not supported");
  }
}

ColumnDefinition ToColumnDefinition(const ColumnSchema& column) {
  const duckdb::LogicalType type = TypeFromText(column.logical_type);
  ColumnDefinition definition(column.name, type);
  if (column.is_generated()) {
    definition = ColumnDefinition(column.name, type, ParseExpression(column.generated_sql),
                                  duckdb::TableColumnType::GENERATED);
  } else if (!column.default_sql.empty()) {
    definition.SetDefaultValue(ParseExpression(column.default_sql));
  }
  if (!column.comment.empty()) definition.SetComment(duckdb::Value(column.comment));
  return definition;
}

duckdb::unique_ptr<duckdb::Constraint> ToConstraint(const UniqueConstraint& unique,
                                                    const TableSchema& schema) {
  duckdb::vector<duckdb::string> names;
  for (const ColumnId id : unique.columns) names.push_back(schema.FindColumn(id)->name);
  if (names.size() > 1) {
    return duckdb::make_uniq<duckdb::UniqueConstraint>(std::move(names), unique.is_primary_key);
  }
  const auto position = schema.FindColumn(unique.columns[0]) - schema.columns.data();
  return duckdb::make_uniq<duckdb::UniqueConstraint>(
      LogicalIndex(static_cast<duckdb::idx_t>(position)), names[0], unique.is_primary_key);
}

duckdb::unique_ptr<duckdb::Constraint> ToConstraint(const ForeignKeyConstraint& foreign_key,
                                                    const storage::CatalogObject& table,
                                                    const storage::CatalogObject& parent,
                                                    const std::string& schema_name) {
  const bool is_own = parent.id == table.id;
  duckdb::ForeignKeyInfo info;
  info.type = is_own ? duckdb::ForeignKeyType::FK_TYPE_SELF_REFERENCE_TABLE
                     : duckdb::ForeignKeyType::FK_TYPE_FOREIGN_KEY_TABLE;
  info.schema = schema_name;
  info.table = parent.name;
  duckdb::vector<duckdb::string> parent_columns;
  duckdb::vector<duckdb::string> columns;
  for (size_t i = 0; i < foreign_key.columns.size(); ++i) {
    columns.push_back(table.table->FindColumn(foreign_key.columns[i])->name);
    parent_columns.push_back(parent.table->FindColumn(foreign_key.referenced_columns[i])->name);
    info.fk_keys.emplace_back(StoredIndex(*table.table, foreign_key.columns[i]));
    info.pk_keys.emplace_back(StoredIndex(*parent.table, foreign_key.referenced_columns[i]));
  }
  return duckdb::make_uniq<duckdb::ForeignKeyConstraint>(std::move(parent_columns),
                                                         std::move(columns), std::move(info));
}

void AddConstraints(const TableSchema& schema, CreateTableInfo& info) {
  for (size_t i = 0; i < schema.columns.size(); ++i) {
    if (!schema.columns[i].not_null) continue;
    info.constraints.push_back(duckdb::make_uniq<duckdb::NotNullConstraint>(LogicalIndex(i)));
  }
  for (const UniqueConstraint& unique : schema.uniques) {
    info.constraints.push_back(ToConstraint(unique, schema));
  }
  for (const CheckConstraint& check : schema.checks) {
    info.constraints.push_back(
        duckdb::make_uniq<duckdb::CheckConstraint>(ParseExpression(check.expression_sql)));
  }
}

bool IsConstraintNameTaken(const TableSchema& schema, const std::string& name) {
  const auto has_name = [&](const auto& constraint) { return constraint.name == name; };
  return std::ranges::any_of(schema.uniques, has_name) ||
         std::ranges::any_of(schema.checks, has_name) ||
         std::ranges::any_of(schema.foreign_keys, has_name);
}

}  // namespace

duckdb::unique_ptr<duckdb::ParsedExpression> ParseExpression(const std::string& sql) {
  auto expressions = duckdb::Parser::ParseExpressionList(sql);
  if (expressions.size() != 1) {
    throw duckdb::InvalidInputException("not a single expression: sql=%s", sql);
  }
  return std::move(expressions[0]);
}

std::string ConstraintName(const TableSchema& schema, const std::string& table,
                           const std::vector<std::string>& columns, const std::string& suffix) {
  std::string base = table;
  for (const std::string& column : columns) base += "_" + column;
  base += "_" + suffix;
  std::string name = base;
  for (int number = 1; IsConstraintNameTaken(schema, name); ++number) {
    name = base + std::to_string(number);
  }
  return name;
}

ColumnSchema ToColumnSchema(const ColumnDefinition& column, ColumnId id) {
  ColumnSchema result;
  result.id = id;
  result.name = column.Name();
  result.physical_type = ValueOrThrow(StoredTypeOf(column.Type()));
  result.logical_type = TypeToText(column.Type());
  if (column.Generated()) {
    result.generated_sql = column.GeneratedExpression().ToString();
  } else if (column.HasDefaultValue()) {
    result.default_sql = column.DefaultValue().ToString();
  }
  if (!column.Comment().IsNull()) result.comment = column.Comment().ToString();
  result.missing_value = Value::Null(result.physical_type);
  return result;
}

duckdb::idx_t StoredIndex(const TableSchema& schema, ColumnId id) {
  duckdb::idx_t index = 0;
  for (const ColumnSchema& column : schema.columns) {
    if (column.id == id) break;
    if (!column.is_generated()) ++index;
  }
  return index;
}

TableSchema ToTableSchema(LumaTransaction& transaction, ObjectId schema_id,
                          const CreateTableInfo& info) {
  TableSchema schema;
  for (const ColumnDefinition& column : info.columns.Logical()) {
    schema.columns.push_back(ToColumnSchema(column, ColumnId{schema.next_column_id++}));
  }
  for (const auto& constraint : info.constraints) AddConstraint(*constraint, info, schema);
  for (const auto& constraint : info.constraints) {
    if (constraint->type != duckdb::ConstraintType::FOREIGN_KEY) continue;
    AddForeignKey(transaction, schema_id, constraint->Cast<duckdb::ForeignKeyConstraint>(), info,
                  schema);
  }
  return schema;
}

std::unique_ptr<CreateTableInfo> ToCreateTableInfo(LumaTransaction& transaction,
                                                   const storage::CatalogObject& table,
                                                   const std::string& schema_name) {
  auto info = std::make_unique<CreateTableInfo>("", schema_name, table.name);
  for (const ColumnSchema& column : table.table->columns) {
    info->columns.AddColumn(ToColumnDefinition(column));
  }
  AddConstraints(*table.table, *info);
  for (const ForeignKeyConstraint& foreign_key : table.table->foreign_keys) {
    const auto parent = transaction.Find(foreign_key.referenced_table);
    if (parent) info->constraints.push_back(ToConstraint(foreign_key, table, *parent, schema_name));
  }
  if (!table.comment.empty()) info->comment = duckdb::Value(table.comment);
  return info;
}

}  // namespace luma::sql
