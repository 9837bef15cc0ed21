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

// Labels are interned anew when of so many series one has been removed.
constexpr uint64_t kShareInterned = 8;

uint32_t ToNumber(SeriesId id) { return static_cast<uint32_t>(id); }

// Looking at the labels of a series takes about as long as looking for series in so many postings.
constexpr uint64_t kPairsPerSeries = 32;

// Where the label that ends at `value` lies in canonical bytes, given where the one before ends.
PairFragment FragmentUpTo(std::string_view value, const char* begin) {
  return {begin, static_cast<size_t>(value.data() + value.size() - begin)};
}

}  // namespace

uint64_t SeriesRegistry::series_count() const {
  ReaderLock lock(mutex_);
  return by_hash_.size();
}

uint64_t SeriesRegistry::resident_count() const {
  ReaderLock lock(mutex_);
  return by_hash_.size() + removed_count_;
}

uint64_t SeriesRegistry::MetricVersion(std::string_view metric) const {
  ReaderLock lock(mutex_);
  const auto found = interned_->metrics.find(metric);
  if (found == interned_->metrics.end()) return 0;
  return std::max(found->second.version, removed_version_);
}

bool SeriesRegistry::AppendLabels(SeriesId id, std::string& out) const {
  ReaderLock lock(mutex_);
  const SeriesRecord* const record = Find(id);
  if (record == nullptr) return false;
  AppendPairs(*record, out);
  return true;
}

void SeriesRegistry::AppendPairs(const SeriesRecord& record, std::string& out) const {
  for (PairCursor pairs(record.pairs); !pairs.done();) {
    out.append(interned_->index.Fragment(pairs.Next()));
  }
}

void SeriesRegistry::LabelValuesOf(std::span<const SeriesId> ids, std::string_view name,
                                   std::span<std::string> values) const {
  LUMA_CHECK(ids.size() == values.size());
  ReaderLock lock(mutex_);
  for (size_t i = 0; i < ids.size(); ++i) {
    values[i].clear();
    const SeriesRecord* const record = Find(ids[i]);
    if (record == nullptr) continue;
    for (PairCursor pairs(record->pairs); !pairs.done();) {
      const LabelRef label = interned_->index.Label(pairs.Next());
      if (label.name == name) values[i] = label.value;
    }
  }
}

std::vector<std::string> SeriesRegistry::MetricNames() const {
  ReaderLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, metric] : interned_->metrics) {
    const auto pair = interned_->index.Find({kMetricNameLabel, name});
    if (pair && interned_->index.SeriesOf(*pair).Intersects(all_)) names.emplace_back(name);
  }
  return names;
}

std::vector<std::string> SeriesRegistry::LabelNamesOf(std::string_view metric) const {
  ReaderLock lock(mutex_);
  const auto found = interned_->metrics.find(metric);
  if (found == interned_->metrics.end()) return {};
  return {found->second.label_names.begin(), found->second.label_names.end()};
}

std::vector<SeriesId> SeriesRegistry::SeriesOf(std::string_view metric) const {
  ReaderLock lock(mutex_);
  SeriesBitmap ids;
  const auto pair = interned_->index.Find({kMetricNameLabel, metric});
  if (pair.has_value()) interned_->index.SeriesOf(*pair).AddTo(ids);
  ids &= all_;
  std::vector<SeriesId> series;
  series.reserve(ids.cardinality());
  for (const uint32_t id : ids) series.push_back(SeriesId{id});
  return series;
}

SeriesBitmap SeriesRegistry::SelectActive(const Matchers& matchers) const {
  // Those that look up a few values go first: they leave less for the others to work on.
  std::vector<const Matcher*> order;
  for (const Matcher& matcher : matchers) order.push_back(&matcher);
  std::partition(order.begin(), order.end(),
                 [](const Matcher* matcher) { return !matcher->literals().empty(); });
  ReaderLock lock(mutex_);
  SeriesBitmap ids = all_;
  for (const Matcher* const matcher : order) {
    if (ids.isEmpty()) break;
    interned_->index.Filter(*matcher, ids);
  }
  return ids;
}

std::vector<std::string> SeriesRegistry::LabelNames(const SeriesBitmap& ids) const {
  ReaderLock lock(mutex_);
  const bool are_few = ids.cardinality() * kPairsPerSeries < interned_->index.pair_count();
  return are_few ? LabelNamesBySeries(ids) : LabelNamesByPairs(ids);
}

