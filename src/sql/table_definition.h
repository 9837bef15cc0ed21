// Table definitions between their two forms: DuckDB's CreateTableInfo, with parsed expressions and
// column positions, and the engine's TableSchema, with SQL text and stable column ids.
#pragma once

#include <memory>
#include <string>

#include "model/schema.h"
#include "sql/duckdb_headers.h"
#include "sql/luma_transaction.h"
#include "storage/catalog.h"

namespace luma::sql {

// All of these throw DuckDB errors.

// `info` must be bound: types resolved, the columns of keys marked NOT NULL.
// `transaction` finds the tables that foreign keys name.
TableSchema ToTableSchema(LumaTransaction& transaction, ObjectId schema,
                          const duckdb::CreateTableInfo& info);
std::unique_ptr<duckdb::CreateTableInfo> ToCreateTableInfo(LumaTransaction& transaction,
                                                           const storage::CatalogObject& table,
                                                           const std::string& schema_name);

// One column, under an id that the caller chooses.
ColumnSchema ToColumnSchema(const duckdb::ColumnDefinition& column, ColumnId id);

// `name` with the suffix PostgreSQL gives to constraints: people_pkey, people_name_key. Made unique
// among the constraints of `schema` by a number at its end.
std::string ConstraintName(const TableSchema& schema, const std::string& table,
                           const std::vector<std::string>& columns, const std::string& suffix);

// The number of a column among the stored ones.
duckdb::idx_t StoredIndex(const TableSchema& schema, ColumnId id);

// Single expressions and queries as text.
duckdb::unique_ptr<duckdb::ParsedExpression> ParseExpression(const std::string& sql);

}  // namespace luma::sql
