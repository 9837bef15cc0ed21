// A table of any columns with one run in memory.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/duckdb_headers.h"
#include "sql/parquet/testing/memory_run.h"
#include "sql/type_mapping.h"

namespace luma::sql {

struct TestColumn {
  std::string name;
  std::string type;  // SQL text
  StoredValues values;
};

// One table with one run.
class TestTable {
 public:
  TestTable(std::string name, std::vector<TestColumn> columns, uint32_t block_rows = 1024)
      : columns_(std::move(columns)) {
    const auto rows = static_cast<uint32_t>(columns_.at(0).values.size());
    auto run = std::make_shared<MemoryRun>(rows, block_rows);
    auto schema = std::make_shared<TableSchema>();
    for (const TestColumn& column : columns_) {
      const auto id = static_cast<ColumnId>(schema->columns.size() + 1);
      ColumnSchema stored;
      stored.id = id;
      stored.name = column.name;
      stored.logical_type = column.type;
      stored.physical_type = StoredTypeOf(TypeFromText(column.type)).value();
      run->Add(stored, column.values);
      source_.columns.push_back({id, column.name, stored.physical_type, column.type});
      schema->columns.push_back(std::move(stored));
    }
    auto object = std::make_shared<storage::CatalogObject>();
    object->name = std::move(name);
    object->table = std::move(schema);
    source_.table = std::move(object);
    source_.run = std::move(run);
  }

  const std::vector<TestColumn>& columns() const { return columns_; }
  uint32_t row_count() const { return source_.run->row_count(); }
  storage::ColdSource& source() { return source_; }
  storage::TableSnapshotPtr Snapshot() const {
    return std::make_shared<const storage::TableSnapshot>(
        source_.table, std::vector<std::shared_ptr<const storage::RunView>>{source_.run});
  }

 private:
  std::vector<TestColumn> columns_;
  storage::ColdSource source_;
};

}  // namespace luma::sql
