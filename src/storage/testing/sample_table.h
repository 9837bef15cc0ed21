// luma.samples without the metrics store, for tests of the engine.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "storage/metrics/flat_column.h"
#include "storage/metrics/sample_rows.h"
#include "storage/metrics/sample_scan.h"
#include "storage/storage_engine.h"

namespace luma::storage {

// One sample of series 1 for each time, in one commit.
inline Status AppendSamples(MultiTierStorage& engine, const std::vector<UnixMillis>& times) {
  SampleRows rows(static_cast<uint32_t>(times.size()));
  for (const UnixMillis time : times) rows.Add(SeriesId{1}, time, 1.0);
  const auto transaction = engine.Begin();
  LUMA_RETURN_IF_ERROR(transaction->Append(kSamplesTableId, std::move(rows).Finish()));
  return transaction->Commit();
}

// Sorted.
inline std::vector<UnixMillis> SampleTimes(MultiTierStorage& engine) {
  const TableSnapshotPtr table = *engine.Read(kSamplesTableId);
  const ColumnSchema& column = *table->schema().FindColumn(kTimestampColumn);
  std::vector<UnixMillis> times;
  FlatColumn<UnixMillis> values;
  for (const auto& run : table->runs()) {
    for (uint32_t block = 0; block < run->block_count(); ++block) {
      EXPECT_TRUE(values.Read(*run, column, block).ok());
      for (uint32_t row = 0; row < values.size(); ++row) {
        if (!run->IsDeleted(run->BlockStart(block) + row)) times.push_back(values.values()[row]);
      }
    }
  }
  std::ranges::sort(times);
  return times;
}

inline std::vector<RowId> FirstRow(const TableSnapshot& table) {
  return {MakeRowId(table.runs()[0]->id(), 0)};
}

// As ALTER TABLE ... SET does.
inline Status SetTableOption(MultiTierStorage& engine, ObjectId table, const std::string& name,
                             std::string value) {
  const auto transaction = engine.Begin();
  CatalogObject object = *transaction->Catalog().Find(table);
  TableSchema schema = *object.table;
  schema.options[name] = std::move(value);
  object.table = std::make_shared<const TableSchema>(std::move(schema));
  LUMA_RETURN_IF_ERROR(transaction->AlterObject(std::move(object)));
  return transaction->Commit();
}

}  // namespace luma::storage
