#include "storage/metrics/sample_deleter.h"

#include <memory>
#include <thread>
#include <vector>

#include "storage/metrics/rollup_scan.h"
#include "storage/metrics/sample_scan.h"

namespace luma::storage {
namespace {

constexpr std::chrono::milliseconds kConflictPause{10};
// Each call of Transaction::Delete copies the bitmaps of its runs.
constexpr size_t kRowsPerCall = 256 * 1024;

// Hands rows of one table and transaction to it, many at a time.
class RowCollector {
 public:
  RowCollector(Transaction& transaction, ObjectId table, uint64_t rows_max)
      : transaction_(transaction), table_(table), rows_max_(rows_max) {}

  // kCancelled once there are rows_max.
  Status Add(RowId row) {
    if (total_ == rows_max_) {
      is_full_ = true;
      return Status::Cancelled("enough rows for one commit");
    }
    rows_.push_back(row);
    ++total_;
    return rows_.size() < kRowsPerCall ? Status::Ok() : Delete();
  }
  // Deletes the rest, unless `scanned` says that the scan has failed.
  Status Finish(const Status& scanned) { return scanned.ok() || is_full_ ? Delete() : scanned; }
  uint64_t total() const { return total_; }
  bool is_full() const { return is_full_; }

 private:
  Status Delete() {
    LUMA_RETURN_IF_ERROR(transaction_.Delete(table_, rows_).status());
    rows_.clear();
    return Status::Ok();
  }

  Transaction& transaction_;
  const ObjectId table_;
  const uint64_t rows_max_;
  std::vector<RowId> rows_;
  uint64_t total_ = 0;
  bool is_full_ = false;
};

}  // namespace

Result<uint64_t> SampleDeleter::Delete(const SeriesBitmap& series, TimeRange range) {
  uint64_t total = 0;
  if (series.isEmpty() || range.min > range.max) return total;
  registry_.NoteBounds(series, range);
  const SeriesFilter filter(series);
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const Commit commit, DeleteSomePatiently(filter, range));
    total += commit.rows;
    if (!commit.is_last) continue;
    registry_.NoteBounds(series, range);  // of samples that came meanwhile and were deleted, too
    return total;
  }
}

Result<SampleDeleter::Commit> SampleDeleter::DeleteSomePatiently(const SeriesFilter& filter,
                                                                 TimeRange range) {
  const auto end = std::chrono::steady_clock::now() + conflict_wait_max_;
  while (true) {
    Result<Commit> commit = DeleteSome(filter, range);
    if (commit.status().code() != StatusCode::kConflict) return commit;
    if (std::chrono::steady_clock::now() >= end) {
      return Status::Unavailable("samples cannot be deleted now: ", commit.status().message());
    }
    std::this_thread::sleep_for(kConflictPause);
  }
}

// All tables in one transaction: a sample that is rolled up meanwhile is a conflict.
Result<SampleDeleter::Commit> SampleDeleter::DeleteSome(const SeriesFilter& filter,
                                                        TimeRange range) {
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  Commit all;
  const auto add = [&all](const Commit& some) {
    all.rows += some.rows;
    all.is_last = all.is_last && some.is_last;
  };
  for (const ObjectId id : kSampleTableIds) {
    LUMA_ASSIGN_OR_RETURN(const Commit samples, DeleteSamples(*transaction, id, filter, range,
                                                              rows_per_commit_ - all.rows));
    add(samples);
  }
  for (const ObjectId id : {kExemplarsTableId, kStartTimesTableId}) {
    LUMA_ASSIGN_OR_RETURN(const Commit beside,
                          DeleteSamples(*transaction, id, filter, range, rows_per_commit_));
    all.is_last = all.is_last && beside.is_last;
  }
  LUMA_ASSIGN_OR_RETURN(const Commit rollups,
                        DeleteRollups(*transaction, filter, range, rows_per_commit_ - all.rows));
  add(rollups);
  LUMA_RETURN_IF_ERROR(transaction->Commit());
  return all;
}

Result<SampleDeleter::Commit> SampleDeleter::DeleteSamples(Transaction& transaction, ObjectId id,
                                                           const SeriesFilter& filter,
                                                           TimeRange range, uint64_t rows_max) {
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, transaction.Read(id));
  RowCollector rows(transaction, id, rows_max);
  SampleScan scan;
  scan.table = table.get();
  scan.series = &filter;
  scan.range = range;
  scan.with_values = false;
  scan.cancelled = &is_cancelled_;
  const Status scanned = scan.Run([&](const SampleBlock& block) {
    for (const uint32_t row : block.rows) {
      LUMA_RETURN_IF_ERROR(rows.Add(MakeRowId(block.run, block.start + row)));
    }
    return Status::Ok();
  });
  LUMA_RETURN_IF_ERROR(rows.Finish(scanned));
  return Commit{.rows = rows.total(), .is_last = !rows.is_full()};
}

Result<SampleDeleter::Commit> SampleDeleter::DeleteRollups(Transaction& transaction,
                                                           const SeriesFilter& filter,
                                                           TimeRange range, uint64_t rows_max) {
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr table, transaction.Read(kRollupsTableId));
  RowCollector rows(transaction, kRollupsTableId, rows_max);
  RollupScan scan;
  scan.table = table.get();
  scan.series = &filter;
  scan.ends = BucketEndsFor(range);
  scan.with_values = false;
  scan.cancelled = &is_cancelled_;
  const Status scanned = scan.Run([&](RowId id, const RollupRow& row) {
    return LiesIn(row.rollup, range) ? rows.Add(id) : Status::Ok();
  });
  LUMA_RETURN_IF_ERROR(rows.Finish(scanned));
  return Commit{.rows = rows.total(), .is_last = !rows.is_full()};
}

}  // namespace luma::storage