std::vector<std::string> SeriesRegistry::LabelNamesBySeries(const SeriesBitmap& ids) const {
  std::set<std::string_view> names;
  for (const uint32_t id : ids) {
    const SeriesRecord* const record = Find(SeriesId{id});
    if (record == nullptr) continue;
    for (PairCursor pairs(record->pairs); !pairs.done();) {
      names.insert(interned_->index.Label(pairs.Next()).name);
    }
  }
  return {names.begin(), names.end()};
}

// The first pairs of a name tell, when there are many series.
std::vector<std::string> SeriesRegistry::LabelNamesByPairs(const SeriesBitmap& ids) const {
  const LabelIndex& index = interned_->index;
  std::vector<std::string> names;
  for (const auto& [name, pairs] : index.names()) {
    const auto has_some = [&](PairId pair) { return index.SeriesOf(pair).Intersects(ids); };
    if (std::ranges::any_of(pairs, has_some)) names.push_back(name);
  }
  return names;
}

Status SeriesRegistry::AddLabelValues(std::string_view name, const SeriesBitmap& ids,
                                      TextSet& values) const {
  ReaderLock lock(mutex_);
  for (const PairId pair : interned_->index.PairsOf(name)) {
    if (!interned_->index.SeriesOf(pair).Intersects(ids)) continue;
    LUMA_RETURN_IF_ERROR(values.Add(interned_->index.Label(pair).value));
  }
  return Status::Ok();
}

SeriesBitmap SeriesRegistry::NewestIn(const SeriesBitmap& ids, TimeRange range,
                                      UnixMillis bound) const {
  SeriesBitmap others;
  ReaderLock lock(mutex_);
  for (const uint32_t id : ids) {
    const SeriesRecord* const record = Find(SeriesId{id});
    const UnixMillis newest =
        record == nullptr ? kNoSample : record->newest.load(std::memory_order_relaxed);
    const auto noted = bounds_.find(id);
    const bool is_bound = newest == bound || (noted != bounds_.end() && noted->second == newest);
    const bool is_in_range = range.min <= newest && newest <= range.max;
    if (newest == kNoSample || is_bound || !is_in_range) others.add(id);
  }
  return ids - others;
}

void SeriesRegistry::NoteBounds(const SeriesBitmap& ids, TimeRange range) {
  const SeriesBitmap noted = NewestIn(ids, range, kNoSample);
  if (noted.isEmpty()) return;
  WriterLock lock(mutex_);
  for (const uint32_t id : noted) {
    const SeriesRecord* const record = Find(SeriesId{id});
    if (record != nullptr) {
      bounds_.insert_or_assign(id, record->newest.load(std::memory_order_relaxed));
    }
  }
}

