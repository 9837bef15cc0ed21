#include "storage/metrics/rollup_batch.h"

#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "base/failpoint.h"
#include "storage/metrics/rolled_up_ends.h"
#include "storage/metrics/rollup_scan.h"
#include "storage/metrics/sample_scan.h"

namespace luma::storage {
namespace {

// A sample, or a rollup in rollups_. In order: a rollup comes before a sample that repeats its
// first one.
struct Part {
  static constexpr uint32_t kSample = UINT32_MAX;

  uint32_t series = 0;
  uint32_t rollup = kSample;
  UnixMillis time = 0;  // of the first sample
  double value = 0;     // of a sample

  bool operator<(const Part& other) const {
    return std::tie(series, time, rollup) < std::tie(other.series, other.time, other.rollup);
  }
};

struct Bucket {
  uint32_t series = 0;
  UnixMillis end = 0;
  auto operator<=>(const Bucket&) const = default;
};

class BatchCommit {
 public:
  BatchCommit(MultiTierStorage& engine, const RollupBatch& batch, BudgetLease memory)
      : batch_(batch), transaction_(engine.Begin()), memory_(std::move(memory)) {}

  Result<std::optional<RollupCounts>> Run() {
    LUMA_ASSIGN_OR_RETURN(samples_, transaction_->Read(kSamplesTableId));
    LUMA_ASSIGN_OR_RETURN(stored_, transaction_->Read(kRollupsTableId));
    const Status collected = Collect();
    if (has_too_many_) return std::optional<RollupCounts>();
    LUMA_RETURN_IF_ERROR(collected);
    if (parts_.empty()) return std::optional(RollupCounts());
    SortParts();
    FindBuckets();
    LUMA_RETURN_IF_ERROR(CollectBuckets());
    SortParts();
    LUMA_ASSIGN_OR_RETURN(const uint64_t rollups_out, Replace());
    LUMA_FAILPOINT("downsampling.before_commit");
    LUMA_RETURN_IF_ERROR(transaction_->Commit());
    LUMA_FAILPOINT("downsampling.after_commit");
    return std::optional(RollupCounts{.samples_in = sample_rows_.size(),
                                      .rollups_in = rollup_rows_.size(),
                                      .rollups_out = rollups_out,
                                      .commits = 1});
  }

 private:
  static constexpr uint64_t kPartBytes = sizeof(Part) + sizeof(RowId);

  // What there is to roll up. The end of a finer bucket lies where its samples do, as for them.
  Status Collect() {
    const SeriesFilter filter(batch_.series);
    SampleScan samples;
    samples.table = samples_.get();
    samples.series = &filter;
    samples.range = batch_.times;
    samples.cancelled = batch_.cancelled;
    LUMA_RETURN_IF_ERROR(samples.Run([this](const SampleBlock& block) { return Add(block); }));
    // Rules may have been others: what is no whole part of a bucket stays as it is.
    return ScanRollups(
        filter, batch_.times, batch_.resolution_ms - 1,
        [this](const RollupRow& row) { return batch_.resolution_ms % row.resolution_ms == 0; });
  }

  // The rows that the buckets have already: late samples are added to them.
  Status CollectBuckets() {
    SeriesBitmap series;
    for (const Bucket& bucket : buckets_) series.add(bucket.series);
    const auto ends = std::ranges::minmax(buckets_, {}, &Bucket::end);
    return ScanRollups(SeriesFilter(series), {.min = ends.min.end, .max = ends.max.end},
                       batch_.resolution_ms, [this](const RollupRow& row) {
                         const Bucket bucket{static_cast<uint32_t>(row.series), row.ts};
                         return row.resolution_ms == batch_.resolution_ms &&
                                std::ranges::binary_search(buckets_, bucket);
                       });
  }

  template <typename IsWanted>
  Status ScanRollups(const SeriesFilter& series, TimeRange ends, int64_t resolution_ms_max,
                     const IsWanted& is_wanted) {
    RollupScan scan;
    scan.table = stored_.get();
    scan.series = &series;
    scan.ends = ends;
    scan.resolution_ms_max = resolution_ms_max;
    scan.cancelled = batch_.cancelled;
    return scan.Run([&](RowId id, const RollupRow& row) {
      return is_wanted(row) ? Add(id, row) : Status::Ok();
    });
  }

