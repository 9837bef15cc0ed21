// Rows of a table with columns (key BIGINT, text VARCHAR) for tests of the engine.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "storage/column_block.h"
#include "storage/row_buffer.h"
#include "storage/transaction.h"

// Of a Status or a Result.
#define LUMA_EXPECT_OK(expression) EXPECT_EQ(::luma::storage::ErrorText(expression), "")
#define LUMA_ASSERT_OK(expression) ASSERT_EQ(::luma::storage::ErrorText(expression), "")

namespace luma::storage {

inline std::string ErrorText(const Status& status) { return status.ok() ? "" : status.ToString(); }
template <typename T>
std::string ErrorText(const Result<T>& result) {
  return ErrorText(result.status());
}

struct TestRow {
  std::optional<int64_t> key;
  std::optional<std::string> text;
  auto operator<=>(const TestRow&) const = default;
};
using TestRowsById = std::vector<std::pair<RowId, TestRow>>;

inline void PrintTo(const TestRow& row, std::ostream* out) {
  *out << (row.key ? std::to_string(*row.key) : "null") << "|" << row.text.value_or("null");
}

// The spans of some rows; owns what they point to.
class TestColumns {
 public:
  explicit TestColumns(const std::vector<TestRow>& rows)
      : rows_(rows), key_validity_(ValidityWords(rows.size())), text_validity_(key_validity_) {
    for (size_t i = 0; i < rows_.size(); ++i) {
      keys_.push_back(rows_[i].key.value_or(0));
      texts_.emplace_back(rows_[i].text ? StringRef(*rows_[i].text) : StringRef());
      if (rows_[i].key) key_validity_[i / 64] |= uint64_t{1} << (i % 64);
      if (rows_[i].text) text_validity_[i / 64] |= uint64_t{1} << (i % 64);
    }
    const auto count = static_cast<uint32_t>(rows_.size());
    spans_ = {{PhysicalType::kInt64, count, reinterpret_cast<const std::byte*>(keys_.data()),
               key_validity_.data()},
              {PhysicalType::kBytes, count, reinterpret_cast<const std::byte*>(texts_.data()),
               text_validity_.data()}};
  }
  TestColumns(const TestColumns&) = delete;
  TestColumns& operator=(const TestColumns&) = delete;

  const std::vector<ColumnSpan>& spans() const { return spans_; }
  std::vector<ColumnSpan> keys() const { return {spans_[0]}; }

 private:
  const std::vector<TestRow> rows_;
  std::vector<uint64_t> key_validity_;
  std::vector<uint64_t> text_validity_;
  std::vector<int64_t> keys_;
  std::vector<StringRef> texts_;
  std::vector<ColumnSpan> spans_;
};

struct TestTableOptions {
  std::string name = "t";
  bool has_key = true;  // primary key (key)
  bool sorted = false;  // sort key (key)
};

inline CatalogObject TestTable(const TestTableOptions& options = {}) {
  TableSchema schema;
  ColumnSchema key;
  key.id = ColumnId{1};
  key.name = "key";
  ColumnSchema text;
  text.id = ColumnId{2};
  text.name = "text";
  text.physical_type = PhysicalType::kBytes;
  schema.columns = {key, text};
  schema.next_column_id = 3;
  if (options.has_key) schema.uniques.push_back({"t_pkey", {ColumnId{1}}, true});
  if (options.sorted) schema.sort_key = {ColumnId{1}};
  CatalogObject table;
  table.schema_id = kPublicSchemaId;
  table.kind = ObjectKind::kTable;
  table.name = options.name;
  table.table = std::make_shared<const TableSchema>(std::move(schema));
  return table;
}

// A stored value of a column as text; null for a null.
inline std::optional<std::string> TextAt(const ColumnBlock& block, uint32_t row) {
  const std::byte* const value = ValueAt(block, row);
  if (value == nullptr) return std::nullopt;
  if (block.flat.type != PhysicalType::kBytes) return std::to_string(LoadLe<int64_t>(value));
  return std::string(reinterpret_cast<const StringRef*>(value)->view());
}

// Visible rows in the order of the table. Dies on read errors.
inline TestRowsById ReadRowsById(const TableSnapshot& table) {
  TestRowsById rows;
  for (const auto& run : table.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      const auto keys = run->Read(table.schema().columns[0], block);
      const auto texts = run->Read(table.schema().columns[1], block);
      LUMA_CHECK(keys.ok() && texts.ok());
      std::vector<uint64_t> deleted(ValidityWords(run->BlockRows(block)));
      run->DeletedRows(block, deleted);
      for (uint32_t row = 0; row < run->BlockRows(block); ++row) {
        if (((deleted[row / 64] >> (row % 64)) & 1) != 0) continue;
        const std::byte* const key = ValueAt(*keys, row);
        rows.emplace_back(
            MakeRowId(run->id(), run->BlockStart(block) + row),
            TestRow{key == nullptr ? std::nullopt : std::optional(LoadLe<int64_t>(key)),
                    TextAt(*texts, row)});
      }
    }
  }
  return rows;
}

inline std::vector<TestRow> ReadRows(const TableSnapshot& table) {
  std::vector<TestRow> rows;
  for (auto& [id, row] : ReadRowsById(table)) rows.push_back(std::move(row));
  return rows;
}

inline std::vector<RowId> IdsOfKey(const TableSnapshot& table, int64_t key) {
  std::vector<RowId> ids;
  for (const auto& [id, row] : ReadRowsById(table)) {
    if (row.key == key) ids.push_back(id);
  }
  return ids;
}

}  // namespace luma::storage
