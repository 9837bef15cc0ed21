// Which exemplars are stored already: targets show an exemplar on every page until there is another
// one, and senders repeat requests, so most are.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <span>
#include <vector>

#include "base/mutex.h"
#include "model/labels.h"
#include "model/sample.h"
#include "model/series_batch.h"
#include "storage/metrics/sample_rows.h"

namespace luma::storage {

// Which exemplar of a series it is.
struct ExemplarKey {
  UnixMillis timestamp = 0;
  uint64_t content = 0;  // hash of value and labels
  static ExemplarKey Of(UnixMillis timestamp, double value, LabelsView labels);
  auto operator<=>(const ExemplarKey&) const = default;
};

// An exemplar and whose it is.
struct SeriesExemplarKey {
  SeriesId series{};
  ExemplarKey key;
  auto operator<=>(const SeriesExemplarKey&) const = default;
};

// What ExemplarIndex takes of a batch, to be stored.
struct NewExemplars {
  ExemplarRows rows;
  std::vector<SeriesExemplarKey> keys;
  uint64_t rows_lost = 0;  // when they were taken
};

// Derived from luma.exemplars: a bound on the newest exemplar of each series, and the exemplars
// that were stored lately. After a start, and beyond kSeriesMax series or kStoredMax exemplars, it
// knows less, and some have to be looked up once more. Threads: any.
class ExemplarIndex {
 public:
  static constexpr size_t kSeriesMax = 1 << 18;  // 5 MB
  static constexpr size_t kStoredMax = 1 << 18;  // 8 MB

  // No stored exemplar is newer than `floor`.
  explicit ExemplarIndex(UnixMillis floor);

  // Whether each exemplar of the batch is newer than all of its series, or is known to be stored.
  // `ids` are those of the batch.
  bool AreNewer(const SeriesBatch& batch, std::span<const SeriesId> ids) const
      LUMA_EXCLUDES(mutex_);
  // If so, gives the newer ones and returns true. They are not known as stored until Add: another
  // write that has them is not to be done before this one. On false nothing is to be done with
  // `taken`, and some series will have to be looked up.
  bool TakeNewer(const SeriesBatch& batch, std::span<const SeriesId> ids, NewExemplars& taken)
      LUMA_EXCLUDES(mutex_);

  // kNewer: than all stored ones of the series. kStored: it is there. kLate: it may be.
  enum class Place : uint8_t { kNewer, kStored, kLate };
  Place PlaceOf(SeriesId series, const ExemplarKey& exemplar) const LUMA_EXCLUDES(mutex_);
  // Whether it has a bound of its own on the newest of the series.
  bool Knows(SeriesId series) const LUMA_EXCLUDES(mutex_);
  // They are stored, unless they were deleted since `rows_lost` was what rows_lost() gave.
  void Add(std::span<const SeriesExemplarKey> stored, uint64_t rows_lost) LUMA_EXCLUDES(mutex_);
  // No stored exemplar of the series is newer; for a series that the index does not know.
  void SetNewest(SeriesId series, UnixMillis newest) LUMA_EXCLUDES(mutex_);

  // Rows are deleted behind the index, which then has to doubt what is stored: to be told how many
  // are gone so far (Maintenance::rows_lost) before it is asked.
  void NoteRowsLost(uint64_t rows) LUMA_EXCLUDES(mutex_);
  uint64_t rows_lost() const LUMA_EXCLUDES(mutex_);

 private:
  // Part of the series, so that little is forgotten at a time.
  struct Shard {
    UnixMillis floor;          // of series without an entry
    UnixMillis newest_of_all;  // of those that had one, too
    boost::unordered_flat_map<uint64_t, UnixMillis> newest;
  };
  struct Hash {
    size_t operator()(const SeriesExemplarKey& exemplar) const;
  };
  using StoredSet = boost::unordered_flat_set<SeriesExemplarKey, Hash>;
  static constexpr size_t kShards = 64;

  static size_t ShardOf(SeriesId series);
  UnixMillis NewestOf(SeriesId series) const LUMA_REQUIRES(mutex_);
  Place Compare(const SeriesExemplarKey& exemplar) const LUMA_REQUIRES(mutex_);
  void SetNewestOf(SeriesId series, UnixMillis newest) LUMA_REQUIRES(mutex_);
  void AddOne(const SeriesExemplarKey& exemplar) LUMA_REQUIRES(mutex_);

  mutable Mutex mutex_;
  std::array<Shard, kShards> shards_ LUMA_GUARDED_BY(mutex_);
  // When the later one is full it becomes the earlier one.
  StoredSet stored_later_ LUMA_GUARDED_BY(mutex_);
  StoredSet stored_earlier_ LUMA_GUARDED_BY(mutex_);
  uint64_t rows_lost_ LUMA_GUARDED_BY(mutex_) = 0;
};

}  // namespace luma::storage
