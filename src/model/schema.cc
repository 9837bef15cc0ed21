#include "model/schema.h"

namespace luma {

const ColumnSchema* TableSchema::FindColumn(ColumnId id) const {
  for (const ColumnSchema& column : columns) {
    if (column.id == id) return &column;
  }
  return nullptr;
}

const ColumnSchema* TableSchema::FindColumn(std::string_view name) const {
  for (const ColumnSchema& column : columns) {
    if (column.name == name) return &column;
  }
  return nullptr;
}

}  // namespace luma
