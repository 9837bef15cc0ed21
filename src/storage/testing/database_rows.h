// Rows of any tables as text, for tests that compare whole databases.
#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "storage/storage_engine.h"
#include "storage/store_report.h"
#include "storage/testing/test_rows.h"

namespace luma::storage {

using TextRow = std::vector<std::optional<std::string>>;  // numbers of 8 bytes as integers, by bits
using TextRowsById = std::vector<std::pair<RowId, TextRow>>;
using DatabaseRows = std::map<std::string, std::vector<std::string>>;  // by table, sorted

// Visible rows of the stored columns, which are of 8 bytes or text. Dies on read errors.
inline TextRowsById ReadTextRows(const TableSnapshot& table) {
  TextRowsById rows;
  for (const auto& run : table.runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      std::vector<ColumnBlock> columns;
      for (const ColumnSchema& column : table.schema().columns) {
        auto read = run->Read(column, block);
        LUMA_CHECK(read.ok());
        columns.push_back(std::move(read).value());
      }
      for (uint32_t row = 0; row < run->BlockRows(block); ++row) {
        const uint32_t position = run->BlockStart(block) + row;
        if (run->IsDeleted(position)) continue;
        TextRow values;
        for (const ColumnBlock& column : columns) values.push_back(TextAt(column, row));
        rows.emplace_back(MakeRowId(run->id(), position), std::move(values));
      }
    }
  }
  return rows;
}

inline std::string LineOf(const TextRow& row) {
  std::string line;
  for (const auto& value : row) line += value.value_or("null") + "|";
  return line;
}

// Of tables that have rows.
inline DatabaseRows ReadDatabase(MultiTierStorage& engine) {
  DatabaseRows database;
  for (const TableReport& report : engine.Report().tables) {
    std::vector<std::string> lines;
    const TableSnapshotPtr table = *engine.Read(report.table->id);
    for (const auto& [id, row] : ReadTextRows(*table)) lines.push_back(LineOf(row));
    std::ranges::sort(lines);
    if (!lines.empty()) database[report.table->name] = std::move(lines);
  }
  return database;
}

inline Status AppendTextRows(Transaction& transaction, ObjectId table,
                             const std::vector<TextRow>& rows) {
  const auto& schema = transaction.Catalog().Find(table)->table->columns;
  std::vector<std::vector<int64_t>> numbers(schema.size(), std::vector<int64_t>(rows.size()));
  std::vector<std::vector<StringRef>> texts(schema.size(), std::vector<StringRef>(rows.size()));
  std::vector<std::vector<uint64_t>> validity(schema.size(),
                                              std::vector<uint64_t>(ValidityWords(rows.size())));
  std::vector<ColumnSpan> spans;
  for (size_t i = 0; i < schema.size(); ++i) {
    const bool is_text = schema[i].physical_type == PhysicalType::kBytes;
    for (size_t row = 0; row < rows.size(); ++row) {
      const auto& value = rows[row].at(i);
      if (!value) continue;
      validity[i][row / 64] |= uint64_t{1} << (row % 64);
      if (is_text) {
        texts[i][row] = StringRef(*value);
      } else {
        numbers[i][row] = std::stoll(*value);
      }
    }
    const void* const values =
        is_text ? static_cast<const void*>(texts[i].data()) : numbers[i].data();
    spans.push_back({schema[i].physical_type, static_cast<uint32_t>(rows.size()),
                     static_cast<const std::byte*>(values), validity[i].data()});
  }
  return transaction.Append(table, spans);
}

}  // namespace luma::storage
