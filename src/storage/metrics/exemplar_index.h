// The newest exemplar of each series: targets show an exemplar on every page until there is another
// one, and senders repeat requests, so most exemplars are there already.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
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

// Derived from luma.exemplars; not exact after a start and when there are more than kSeriesMax
// series with exemplars: then some have to be looked up once more. Threads: any.
class ExemplarIndex {
 public:
  static constexpr size_t kSeriesMax = 1 << 18;  // 8 MB

  // No stored exemplar is newer than `floor`.
  explicit ExemplarIndex(UnixMillis floor) : floor_(floor), newest_of_all_(floor) {}

  // If each exemplar of the batch is newer than all of its series so far, or is its newest once
  // more, adds the former to `rows`, makes them the newest and returns true. On false nothing is to
  // be done with `rows`, and some series will have to be looked up. `ids` are those of the batch.
  bool TakeNewer(const SeriesBatch& batch, std::span<const SeriesId> ids, ExemplarRows& rows)
      LUMA_EXCLUDES(mutex_);
  // What TakeNewer said is newest was not stored after all.
  void Doubt(std::span<const SeriesId> ids) LUMA_EXCLUDES(mutex_);

  // kNewer: than all stored ones of the series. kNewest: it is stored. kLate: it may be.
  enum class Place : uint8_t { kNewer, kNewest, kLate };
  Place PlaceOf(SeriesId series, const ExemplarKey& exemplar) const LUMA_EXCLUDES(mutex_);
  // It is stored; one that is newer stays the newest.
  void Add(SeriesId series, const ExemplarKey& exemplar) LUMA_EXCLUDES(mutex_);

 private:
  static constexpr uint64_t kDoubtful = 0;  // a content that is never taken for another one

  Place Compare(uint64_t series, const ExemplarKey& exemplar) const LUMA_REQUIRES(mutex_);
  void Set(uint64_t series, const ExemplarKey& exemplar) LUMA_REQUIRES(mutex_);
  void DoubtOne(uint64_t series) LUMA_REQUIRES(mutex_);

  mutable Mutex mutex_;
  UnixMillis floor_ LUMA_GUARDED_BY(mutex_);
  UnixMillis newest_of_all_ LUMA_GUARDED_BY(mutex_);
  boost::unordered_flat_map<uint64_t, ExemplarKey> newest_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
