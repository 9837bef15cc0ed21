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
      return;  // the catalog adds these: they name tables by object id
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

TableSchema ToTableSchema(const CreateTableInfo& info) {
  TableSchema schema;
  for (const ColumnDefinition& column : info.columns.Logical()) {
    schema.columns.push_back(ToColumnSchema(column, ColumnId{schema.next_column_id++}));
  }
  for (const auto& constraint : info.constraints) AddConstraint(*constraint, info, schema);
  return schema;
}

std::unique_ptr<CreateTableInfo> ToCreateTableInfo(const storage::CatalogObject& table,
                                                   const std::string& schema_name) {
  auto info = std::make_unique<CreateTableInfo>("", schema_name, table.name);
  for (const ColumnSchema& column : table.table->columns) {
    info->columns.AddColumn(ToColumnDefinition(column));
  }
  AddConstraints(*table.table, *info);
  if (!table.comment.empty()) info->comment = duckdb::Value(table.comment);
  return info;
}

}  // namespace luma::sql