size_t SeriesRegistry::allocated_bytes() const {
  ReaderLock lock(mutex_);
  size_t bytes = interned_->index.allocated_bytes() + interned_->lists.allocated_bytes() +
                 records_.allocated_bytes() + by_hash_.bucket_count() * (sizeof(uint32_t) + 1) +
                 all_.getSizeInBytes() + bounds_.bucket_count() * (sizeof(*bounds_.begin()) + 1);
  for (const auto& [name, metric] : interned_->metrics) {
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
  SeriesRecord& record = records_.Add(id);
  record.hash = addition.hash;
  const uint64_t version = version_.load(std::memory_order_relaxed) + 1;
  record.pairs = interned_->Add(id, addition.labels, version);
  record.newest.store(addition.newest, std::memory_order_relaxed);
  by_hash_.insert(id);
  all_.add(id);
  ids_end_.store(std::max(ids_end(), uint64_t{id} + 1), std::memory_order_release);
  version_.store(version, std::memory_order_release);
  return Status::Ok();
}

const char* SeriesRegistry::Interned::Add(uint32_t id, LabelsView labels, uint64_t version) {
  std::vector<PairId> pairs;
  const char* fragment_begin = labels.canonical().data();
  for (const LabelRef& label : labels) {
    const PairFragment fragment = FragmentUpTo(label.value, fragment_begin);
    pairs.push_back(index.Intern(fragment));
    fragment_begin += fragment.size();
  }
  std::string list;
  AppendVarint(static_cast<uint32_t>(pairs.size()), list);
  for (const PairId pair : pairs) {
    AppendVarint(static_cast<uint32_t>(pair), list);
    index.AddSeries(pair, id);
  }
  AddToMetric(pairs, version);
  return lists.Copy(list).data();
}

void SeriesRegistry::Interned::AddToMetric(std::span<const PairId> pairs, uint64_t version) {
  // Views into the index, not into the labels of the addition, which go away.
  std::string_view metric_name;
  for (const PairId pair : pairs) {
    const LabelRef label = index.Label(pair);
    if (label.name == kMetricNameLabel) metric_name = label.value;
  }
  if (metric_name.empty()) return;
  Metric& metric = metrics[metric_name];
  metric.version = version;
  for (const PairId pair : pairs) {
    const std::string_view name = index.Label(pair).name;
    if (name == kMetricNameLabel) continue;
    std::vector<std::string_view>& names = metric.label_names;
    const auto at = std::lower_bound(names.begin(), names.end(), name);
    if (at == names.end() || *at != name) names.insert(at, name);
  }
}

void SeriesRegistry::Remove(const SeriesBitmap& ids) {
  bool is_time = false;
  {
    WriterLock lock(mutex_);
    for (const uint32_t id : ids) {
      if (Find(SeriesId{id}) == nullptr) continue;
      by_hash_.erase(id);
      bounds_.erase(id);
      records_.Remove(id);
      ++removed_count_;
    }
    all_ -= ids;
    removed_version_ = version_.fetch_add(1, std::memory_order_release) + 1;
    is_time = removed_count_ * kShareInterned > by_hash_.size();
  }
  if (is_time) InternAnew();
}

// Nobody adds series meanwhile, so what is read under the first lock is still so under the second.
void SeriesRegistry::InternAnew() {
  auto anew = std::make_unique<Interned>();
  std::vector<std::pair<uint32_t, const char*>> lists;
  {
    ReaderLock lock(mutex_);
    const uint64_t version = version_.load(std::memory_order_relaxed);
    std::string canonical;
    for (const uint32_t id : all_) {
      canonical.clear();
      AppendPairs(records_[id], canonical);
      lists.emplace_back(id, anew->Add(id, LabelsView(canonical), version));
    }
  }
  WriterLock lock(mutex_);
  for (const auto& [id, list] : lists) records_[id].pairs = list;
  interned_.swap(anew);
  removed_count_ = 0;
  by_hash_.rehash(0);
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
    if (series.id == kUnknownSeries) {
      ids.push_back(FindByHash(series.hash));
    } else {
      ids.push_back(Find(series.id) != nullptr ? series.id : kUnknownSeries);
    }
    unknown += ids.back() == kUnknownSeries ? 1 : 0;
  }
  return unknown;
}

bool SeriesRegistry::Advance(const SeriesBatch& batch, std::span<const SeriesId> ids) {
  ReaderLock lock(mutex_);
  // First without changing anything, so that a batch with late samples leaves no marks.
  for (size_t i = 0; i < batch.size(); ++i) {
    const SeriesRecord* const record = Find(ids[i]);
    if (record == nullptr) return false;
    const UnixMillis newest = record->newest.load(std::memory_order_relaxed);
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
  const std::optional<UnixMillis> newest = FindNewest(id);
  LUMA_CHECK(newest.has_value());
  return *newest;
}

void SeriesRegistry::SetNewest(SeriesId id, UnixMillis newest) {
  {
    ReaderLock lock(mutex_);
    SeriesRecord* const record = Find(id);
    LUMA_CHECK(record != nullptr);
    record->newest.store(newest, std::memory_order_relaxed);
  }
  MutexLock lock(notes_mutex_);
  if (is_noting_) noted_.add(ToNumber(id));
}

std::optional<UnixMillis> SeriesRegistry::FindNewest(SeriesId id) const {
  ReaderLock lock(mutex_);
  const SeriesRecord* const record = Find(id);
  if (record == nullptr) return std::nullopt;
  return record->newest.load(std::memory_order_relaxed);
}

std::vector<SeriesRegistry::IdleSeries> SeriesRegistry::NoteWritesAndFindIdle(UnixMillis cutoff,
                                                                              UnixMillis bound) {
  {
    MutexLock lock(notes_mutex_);
    is_noting_ = true;
    noted_ = SeriesBitmap();
  }
  ReaderLock lock(mutex_);
  std::vector<IdleSeries> idle;
  for (const uint32_t id : all_) {
    const UnixMillis newest = records_[id].newest.load(std::memory_order_relaxed);
    const bool is_idle = newest != kNoSample && newest < cutoff;
    if (is_idle || newest == bound) idle.push_back({.id = id, .newest = newest});
  }
  return idle;
}

SeriesBitmap SeriesRegistry::TakeNoted() {
  MutexLock lock(notes_mutex_);
  is_noting_ = false;
  return std::exchange(noted_, SeriesBitmap());
}

}  // namespace luma::storage
