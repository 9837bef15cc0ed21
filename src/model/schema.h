// What the engine knows of a table. The engine stores physical types and enforces NOT NULL and
// uniqueness; the meaning of a type and every SQL text here belong to src/sql, which wrote them.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/column.h"
#include "model/value.h"

namespace luma {

// Stable for the life of the object and never reused; clients see them as PostgreSQL OIDs.
enum class ObjectId : uint32_t {};
inline constexpr ObjectId kInvalidObjectId{0};
inline constexpr ObjectId kFirstUserObjectId{
    16384};  // below: built-in schemas and telemetry tables

// Stable within a table and never reused, so that a run written before ALTER TABLE stays readable.
enum class ColumnId : uint32_t {};

struct ColumnSchema {
  ColumnId id{};
  std::string name;
  PhysicalType physical_type = PhysicalType::kInt64;
  std::string logical_type;  // SQL text, for example "DECIMAL(9,2)"
  bool not_null = false;
  std::string default_sql;    // expression text; empty: none
  std::string generated_sql;  // expression of a virtual column, which has no stored values
  std::string comment;
  // What rows hold that were written before the column was added; null unless ADD COLUMN DEFAULT.
  Value missing_value;
  bool is_generated() const { return !generated_sql.empty(); }
};

struct UniqueConstraint {
  std::string name;
  std::vector<ColumnId> columns;
  bool is_primary_key = false;  // implies not null of every column
};
struct CheckConstraint {
  std::string name;
  std::string expression_sql;
};
struct ForeignKeyConstraint {
  std::string name;
  std::vector<ColumnId> columns;
  ObjectId referenced_table{};
  std::vector<ColumnId> referenced_columns;
};

struct TableSchema {
  std::vector<ColumnSchema> columns;  // in SQL order; generated ones included
  uint32_t next_column_id = 1;
  std::vector<UniqueConstraint> uniques;
  std::vector<CheckConstraint> checks;
  std::vector<ForeignKeyConstraint> foreign_keys;
  // Warm runs are sorted by these columns, ascending, nulls last; empty: insertion order, and then
  // row positions (hence row ids) survive a flush.
  std::vector<ColumnId> sort_key;
  std::map<std::string, std::string> options;  // WITH (...) as written

  const ColumnSchema* FindColumn(ColumnId id) const;
  const ColumnSchema* FindColumn(std::string_view name) const;  // exact spelling
};

}  // namespace luma
