#include "storage/metrics/series_registry.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/bytes.h"

namespace luma::storage {
namespace {

void AppendVarint(uint32_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

// Reads a record's list of pairs.
class PairCursor {
 public:
  explicit PairCursor(const char* list) : at_(list), left_(TakeVarint()) {}
  bool done() const { return left_ == 0; }
  PairId Next() {
    --left_;
    return PairId{TakeVarint()};
  }

 private:
  // Of bytes that AppendVarint wrote.
  uint32_t TakeVarint() {
    uint32_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      value |= static_cast<uint32_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  const char* at_;
  uint32_t left_;
};

uint32_t ToNumber(SeriesId id) { return static_cast<uint32_t>(id); }

// Where the label that ends at `value` lies in canonical bytes, given where the one before ends.
PairFragment FragmentUpTo(std::string_view value, const char* begin) {
  return {begin, static_cast<size_t>(value.data() + value.size() - begin)};
}

}  // namespace

uint64_t SeriesRegistry::series_count() const {
  ReaderLock lock(mutex_);
  return by_hash_.size();
}

uint64_t SeriesRegistry::MetricVersion(std::string_view metric) const {
  ReaderLock lock(mutex_);
  const auto found = metrics_.find(metric);
  return found == metrics_.end() ? 0 : found->second.version;
}

const SeriesRegistry::Record* SeriesRegistry::Find(SeriesId id) const {
  if (static_cast<uint64_t>(id) >= records_.size()) return nullptr;
  const Record& record = records_[ToNumber(id)];
  return record.pairs == nullptr ? nullptr : &record;
}

bool SeriesRegistry::AppendLabels(SeriesId id, std::string& out) const {
  ReaderLock lock(mutex_);
  const Record* const record = Find(id);
  if (record == nullptr) return false;
  for (PairCursor pairs(record->pairs); !pairs.done();) out.append(index_.Fragment(pairs.Next()));
  return true;
}

void SeriesRegistry::LabelValuesOf(std::span<const SeriesId> ids, std::string_view name,
                                   std::span<std::string_view> values) const {
  LUMA_CHECK(ids.size() == values.size());
  ReaderLock lock(mutex_);
  for (size_t i = 0; i < ids.size(); ++i) {
    values[i] = "";
    const Record* const record = Find(ids[i]);
    if (record == nullptr) continue;
    for (PairCursor pairs(record->pairs); !pairs.done();) {
      const LabelRef label = index_.Label(pairs.Next());
      if (label.name == name) values[i] = label.value;
    }
  }
}

std::vector<std::string_view> SeriesRegistry::MetricNames() const {
  ReaderLock lock(mutex_);
  std::vector<std::string_view> names;
  names.reserve(metrics_.size());
  for (const auto& [name, metric] : metrics_) names.push_back(name);
  return names;
}

std::vector<std::string_view> SeriesRegistry::LabelNamesOf(std::string_view metric) const {
  ReaderLock lock(mutex_);
  const auto found = metrics_.find(metric);
  return found == metrics_.end() ? std::vector<std::string_view>() : found->second.label_names;
}

std::vector<SeriesId> SeriesRegistry::SeriesOf(std::string_view metric) const {
  ReaderLock lock(mutex_);
  SeriesBitmap ids;
  const auto pair = index_.Find({kMetricNameLabel, metric});
  if (pair.has_value()) index_.SeriesOf(*pair).AddTo(ids);
  std::vector<SeriesId> series;
  series.reserve(ids.cardinality());
  for (const uint32_t id : ids) series.push_back(SeriesId{id});
  return series;
}

SeriesBitmap SeriesRegistry::Select(const Matchers& matchers) const {
  // Those that look up a few values go first: they leave less for the others to work on.
  std::vector<const Matcher*> order;
  for (const Matcher& matcher : matchers) order.push_back(&matcher);
  std::partition(order.begin(), order.end(),
                 [](const Matcher* matcher) { return !matcher->literals().empty(); });
  ReaderLock lock(mutex_);
  SeriesBitmap ids = all_;
  for (const Matcher* const matcher : order) {
    if (ids.isEmpty()) break;
    index_.Filter(*matcher, ids);
  }
  return ids;
}

std::vector<std::string> SeriesRegistry::LabelNames(const SeriesBitmap& ids) const {
  ReaderLock lock(mutex_);
  std::set<std::string_view> names;
  for (const uint32_t id : ids) {
    const Record* const record = Find(SeriesId{id});
    if (record == nullptr) continue;
    for (PairCursor pairs(record->pairs); !pairs.done();) {
      names.insert(index_.Label(pairs.Next()).name);
    }
  }
  return {names.begin(), names.end()};
}

std::vector<std::string> SeriesRegistry::LabelValues(std::string_view name,
                                                     const SeriesBitmap& ids) const {
  ReaderLock lock(mutex_);
  std::vector<std::string> values;
  for (const PairId pair : index_.PairsOf(name)) {
    if (index_.SeriesOf(pair).Intersects(ids)) values.emplace_back(index_.Label(pair).value);
  }
  std::sort(values.begin(), values.end());
  return values;
}

size_t SeriesRegistry::allocated_bytes() const {
  ReaderLock lock(mutex_);
  size_t bytes = index_.allocated_bytes() + arena_.allocated_bytes() +
                 records_.size() * sizeof(Record) +
                 by_hash_.bucket_count() * (sizeof(uint32_t) + 1) + all_.getSizeInBytes();
  for (const auto& [name, metric] : metrics_) {
    bytes += sizeof(std::string_view) + sizeof(metric) +
             metric.label_names.capacity() * sizeof(std::string_view);
  }
  return bytes;
}

Status SeriesRegistry::Add(std::span<const Addition> additions) {
  WriterLock lock(mutex_);
  for (const Addition& addition : additions) LUMA_RETURN_IF_ERROR(AddOne(addition));
  return Status::Ok();
}

Status SeriesRegistry::AddOne(const Addition& addition) {
  const uint32_t id = ToNumber(addition.id);
  if (static_cast<uint64_t>(addition.id) - 1 >= kSeriesMax || Find(addition.id) != nullptr ||
      by_hash_.contains(addition.hash)) {
    return Status::Corruption("series is there already: id=", static_cast<uint64_t>(addition.id),
                              " labels=", addition.labels.ToString());
  }
  std::vector<PairId> pairs;
  const char* fragment_begin = addition.labels.canonical().data();
  for (const LabelRef& label : addition.labels) {
    const PairFragment fragment = FragmentUpTo(label.value, fragment_begin);
    pairs.push_back(index_.Intern(fragment));
    fragment_begin += fragment.size();
  }
  std::string list;
  AppendVarint(static_cast<uint32_t>(pairs.size()), list);
  for (const PairId pair : pairs) {
    AppendVarint(static_cast<uint32_t>(pair), list);
    index_.AddSeries(pair, id);
  }
  while (records_.size() <= id) records_.emplace_back();
  Record& record = records_[id];
  record.hash = addition.hash;
  record.pairs = arena_.Copy(list).data();
  record.newest.store(addition.newest, std::memory_order_relaxed);
  by_hash_.insert(id);
  all_.add(id);
  AddToMetric(pairs);
  version_.fetch_add(1, std::memory_order_release);
  return Status::Ok();
}

void SeriesRegistry::AddToMetric(std::span<const PairId> pairs) {
  // Views into the index, not into the labels of the addition, which go away.
  std::string_view metric_name;
  for (const PairId pair : pairs) {
    const LabelRef label = index_.Label(pair);
    if (label.name == kMetricNameLabel) metric_name = label.value;
  }
  if (metric_name.empty()) return;
  Metric& metric = metrics_[metric_name];
  ++metric.version;
  for (const PairId pair : pairs) {
    const std::string_view name = index_.Label(pair).name;
    if (name == kMetricNameLabel) continue;
    std::vector<std::string_view>& names = metric.label_names;
    const auto at = std::lower_bound(names.begin(), names.end(), name);
    if (at == names.end() || *at != name) names.insert(at, name);
  }
}

SeriesId SeriesRegistry::FindByHash(const Hash128& hash) const {
  const auto found = by_hash_.find(hash);
  return found == by_hash_.end() ? kUnknownSeries : SeriesId{*found};
}

void SeriesRegistry::FindSeries(std::span<const Hash128> hashes, std::span<SeriesId> ids) const {
  LUMA_CHECK(hashes.size() == ids.size());
  ReaderLock lock(mutex_);
  for (size_t i = 0; i < hashes.size(); ++i) ids[i] = FindByHash(hashes[i]);
}

size_t SeriesRegistry::Resolve(const SeriesBatch& batch, std::vector<SeriesId>& ids) const {
  ids.clear();
  ids.reserve(batch.size());
  size_t unknown = 0;
  ReaderLock lock(mutex_);
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesBatch::Series series = batch.series(i);
    ids.push_back(series.id != kUnknownSeries ? series.id : FindByHash(series.hash));
    unknown += ids.back() == kUnknownSeries ? 1 : 0;
  }
  return unknown;
}

bool SeriesRegistry::Advance(const SeriesBatch& batch, std::span<const SeriesId> ids) {
  ReaderLock lock(mutex_);
  // First without changing anything, so that a batch with late samples leaves no marks.
  for (size_t i = 0; i < batch.size(); ++i) {
    const UnixMillis newest = records_[ToNumber(ids[i])].newest.load(std::memory_order_relaxed);
    for (const Sample& sample : batch.series(i).samples) {
      if (sample.timestamp <= newest) return false;
    }
  }
  for (size_t i = 0; i < batch.size(); ++i) {
    std::atomic<UnixMillis>& newest = records_[ToNumber(ids[i])].newest;
    for (const Sample& sample : batch.series(i).samples) {
      // Of two writes of one series the later one to arrive here may carry the older sample.
      UnixMillis seen = newest.load(std::memory_order_relaxed);
      do {
        if (sample.timestamp <= seen) return false;
      } while (!newest.compare_exchange_weak(seen, sample.timestamp, std::memory_order_relaxed));
    }
  }
  return true;
}

UnixMillis SeriesRegistry::Newest(SeriesId id) const {
  ReaderLock lock(mutex_);
  return records_[ToNumber(id)].newest.load(std::memory_order_relaxed);
}

void SeriesRegistry::SetNewest(SeriesId id, UnixMillis newest) {
  ReaderLock lock(mutex_);
  records_[ToNumber(id)].newest.store(newest, std::memory_order_relaxed);
}

}  // namespace luma::storage
