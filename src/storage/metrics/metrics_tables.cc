#include "storage/metrics/metrics_tables.h"

#include "storage/transaction.h"

namespace luma::storage {
namespace {

Result<MetricsTables> TablesOf(const TableReader& read) {
  MetricsTables tables;
  for (size_t i = 0; i < tables.samples.size(); ++i) {
    LUMA_ASSIGN_OR_RETURN(tables.samples[i], read(kSampleTableIds[i]));
  }
  LUMA_ASSIGN_OR_RETURN(tables.rollups, read(kRollupsTableId));
  LUMA_ASSIGN_OR_RETURN(tables.start_times, read(kStartTimesTableId));
  return tables;
}

}  // namespace

Result<MetricsTables> ReadMetricsTables(MultiTierStorage& engine, const TableReader& read) {
  if (read) return TablesOf(read);
  const std::unique_ptr<Transaction> transaction = engine.Begin();
  return TablesOf([&](ObjectId table) { return transaction->Read(table); });
}

}  // namespace luma::storage
