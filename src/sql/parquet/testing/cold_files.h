// Tables of any columns, written as cold files and read back.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/duckdb_headers.h"
#include "sql/parquet/testing/memory_run.h"
#include "sql/parquet_format.h"
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

class ColdFileTest : public testing::Test {
 protected:
  static constexpr uint64_t kMemoryBytes = 512 << 20;

  ColdFileTest() : format_(MakeParquetFormat(io::FileSystem::Posix(), kMemoryBytes).value()) {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
  }

  std::string Write(TestTable& table) {
    const std::string path = directory_ + "/" + table.source().table->name + ".parquet";
    std::filesystem::remove(path);
    const Status written = format_->Write(table.source(), path);
    EXPECT_TRUE(written.ok()) << written.ToString();
    return path;
  }
  static Bytes Load(const std::string& path) {
    return io::ReadFile(io::FileSystem::Posix(), path).value();
  }
  Result<std::shared_ptr<const storage::ColdFile>> Open(Bytes bytes, uint32_t row_count) {
    return format_->Open(std::make_shared<MemoryObject>(std::move(bytes)), row_count);
  }

  // Every value of the file, column by column.
  Result<std::vector<StoredValues>> ReadAll(TestTable& table, Bytes bytes) {
    LUMA_ASSIGN_OR_RETURN(const auto file, Open(std::move(bytes), table.row_count()));
    std::vector<StoredValues> columns;
    for (const storage::ColdColumn& column : table.source().columns) {
      StoredValues& values = columns.emplace_back();
      const uint32_t groups =
          (table.row_count() + storage::kColdGroupRows - 1) / storage::kColdGroupRows;
      for (uint32_t group = 0; group < groups; ++group) {
        LUMA_ASSIGN_OR_RETURN(const auto block, file->ReadGroup(column, group));
        EXPECT_EQ(block->type(), column.physical_type);
        for (uint32_t row = 0; row < block->row_count(); ++row) {
          values.push_back(ValueOf(*block, row));
        }
      }
    }
    return columns;
  }

  static StoredValue ValueOf(const encoding::DecodedBlock& block, uint32_t row) {
    if (block.IsNull(row)) return std::nullopt;
    const std::byte* at = block.ValueAt(row);
    if (block.type() == PhysicalType::kBytes) {
      return std::string(reinterpret_cast<const StringRef*>(at)->view());
    }
    return std::string(reinterpret_cast<const char*>(at), ValueBytes(block.type()));
  }

  const std::string directory_ = testing::TempDir() + "luma_cold_files";
  const std::shared_ptr<storage::ColdFormat> format_;
};

}  // namespace luma::sql
