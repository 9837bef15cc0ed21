// Which columns a run in memory holds, and in what physical type.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/column.h"
#include "model/schema.h"

namespace luma::storage {

struct RunColumn {
  ColumnId id{};
  PhysicalType type = PhysicalType::kInt64;
  bool operator==(const RunColumn&) const = default;
};

// Immutable, shared by all pieces of a run.
class RunColumns {
 public:
  explicit RunColumns(std::vector<RunColumn> columns) : columns_(std::move(columns)) {}
  // The stored (not generated) columns of a table, in schema order.
  static std::shared_ptr<const RunColumns> Of(const TableSchema& schema) {
    std::vector<RunColumn> columns;
    for (const ColumnSchema& column : schema.columns) {
      if (!column.is_generated()) columns.push_back({column.id, column.physical_type});
    }
    return std::make_shared<const RunColumns>(std::move(columns));
  }

  size_t size() const { return columns_.size(); }
  const RunColumn& operator[](size_t index) const { return columns_[index]; }
  auto begin() const { return columns_.begin(); }
  auto end() const { return columns_.end(); }
  std::optional<size_t> Find(ColumnId id) const {
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (columns_[i].id == id) return i;
    }
    return std::nullopt;
  }
  bool operator==(const RunColumns&) const = default;

 private:
  std::vector<RunColumn> columns_;
};
using RunColumnsPtr = std::shared_ptr<const RunColumns>;

}  // namespace luma::storage
