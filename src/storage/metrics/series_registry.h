// The active series, in memory: labels to id, id to labels, matchers to ids. Derived from
// luma.series at start. Series without recent samples are in partitions on disk (retired_series.h):
// who wants to know about all asks SeriesDirectory.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <roaring/roaring.hh>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/mutex.h"
#include "model/labels.h"
#include "model/matcher.h"
#include "model/sample.h"
#include "model/series_batch.h"
#include "storage/metrics/byte_arena.h"
#include "storage/metrics/label_index.h"
#include "storage/metrics/series_records.h"
#include "storage/metrics/text_set.h"

namespace luma::storage {

// Ids are below 2^32 and handed out by the one writer, which gives none twice.
// Threads: every method from any thread; additions and removals are one at a time. A lock is taken
// once per call and held for microseconds, except by matchers that test many label values, and
// where all series are looked at: some milliseconds for each million of them.
class SeriesRegistry {
 public:
  static constexpr uint64_t kSeriesMax = UINT32_MAX;
  static constexpr UnixMillis kNoSample = storage::kNoSample;

  SeriesRegistry() = default;
  SeriesRegistry(const SeriesRegistry&) = delete;
  SeriesRegistry& operator=(const SeriesRegistry&) = delete;

  // ---- reading, for every user

  uint64_t series_count() const LUMA_EXCLUDES(mutex_);
  // Those that take memory: removed ones do until there are enough of them.
  uint64_t resident_count() const LUMA_EXCLUDES(mutex_);
  // Rises with every change: equal versions mean equal answers of every method below.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // One more than the greatest id it has had; rises before a reader can find the series.
  uint64_t ids_end() const { return ids_end_.load(std::memory_order_acquire); }
  // As version(), for what concerns one metric; 0 when there is no such metric.
  uint64_t MetricVersion(std::string_view metric) const LUMA_EXCLUDES(mutex_);

  // Canonical bytes, appended to `out`. False when there is no such series. A reader of
  // luma.samples may meet an id that is registered a moment later: it belongs to a write not yet
  // acknowledged.
  bool AppendLabels(SeriesId id, std::string& out) const LUMA_EXCLUDES(mutex_);
  // The value of one label of each series, "" when series or label do not exist. Like reading a
  // column: `values` has as many entries as `ids`.
  void LabelValuesOf(std::span<const SeriesId> ids, std::string_view name,
                     std::span<std::string> values) const LUMA_EXCLUDES(mutex_);

  std::vector<std::string> MetricNames() const LUMA_EXCLUDES(mutex_);  // sorted
  // Names of the labels that some series of the metric has, sorted, without __name__. May have
  // those of removed series while these take memory.
  std::vector<std::string> LabelNamesOf(std::string_view metric) const LUMA_EXCLUDES(mutex_);
  std::vector<SeriesId> SeriesOf(std::string_view metric) const LUMA_EXCLUDES(mutex_);  // ascending

  // Ids of the active series that satisfy all matchers.
  SeriesBitmap SelectActive(const Matchers& matchers) const LUMA_EXCLUDES(mutex_);
  // Sorted, unique; of the given series.
  std::vector<std::string> LabelNames(const SeriesBitmap& ids) const LUMA_EXCLUDES(mutex_);
  // Those of the given series. Errors: kOutOfMemory.
  Status AddLabelValues(std::string_view name, const SeriesBitmap& ids, TextSet& values) const
      LUMA_EXCLUDES(mutex_);
  // Of `ids`, the series whose Newest lies in `range` and is exact, as far as is known: not
  // `bound`, and not noted as a bound.
  SeriesBitmap NewestIn(const SeriesBitmap& ids, TimeRange range, UnixMillis bound) const
      LUMA_EXCLUDES(mutex_);

  size_t allocated_bytes() const LUMA_EXCLUDES(mutex_);

  // ---- writing, for MetricsStore

  struct Addition {
    SeriesId id;
    LabelsView labels;
    Hash128 hash;       // of the labels
    UnixMillis newest;  // see Newest
  };
  // Errors: kCorruption when an id or a label set is there already; what came before it is added.
  Status Add(std::span<const Addition> additions) LUMA_EXCLUDES(mutex_);

  // The series are unknown from here on; nobody writes to them meanwhile. Memory comes back once an
  // eighth of all have been removed, which takes about a second per million series that stay; reads
  // go on.
  void Remove(const SeriesBitmap& ids) LUMA_EXCLUDES(mutex_);

