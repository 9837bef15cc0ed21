// The series that are not in memory: partitions on disk, and the list of them. All of it derived
// from luma.series and the samples: what is lost or damaged is made anew
// (docs/adr/0015-series-partitions.md).
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"
#include "io/file_system.h"
#include "storage/budget.h"
#include "storage/metrics/postings.h"
#include "storage/metrics/retired/series_index_file.h"
#include "storage/metrics/retired/series_partition.h"

namespace luma::storage {

struct RetiredPartition {
  uint64_t number = 0;  // of the file
  std::shared_ptr<const SeriesPartition> file;
  // Of its series, those that are retired: the others have come back to memory or were removed.
  std::shared_ptr<const SeriesBitmap> live;
};

// What tells one start of a database from all others, of whatever version.
struct DatabaseStart {
  DatabaseUuid uuid{};
  uint64_t epoch = 1;  // one more at every start
  // Once it has returned OK, the next start has another epoch.
  std::function<Status()> keep_epoch = [] { return Status::Ok(); };
};

// Immutable. A series is live in at most one.
using RetiredView = std::vector<RetiredPartition>;
using RetiredViewPtr = std::shared_ptr<const RetiredView>;

struct RetiredStats {
  uint64_t series = 0;
  uint64_t partitions = 0;
  uint64_t file_bytes = 0;
  uint64_t memory_bytes = 0;
};

// Invariants of the file `index` (docs/formats/series_partition.md), after every crash:
//  (1) A series that it has as live has no sample outside of the times of its partition.
//  (2) It names no series as live that gets samples: those are taken out before the samples come.
// Threads: const methods from any; Write and RemoveFile from one; the rest one at a time. Lifetime:
// file system and budget outlive it.
class RetiredSeries {
 public:
  // Of a store that retires none.
  RetiredSeries();
  // Removes files that the list does not name. What cannot be read is left out, durably, and so is
  // the whole list if the start before `start` did not write it: whoever opens reads these series
  // from luma.series. Where the directory can not be made, none is retired until the next start.
  // Errors: those of removing a list that may count at another start.
  static Result<std::unique_ptr<RetiredSeries>> Open(io::FileSystem& fs, io::Path directory,
                                                     MemoryBudget& budget,
                                                     const DatabaseStart& start);

  // Of a start that writes no samples: a list that counts at `start` counts at the next one, too.
  // Durable on return. Errors: kNotFound without a list; those of a list that does not count, which
  // stays as it is, and of writing.
  static Status RenewList(io::FileSystem& fs, const io::Path& directory,
                          const DatabaseStart& start);

  bool is_enabled() const { return fs_ != nullptr; }
  // To be kept while it is used: `for (... : *view())` would lose it before the first step.
  RetiredViewPtr view() const LUMA_EXCLUDES(mutex_);
  // Rises whenever views have series that those before had not.
  uint64_t additions() const { return additions_.load(std::memory_order_acquire); }
  SeriesBitmap ids() const;  // live ones
  // No series of any partition has this id or a greater one, live or not.
  uint64_t ids_end() const;
  RetiredStats stats() const;
  bool is_damaged() const;  // a partition is

  // Writes a file that the list does not name yet; gives the partition with all series live.
  // Durable on return. Errors: kDiskFull, kIoError; no file stays then.
  Result<RetiredPartition> Write(ByteSpan bytes);
  void RemoveFile(const RetiredPartition& partition);
  // Takes the partitions `gone` (numbers) out and `added` in. Durable on return; on an error
  // nothing has changed, but the disk may say that it has: see may_be_ahead.
  Status Replace(std::span<const uint64_t> gone, std::span<const RetiredPartition> added);
  // These are retired no more. Durable on return; on an error nothing has changed.
  Status Forget(const SeriesBitmap& ids);
  // The same for series that are in luma.series no more. An error is logged: the next start finds
  // out which these are.
  void ForgetRemoved(const SeriesBitmap& ids);
  // The list on disk may name series that view() has not: none may get samples before Settle.
  bool may_be_ahead() const { return may_be_ahead_.load(std::memory_order_relaxed); }
  // Writes the list again if that failed before, so that the disk says no more than view(), and
  // with the epoch if that could not be kept before.
  Status Settle();

 private:
  RetiredSeries(io::FileSystem& fs, io::Path directory, MemoryBudget& budget,
                const DatabaseStart& start);

  io::Path PathOf(uint64_t number) const;
  Status Load();
  // The view that `index` gives, and the list with the mark of this start; neither when the disk is
  // full and the list does not count as it is.
  Status TakeListed(const Result<SeriesIndexFile>& index);
  // What can be opened of the partitions that the list names. Sets `is_damaged` if that is not all.
  RetiredView OpenListed(const SeriesIndexFile& index, bool& is_damaged);
  Result<std::shared_ptr<const SeriesPartition>> OpenFile(uint64_t number) const;
  Result<RetiredPartition> OpenPartition(const SeriesIndexFile::Partition& listed) const;
  // As it is now, at a later start.
  bool MayIndexCountLater() const;
  // An error is logged if the list can not count later.
  Status RemoveIndex();
  // An error is logged: files too many are in nobody's way.
  void RemoveUnlisted();
  // An error is logged: files too many are in nobody's way.
  void RemovePath(const io::Path& path);
  Result<RetiredPartition> WriteNumbered(uint64_t number, ByteSpan bytes);
  Bytes IndexOf(const RetiredView& view) const;
  Status WriteIndex(const RetiredView& view);
  // What `view` leaves out of the one before is removed from the disk.
  void Publish(RetiredView view) LUMA_EXCLUDES(mutex_);
  static RetiredView Without(const RetiredView& view, const SeriesBitmap& ids);

  io::FileSystem* const fs_ = nullptr;
  const io::Path directory_;
  MemoryBudget* const budget_ = nullptr;
  const DatabaseStart start_;
  bool is_epoch_kept_ = false;
  BudgetLease memory_;
  std::atomic<uint64_t> next_number_{1};
  std::atomic<uint64_t> additions_{0};
  // The list on disk names series that were removed, or has not the mark of this start.
  bool is_behind_ = false;
  std::atomic<bool> may_be_ahead_{false};
  mutable Mutex mutex_;
  RetiredViewPtr view_ LUMA_GUARDED_BY(mutex_) = std::make_shared<const RetiredView>();
};

}  // namespace luma::storage