  Status Add(const SampleBlock& block) {
    LUMA_RETURN_IF_ERROR(CheckCount(block.rows.size()));
    LUMA_RETURN_IF_ERROR(memory_.Grow(block.rows.size() * kPartBytes));
    for (const uint32_t row : block.rows) {
      parts_.push_back({.series = static_cast<uint32_t>(block.series[row]),
                        .time = block.timestamps[row],
                        .value = block.values[row]});
      sample_rows_.push_back(MakeRowId(block.run, block.start + row));
    }
    return Status::Ok();
  }

  Status Add(RowId id, const RollupRow& row) {
    LUMA_RETURN_IF_ERROR(CheckCount(1));
    LUMA_RETURN_IF_ERROR(memory_.Grow(kPartBytes + sizeof(Rollup)));
    parts_.push_back({.series = static_cast<uint32_t>(row.series),
                      .rollup = static_cast<uint32_t>(rollups_.size()),
                      .time = row.rollup.first_ts});
    rollups_.push_back(row.rollup);
    rollup_rows_.push_back(id);
    return Status::Ok();
  }

  // Rows that buckets have already are no more than the other parts, and do not count.
  Status CheckCount(uint64_t added) {
    has_too_many_ = buckets_.empty() && parts_.size() + added > batch_.rows_max;
    return has_too_many_ ? Status::Cancelled("too many rows for one commit") : Status::Ok();
  }

  void SortParts() {
    if (!std::ranges::is_sorted(parts_, std::less())) std::sort(parts_.begin(), parts_.end());
  }

  Bucket BucketOf(const Part& part) const {
    return {.series = part.series, .end = BucketEnd(part.time, batch_.resolution_ms)};
  }

  void FindBuckets() {
    for (const Part& part : parts_) {
      const Bucket bucket = BucketOf(part);
      if (buckets_.empty() || buckets_.back() != bucket) buckets_.push_back(bucket);
    }
  }

  // Gives the number of new rows.
  Result<uint64_t> Replace() {
    LUMA_RETURN_IF_ERROR(memory_.Grow(buckets_.size() * 2 * sizeof(RollupRow)));
    LUMA_RETURN_IF_ERROR(transaction_->Delete(kSamplesTableId, sample_rows_).status());
    LUMA_RETURN_IF_ERROR(transaction_->Delete(kRollupsTableId, rollup_rows_).status());
    LUMA_RETURN_IF_ERROR(transaction_->Append(kRollupsTableId, MakeRollupRows(Fold())));
    return buckets_.size();
  }

  std::vector<RollupRow> Fold() const {
    std::vector<RollupRow> rows;
    rows.reserve(buckets_.size());
    auto part = parts_.begin();
    for (const Bucket& bucket : buckets_) {
      const auto end = std::find_if_not(
          part, parts_.end(), [&](const Part& other) { return BucketOf(other) == bucket; });
      rows.push_back({.series = bucket.series,
                      .ts = bucket.end,
                      .resolution_ms = batch_.resolution_ms,
                      .rollup = FoldOne({part, end})});
      part = end;
    }
    LUMA_CHECK(part == parts_.end());
    return rows;
  }

  Rollup FoldOne(std::span<const Part> parts) const {
    RolledUpEnds ends;
    for (const Part& part : parts) {
      if (part.rollup != Part::kSample) ends.Add(rollups_[part.rollup]);
    }
    RollupFold fold;
    for (const Part& part : parts) {
      const Rollup rollup = part.rollup == Part::kSample ? Rollup::Of({part.time, part.value})
                                                         : rollups_[part.rollup];
      if (!ends.HaveAgain(rollup)) fold.Add(rollup);
    }
    return fold.Total();
  }

  const RollupBatch& batch_;
  const std::unique_ptr<Transaction> transaction_;
  BudgetLease memory_;
  TableSnapshotPtr samples_;
  TableSnapshotPtr stored_;
  bool has_too_many_ = false;
  std::vector<Part> parts_;
  std::vector<Rollup> rollups_;
  std::vector<RowId> sample_rows_;
  std::vector<RowId> rollup_rows_;
  std::vector<Bucket> buckets_;  // of all parts, in order; empty until all are known
};

}  // namespace

Result<std::optional<RollupCounts>> CommitRollups(MultiTierStorage& engine,
                                                  const RollupBatch& batch) {
  LUMA_ASSIGN_OR_RETURN(BudgetLease memory, engine.budget().Book(BudgetUse::kMerge, 0));
  return BatchCommit(engine, batch, std::move(memory)).Run();
}

}  // namespace luma::storage
