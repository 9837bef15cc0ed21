#include "storage/metrics/sample_deleter.h"

#include <memory>
#include <thread>
#include <vector>

#include "storage/metrics/sample_scan.h"

namespace luma::storage {
namespace {

constexpr std::chrono::milliseconds kConflictPause{10};
// Each call of Transaction::Delete copies the bitmaps of its runs.
constexpr size_t kRowsPerCall = 256 * 1024;

// Hands rows of one transaction to it, many at a time.
class RowCollector {
 public:
  RowCollector(Transaction& transaction, uint64_t rows_max)
      : transaction_(transaction), rows_max_(rows_max) {}

  // kCancelled once there are rows_max.
  Status Add(const SampleBlock& block) {
    for (const uint32_t row : block.rows) {
      if (total_ == rows_max_) {
        is_full_ = true;
        return Status::Cancelled("enough rows for one commit");
      }
      rows_.push_back(MakeRowId(block.run, block.start + row));
      ++total_;
    }
    return rows_.size() < kRowsPerCall ? Status::Ok() : Delete();
  }
  Status Delete() {
    LUMA_RETURN_IF_ERROR(transaction_.Delete(kSamplesTableId, rows_).status());
    rows_.clear();
    return Status::Ok();
  }
  uint64_t total() const { return total_; }
  bool is_full() const { return is_full_; }

 private:
  Transaction& transaction_;
  const uint64_t rows_max_;
  std::vector<RowId> rows_;
  uint64_t total_ = 0;
  bool is_full_ = false;
};

}  // namespace

Result<uint64_t> SampleDeleter::Delete(const SeriesBitmap& series, TimeRange range) {
  uint64_t total = 0;
  if (series.isEmpty() || range.min > range.max) return total;
  const SeriesFilter filter(series);
  while (true) {
    LUMA_ASSIGN_OR_RETURN(const Commit commit, DeleteSomePatiently(filter, range));
    total += commit.rows;
    if (commit.is_last) return total;
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

Result<SampleDeleter::Commit> SampleDeleter::DeleteSome(const SeriesFilter& filter,
                                                        TimeRange range) {
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  LUMA_ASSIGN_OR_RETURN(const TableSnapshotPtr samples, transaction->Read(kSamplesTableId));
  RowCollector rows(*transaction, rows_per_commit_);
  SampleScan scan;
  scan.table = samples.get();
  scan.series = &filter;
  scan.range = range;
  scan.with_values = false;
  const Status scanned = scan.Run([&](const SampleBlock& block) {
    return is_cancelled_ ? Status::Cancelled("store is closing") : rows.Add(block);
  });
  if (!scanned.ok() && !rows.is_full()) return scanned;
  LUMA_RETURN_IF_ERROR(rows.Delete());
  LUMA_RETURN_IF_ERROR(transaction->Commit());
  return Commit{.rows = rows.total(), .is_last = !rows.is_full()};
}

}  // namespace luma::storage