  // As MetricsSink::FindSeries.
  void FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const
      LUMA_EXCLUDES(mutex_);
  // The id of every series of the batch, kUnknownSeries where there is none (any more). Returns how
  // many are unknown.
  size_t Resolve(const SeriesBatch& batch, std::vector<SeriesId>& ids) const LUMA_EXCLUDES(mutex_);
  // If every sample is newer than every sample of its series so far, and no series was removed,
  // makes them the newest and returns true. On false some series may have a newest timestamp that
  // is too high, which costs their next write a look-up and nothing else. `ids` are those of the
  // batch.
  bool Advance(const SeriesBatch& batch, std::span<const SeriesId> ids) LUMA_EXCLUDES(mutex_);
  // No sample of the series, which is there, is newer. An upper bound until SetNewest made it
  // exact.
  UnixMillis Newest(SeriesId id) const LUMA_EXCLUDES(mutex_);
  void SetNewest(SeriesId id, UnixMillis newest) LUMA_EXCLUDES(mutex_, notes_mutex_);
  // Newest of these series is only a bound, where it lies in `range`, until it rises.
  void NoteBounds(const SeriesBitmap& ids, TimeRange range) LUMA_EXCLUDES(mutex_);
  // The same as Newest; nullopt when there is no such series.
  std::optional<UnixMillis> FindNewest(SeriesId id) const LUMA_EXCLUDES(mutex_);

  // ---- for SeriesRetirer
  struct IdleSeries {
    uint32_t id;
    UnixMillis newest;
  };
  // The series that have had samples, none from `cutoff` on, and those whose newest timestamp is
  // `bound`. From now on the series that SetNewest is called for are noted.
  std::vector<IdleSeries> NoteWritesAndFindIdle(UnixMillis cutoff, UnixMillis bound)
      LUMA_EXCLUDES(mutex_, notes_mutex_);
  // The noted ones. Notes end.
  SeriesBitmap TakeNoted() LUMA_EXCLUDES(notes_mutex_);

 private:
  struct Metric {
    std::vector<std::string_view> label_names;  // sorted, without __name__
    uint64_t version = 0;
  };
  // The set holds ids and looks their hashes up in the records.
  struct IdHash {
    using is_transparent = void;
    using is_avalanching = void;
    const SeriesRecords* records;
    size_t operator()(uint32_t id) const { return (*records)[id].hash.low; }
    size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  struct IdEqual {
    using is_transparent = void;
    const SeriesRecords* records;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(const Hash128& a, uint32_t b) const { return a == (*records)[b].hash; }
    bool operator()(uint32_t a, const Hash128& b) const { return b == (*records)[a].hash; }
  };

  SeriesId FindByHash(const Hash128& hash) const LUMA_REQUIRES_SHARED(mutex_);
  // What is made of the labels of series, and made anew without those that were removed.
  struct Interned {
    LabelIndex index;
    ByteArena lists;  // of pairs
    std::map<std::string_view, Metric, std::less<>> metrics;

    // Adds a series to all three; returns its list of pairs.
    const char* Add(uint32_t id, LabelsView labels, uint64_t version);
    void AddToMetric(std::span<const PairId> pairs, uint64_t version);
  };

  SeriesRecord* Find(SeriesId id) const LUMA_REQUIRES_SHARED(mutex_) {
    return records_.Find(static_cast<uint64_t>(id));
  }
  Status AddOne(const Addition& addition) LUMA_REQUIRES(mutex_);
  void AppendPairs(const SeriesRecord& record, std::string& out) const LUMA_REQUIRES_SHARED(mutex_);
  std::vector<std::string> LabelNamesBySeries(const SeriesBitmap& ids) const
      LUMA_REQUIRES_SHARED(mutex_);
  std::vector<std::string> LabelNamesByPairs(const SeriesBitmap& ids) const
      LUMA_REQUIRES_SHARED(mutex_);
  // Of the series that are left.
  void InternAnew() LUMA_EXCLUDES(mutex_);

  mutable SharedMutex mutex_;
  std::atomic<uint64_t> version_{1};
  std::atomic<uint64_t> ids_end_{0};
  std::unique_ptr<Interned> interned_ LUMA_GUARDED_BY(mutex_) = std::make_unique<Interned>();
  uint64_t removed_count_ LUMA_GUARDED_BY(mutex_) = 0;    // still interned
  uint64_t removed_version_ LUMA_GUARDED_BY(mutex_) = 0;  // after the last removal
  SeriesRecords records_ LUMA_GUARDED_BY(mutex_);
  boost::unordered_flat_set<uint32_t, IdHash, IdEqual> by_hash_ LUMA_GUARDED_BY(mutex_){
      0, IdHash{&records_}, IdEqual{&records_}};
  SeriesBitmap all_ LUMA_GUARDED_BY(mutex_);
  // Newest timestamps that may be those of no sample, by id.
  boost::unordered_flat_map<uint32_t, UnixMillis> bounds_ LUMA_GUARDED_BY(mutex_);

  // Apart from mutex_, which readers may hold for long; neither is taken while the other is held.
  Mutex notes_mutex_;
  bool is_noting_ LUMA_GUARDED_BY(notes_mutex_) = false;
  SeriesBitmap noted_ LUMA_GUARDED_BY(notes_mutex_);
};

}  // namespace luma::storage
