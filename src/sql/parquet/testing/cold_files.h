// Runs written as cold files and read back.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sql/parquet/testing/test_table.h"
#include "sql/parquet_format.h"

namespace luma::sql {

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
