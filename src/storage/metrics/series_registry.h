// Every series of the database in memory: labels to id, id to labels, matchers to ids, and what the
// relations metrics.<name> need to know. Derived from luma.series at start.
#pragma once

#include <atomic>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
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

namespace luma::storage {

// Series are only ever added, so everything returned as a string_view stays valid for the life of
// the registry. Ids are below 2^32 and handed out by the one writer.
// Threads: every method from any thread; additions are one at a time. A lock is taken once per call
// and held for microseconds, except by matchers that test many label values.
class SeriesRegistry {
 public:
  static constexpr uint64_t kSeriesMax = UINT32_MAX;
  // Newest timestamp of a series that has no samples.
  static constexpr UnixMillis kNoSample = std::numeric_limits<UnixMillis>::min();

  SeriesRegistry() = default;
  SeriesRegistry(const SeriesRegistry&) = delete;
  SeriesRegistry& operator=(const SeriesRegistry&) = delete;

  // ---- reading, for every user

  uint64_t series_count() const LUMA_EXCLUDES(mutex_);
  // Rises with every addition: equal versions mean equal answers of every method below.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  // The same for what concerns one metric; 0 when there is no such metric.
  uint64_t MetricVersion(std::string_view metric) const LUMA_EXCLUDES(mutex_);

  // Canonical bytes, appended to `out`. False when there is no such series. A reader of
  // luma.samples may meet an id that is registered a moment later: it belongs to a write not yet
  // acknowledged.
  bool AppendLabels(SeriesId id, std::string& out) const LUMA_EXCLUDES(mutex_);
  // The value of one label of each series, "" when series or label do not exist. Like reading a
  // column: `values` has as many entries as `ids`.
  void LabelValuesOf(std::span<const SeriesId> ids, std::string_view name,
                     std::span<std::string_view> values) const LUMA_EXCLUDES(mutex_);

  std::vector<std::string_view> MetricNames() const LUMA_EXCLUDES(mutex_);  // sorted
  // Names of the labels that some series of the metric has, sorted, without __name__.
  std::vector<std::string_view> LabelNamesOf(std::string_view metric) const LUMA_EXCLUDES(mutex_);
  std::vector<SeriesId> SeriesOf(std::string_view metric) const LUMA_EXCLUDES(mutex_);  // ascending

  // Ids of the series that satisfy all matchers.
  SeriesBitmap Select(const Matchers& matchers) const LUMA_EXCLUDES(mutex_);
  // Sorted, unique; of the given series.
  std::vector<std::string> LabelNames(const SeriesBitmap& ids) const LUMA_EXCLUDES(mutex_);
  std::vector<std::string> LabelValues(std::string_view name, const SeriesBitmap& ids) const
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

  // As MetricsSink::FindSeries.
  void FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const
      LUMA_EXCLUDES(mutex_);
  // The id of every series of the batch, kUnknownSeries where there is none. Returns how many are
  // unknown.
  size_t Resolve(const SeriesBatch& batch, std::vector<SeriesId>& ids) const LUMA_EXCLUDES(mutex_);
  // If every sample is newer than every sample of its series so far, makes them the newest and
  // returns true. On false some series may have a newest timestamp that is too high, which costs
  // their next write a look-up and nothing else. `ids` are those of the batch, all of them known.
  bool Advance(const SeriesBatch& batch, std::span<const SeriesId> ids) LUMA_EXCLUDES(mutex_);
  // No sample of the series is newer. An upper bound until SetNewest made it exact.
  UnixMillis Newest(SeriesId id) const LUMA_EXCLUDES(mutex_);
  void SetNewest(SeriesId id, UnixMillis newest) LUMA_EXCLUDES(mutex_);

 private:
  struct Record {
    Hash128 hash;
    const char* pairs = nullptr;  // varint count, then that many varint PairIds; null: no series
    std::atomic<UnixMillis> newest = kNoSample;
  };
  struct Metric {
    std::vector<std::string_view> label_names;  // sorted, without __name__
    uint64_t version = 0;
  };
  // The set holds ids and looks their hashes up in the records.
  struct IdHash {
    using is_transparent = void;
    using is_avalanching = void;
    const std::deque<Record>* records;
    size_t operator()(uint32_t id) const { return (*records)[id].hash.low; }
    size_t operator()(const Hash128& hash) const { return hash.low; }
  };
  struct IdEqual {
    using is_transparent = void;
    const std::deque<Record>* records;
    bool operator()(uint32_t a, uint32_t b) const { return a == b; }
    bool operator()(const Hash128& a, uint32_t b) const { return a == (*records)[b].hash; }
    bool operator()(uint32_t a, const Hash128& b) const { return b == (*records)[a].hash; }
  };

  SeriesId FindByHash(const Hash128& hash) const LUMA_REQUIRES_SHARED(mutex_);
  const Record* Find(SeriesId id) const LUMA_REQUIRES_SHARED(mutex_);
  Status AddOne(const Addition& addition) LUMA_REQUIRES(mutex_);
  void AddToMetric(std::span<const PairId> pairs) LUMA_REQUIRES(mutex_);

  mutable SharedMutex mutex_;
  std::atomic<uint64_t> version_{1};
  LabelIndex index_ LUMA_GUARDED_BY(mutex_);
  ByteArena arena_ LUMA_GUARDED_BY(mutex_);             // lists of pairs
  std::deque<Record> records_ LUMA_GUARDED_BY(mutex_);  // by id
  boost::unordered_flat_set<uint32_t, IdHash, IdEqual> by_hash_ LUMA_GUARDED_BY(mutex_){
      0, IdHash{&records_}, IdEqual{&records_}};
  SeriesBitmap all_ LUMA_GUARDED_BY(mutex_);
  std::map<std::string_view, Metric, std::less<>> metrics_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::storage
