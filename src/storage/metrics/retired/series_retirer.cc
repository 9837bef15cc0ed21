#include "storage/metrics/retired/series_retirer.h"

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>

#include "base/log.h"
#include "storage/maintenance.h"
#include "storage/metrics/retired/series_partition_builder.h"
#include "storage/metrics/rollup_rows.h"

namespace luma::storage {
namespace {

// Series of longer lives have partitions of their own, or a day of short ones would be looked at
// for every time since the oldest of them.
constexpr UnixMillis kShortLifeMax = 2 * kDayMillis;

// Partitions of one day and kind are merged.
struct Kind {
  int64_t last_day;
  bool is_long;
  auto operator<=>(const Kind&) const = default;
};

bool IsLonger(TimeRange times, UnixMillis than) {
  return times.min < 0 ? times.max > times.min + than : times.max - times.min > than;
}

Kind KindOfSeries(TimeRange times) {
  return {.last_day = times.max / kDayMillis, .is_long = IsLonger(times, kShortLifeMax)};
}

// Short lives that end on one day are within a day more.
Kind KindOfPartition(TimeRange times) {
  return {.last_day = times.max / kDayMillis,
          .is_long = IsLonger(times, kShortLifeMax + kDayMillis)};
}

bool Contains(const std::vector<uint64_t>& numbers, uint64_t number) {
  return std::ranges::find(numbers, number) != numbers.end();
}

bool HaveMostLeft(const RetiredPartition& partition) {
  const uint64_t live = partition.live->cardinality();
  return live > 0 && live * 2 <= partition.file->ids().cardinality();
}

TimeRange Union(TimeRange a, TimeRange b) {
  return {.min = std::min(a.min, b.min), .max = std::max(a.max, b.max)};
}

// Of samples both hold, neither is exact. Of rollups only the bound does: after a restart the
// registry knows the newest samples, and rollups may be newer.
TimeRange TimesOf(TimeRange samples, TimeRange rollups, UnixMillis newest) {
  if (samples.max < samples.min) return rollups;
  const UnixMillis max = std::min(samples.max, newest);
  return Union({.min = std::min(samples.min, max), .max = max}, rollups);
}

// Booked for a partition while it is made. So much whether there is room or not, as a pass makes
// some; then for as long as there is room, up to what 250,000 series take that have a dozen labels.
constexpr uint64_t kBuilderBytesMin = 4 << 20;
constexpr uint64_t kBuilderBytesMax = 128 << 20;
// What one series may take: four times its labels, 128 KiB at most, and something for each.
constexpr uint64_t kSeriesBytesMax = 1 << 20;
// Files of partitions that go into one group, together: else series with long labels would be
// written anew by every pass of their day.
constexpr uint64_t kMergedFileBytesMax = 32 << 20;
// Booked for each idle series of a pass: where it is listed, grouped and bounded, and copies of
// that.
constexpr uint64_t kIdleBytes = 146;

}  // namespace

// The labels of a group, by id, from wherever they are.
class SeriesRetirer::GroupLabels {
 public:
  GroupLabels(const SeriesRetirer& retirer, const Group& group) : retirer_(retirer) {
    for (const Idle& one : group.series) entries_.push_back({.id = one.id, .source = kRegistry});
    for (const RetiredPartition& partition : group.merged) {
      for (const uint32_t id : *partition.live) {
        entries_.push_back({.id = id, .source = static_cast<uint32_t>(sources_.size())});
      }
      sources_.emplace_back(*partition.file);
    }
    // A series whose return failed meanwhile is in both, and sure to stay in its partition only.
    std::ranges::sort(entries_, {},
                      [](const Entry& one) { return std::tuple(one.id, one.source); });
    const auto repeated = std::ranges::unique(entries_, {}, &Entry::id);
    entries_.erase(repeated.begin(), repeated.end());
  }

  bool is_empty() const { return next_ == entries_.size(); }

  // The next ones, for as long as `memory` can grow by what they take. A series that was removed
  // meanwhile is left out.
  Status AddTo(SeriesPartitionBuilder& builder, BudgetLease& memory) {
    while (!is_empty() && MakeRoom(builder.bytes() + kSeriesBytesMax, memory)) {
      LUMA_RETURN_IF_ERROR(retirer_.CheckWanted());
      LUMA_RETURN_IF_ERROR(Add(entries_[next_++], builder));
    }
    return Status::Ok();
  }

 private:
  static constexpr uint32_t kRegistry = UINT32_MAX;
  struct Entry {
    uint32_t id;
    uint32_t source;  // in sources_
  };

  static bool MakeRoom(uint64_t bytes, BudgetLease& memory) {
    if (bytes <= memory.bytes()) return true;
    const uint64_t enough = std::min(std::max(bytes, memory.bytes() / 2 * 3), kBuilderBytesMax);
    return bytes <= enough && memory.Grow(enough - memory.bytes()).ok();
  }

  Status Add(const Entry& entry, SeriesPartitionBuilder& builder) {
    if (entry.source != kRegistry) {
      LUMA_ASSIGN_OR_RETURN(const LabelsView labels, sources_[entry.source].Of(entry.id));
      builder.Add(entry.id, labels);
      return Status::Ok();
    }
    canonical_.clear();
    const bool is_there = retirer_.registry_.AppendLabels(SeriesId{entry.id}, canonical_);
    if (is_there) builder.Add(entry.id, LabelsView(canonical_));
    return Status::Ok();
  }

  const SeriesRetirer& retirer_;
  std::string canonical_;
  size_t next_ = 0;
  std::vector<Entry> entries_;
  std::vector<PartitionLabels> sources_;
};

Status SeriesRetirer::PassIfDue() {
  MutexLock lock(mutex_);
  const auto now = std::chrono::steady_clock::now();
  const bool is_due = !last_pass_ || now - *last_pass_ >= after_ / kPassesPerIdleTime;
  if (!is_due) return retired_.is_damaged() ? Repair() : Status::Ok();
  last_pass_ = now;
  return RepairAndRetire().status();
}

Result<uint64_t> SeriesRetirer::Pass() {
  MutexLock lock(mutex_);
  return RepairAndRetire();
}

Result<uint64_t> SeriesRetirer::RepairAndRetire() {
  if (!retired_.is_enabled()) return uint64_t{0};
  LUMA_RETURN_IF_ERROR(Repair());
  if (after_ == std::chrono::milliseconds::zero()) return uint64_t{0};
  const Result<uint64_t> count = Retire();
  static_cast<void>(registry_.TakeNoted());  // notes end, whatever came between
  return count;
}

Result<uint64_t> SeriesRetirer::Retire() {
  const UnixMillis cutoff = engine_.maintenance().expiry_clock().Now() - after_.count();
  // Whether there is room or not: the pass makes some.
  BudgetLease memory = engine_.budget().BookAlways(
      BudgetUse::kMerge, registry_.series_count() * sizeof(SeriesRegistry::IdleSeries));
  std::vector<SeriesRegistry::IdleSeries> found =
      registry_.NoteWritesAndFindIdle(cutoff, writer_.floor());
  memory = engine_.budget().BookAlways(BudgetUse::kMerge, found.size() * kIdleBytes);
  std::vector<Idle> idle;
  for (const auto& one : found) {
    idle.push_back({.id = one.id, .newest = one.newest, .times = {}});
  }
  found = {};
  Active active;
  LUMA_RETURN_IF_ERROR(Bound(cutoff, idle, active));
  std::vector<Written> written;
  uint64_t count = 0;
  Status status = WriteGroups(MakeGroups(idle), written);
  Status published = CheckWanted();
  // What could be written counts, though a later group failed.
  if (published.ok() && (!idle.empty() || !active.empty() || !written.empty())) {
    writer_.WhileNoneWrites([&] { published = Publish(idle, active, written, count); });
  }
  if (status.ok()) status = published;
  total_ += count;
  for (const Written& one : written) retired_.RemoveFile(one.partition);
  LUMA_RETURN_IF_ERROR(status);
  return count;
}

Status SeriesRetirer::CheckWanted() const {
  return is_cancelled_ ? Status::Cancelled("store is closing") : Status::Ok();
}

Status SeriesRetirer::Bound(UnixMillis cutoff, std::vector<Idle>& idle, Active& active) {
  if (idle.empty()) return Status::Ok();
  Result<SampleTables> tables = SampleTables();
  writer_.WhileNoneWrites([&] { tables = ReadTables(); });
  LUMA_RETURN_IF_ERROR(tables.status());
  LUMA_RETURN_IF_ERROR(DropActive(*tables, cutoff, idle, active));
  return BoundTimes(*tables, cutoff, idle);
}

Status SeriesRetirer::Repair() {
  Status status;
  writer_.WhileNoneWrites([&] {
    status = retired_.Settle();
    if (status.ok()) status = writer_.ReturnDamagedSeries();
  });
  return status;
}

Result<SampleTables> SeriesRetirer::ReadTables() const {
  const std::unique_ptr<Transaction> transaction = engine_.Begin();
  SampleTables tables;
  for (const ObjectId id : {kSamplesTableId, kHistogramsTableId, kRollupsTableId}) {
    LUMA_ASSIGN_OR_RETURN(tables.emplace_back(), transaction->Read(id));
  }
  return tables;
}

Status SeriesRetirer::DropActive(const SampleTables& tables, UnixMillis cutoff,
                                 std::vector<Idle>& idle, Active& active) const {
  SeriesBitmap unknown;
  for (const Idle& one : idle) {
    if (one.newest == writer_.floor()) unknown.add(one.id);
  }
  if (unknown.isEmpty()) return Status::Ok();
  const SeriesFilter filter(unknown);
  LUMA_ASSIGN_OR_RETURN(const std::vector<UnixMillis> newest,
                        NewestSince(cutoff, tables, filter, is_cancelled_));
  std::erase_if(idle, [&](const Idle& one) {
    if (!unknown.contains(one.id)) return false;
    const UnixMillis found = newest[filter.Rank(one.id)];
    if (found != SeriesRegistry::kNoSample) active.push_back({.id = one.id, .newest = found});
    return found != SeriesRegistry::kNoSample;
  });
  return Status::Ok();
}

Status SeriesRetirer::BoundTimes(const SampleTables& tables, UnixMillis cutoff,
                                 std::vector<Idle>& idle) const {
  SeriesBitmap ids;
  for (const Idle& one : idle) ids.add(one.id);
  const SeriesFilter filter(ids);
  // As ReadTables gives them: those of kSampleTableIds, then luma.rollups.
  const std::span all(tables);
  LUMA_ASSIGN_OR_RETURN(
      const std::vector<TimeRange> samples,
      BoundSampleTimes(all.first(std::size(kSampleTableIds)), filter, is_cancelled_));
  LUMA_ASSIGN_OR_RETURN(
      const std::vector<TimeRange> rollups,
      BoundSampleTimes(all.subspan(std::size(kSampleTableIds)), filter, is_cancelled_));
  for (Idle& one : idle) {
    const size_t rank = filter.Rank(one.id);
    const UnixMillis newest = std::min(one.newest, cutoff - 1);
    one.times = TimesOf(samples[rank], rollups[rank], newest);
  }
  // Those that have exemplars alone, or nothing: a sweep removes these.
  std::erase_if(idle, [](const Idle& one) { return one.times.max < one.times.min; });
  return Status::Ok();
}

std::vector<SeriesRetirer::Group> SeriesRetirer::MakeGroups(std::vector<Idle> idle) {
  std::ranges::sort(idle, {}, &Idle::id);
  std::map<Kind, Group> growing;
  std::vector<Group> groups;
  for (const Idle& one : idle) {
    Group& group = growing[KindOfSeries(one.times)];
    group.times = group.series.empty() ? one.times : Union(group.times, one.times);
    group.series.push_back(one);
    if (group.series.size() == kPartitionSeriesMax) groups.push_back(std::exchange(group, {}));
  }
  for (auto& [kind, group] : growing) {
    if (!group.series.empty()) groups.push_back(std::move(group));
  }
  return groups;
}

void SeriesRetirer::AddMerged(Group& group, std::vector<uint64_t>& taken) const {
  uint64_t size = SizeOf(group);
  uint64_t file_bytes = 0;
  for (const RetiredPartition& one : group.merged) file_bytes += one.file->file_bytes();
  const Kind kind = KindOfPartition(group.times);
  const RetiredViewPtr view = retired_.view();
  for (const RetiredPartition& partition : *view) {
    const uint64_t more = partition.live->cardinality();
    const uint64_t more_bytes = partition.file->file_bytes();
    if (KindOfPartition(partition.file->times()) != kind || size + more > kPartitionSeriesMax ||
        file_bytes + more_bytes > kMergedFileBytesMax || Contains(taken, partition.number)) {
      continue;
    }
    size += more;
    file_bytes += more_bytes;
    Take(partition, group, taken);
  }
}

uint64_t SeriesRetirer::SizeOf(const Group& group) {
  uint64_t size = group.series.size();
  for (const RetiredPartition& one : group.merged) size += one.live->cardinality();
  return size;
}

void SeriesRetirer::Take(const RetiredPartition& partition, Group& group,
                         std::vector<uint64_t>& taken) {
  taken.push_back(partition.number);
  group.times = Union(group.times, partition.file->times());
  group.merged.push_back(partition);
}

std::optional<SeriesRetirer::Group> SeriesRetirer::NextRewrite(std::vector<uint64_t>& taken) const {
  const RetiredViewPtr view = retired_.view();
  const auto found = std::ranges::find_if(*view, [&](const RetiredPartition& partition) {
    return HaveMostLeft(partition) && !Contains(taken, partition.number);
  });
  if (found == view->end()) return std::nullopt;
  Group group{.series = {}, .merged = {}, .times = found->file->times()};
  Take(*found, group, taken);
  AddMerged(group, taken);
  return group;
}

Status SeriesRetirer::WriteGroups(std::vector<Group> groups, std::vector<Written>& written) {
  std::vector<uint64_t> taken;
  for (Group& group : groups) {
    LUMA_RETURN_IF_ERROR(CheckWanted());
    AddMerged(group, taken);
    LUMA_RETURN_IF_ERROR(WriteGroup(group, written));
  }
  uint64_t rewritten = 0;
  while (rewritten < kRewrittenSeriesMax) {
    const std::optional<Group> group = NextRewrite(taken);
    if (!group) break;
    LUMA_RETURN_IF_ERROR(WriteGroup(*group, written));
    rewritten += SizeOf(*group);
  }
  return Status::Ok();
}

// All of them or none: they take the place of the same partitions.
Status SeriesRetirer::WriteGroup(const Group& group, std::vector<Written>& written) {
  const size_t before = written.size();
  const Status status = WritePartitions(group, written);
  if (status.ok()) return status;
  for (const Written& one : std::span(written).subspan(before)) retired_.RemoveFile(one.partition);
  written.resize(before);
  return status;
}

Status SeriesRetirer::WritePartitions(const Group& group, std::vector<Written>& written) {
  std::vector<uint64_t> merged;
  for (const RetiredPartition& partition : group.merged) merged.push_back(partition.number);
  GroupLabels labels(*this, group);
  while (!labels.is_empty()) {
    BudgetLease memory = engine_.budget().BookAlways(BudgetUse::kMerge, kBuilderBytesMin);
    SeriesPartitionBuilder builder;
    LUMA_RETURN_IF_ERROR(labels.AddTo(builder, memory));
    if (builder.size() == 0) continue;  // all were removed meanwhile
    LUMA_ASSIGN_OR_RETURN(RetiredPartition partition, retired_.Write(builder.Finish(group.times)));
    written.push_back({.partition = std::move(partition), .merged = merged});
  }
  return Status::Ok();
}

Status SeriesRetirer::Publish(std::span<const Idle> idle, const Active& active,
                              std::vector<Written>& written, uint64_t& count) {
  const SeriesBitmap noted = registry_.TakeNoted();
  SetNewest(active, noted);
  SeriesBitmap leaving;
  for (const Idle& one : idle) {
    const std::optional<UnixMillis> newest = registry_.FindNewest(SeriesId{one.id});
    if (newest == one.newest && !noted.contains(one.id)) leaving.add(one.id);
  }
  SeriesBitmap in_files;
  for (const Written& one : written) in_files |= one.partition.file->ids();
  leaving &= in_files;
  std::vector<uint64_t> merged;
  std::vector<RetiredPartition> added;
  for (Written& one : written) {
    merged.insert(merged.end(), one.merged.begin(), one.merged.end());
    RetiredPartition& partition = one.partition;
    // One that others have live is not: its return failed meanwhile.
    const SeriesBitmap live = leaving | LiveInMerged(one);
    partition.live = std::make_shared<const SeriesBitmap>(*partition.live & live);
    if (partition.live->isEmpty()) {
      retired_.RemoveFile(partition);
    } else {
      added.push_back(partition);
    }
  }
  if (!written.empty()) LUMA_RETURN_IF_ERROR(retired_.Replace(merged, added));
  written.clear();  // they belong to the list now
  writer_.RemoveSeries(leaving);
  count = leaving.cardinality();
  return Status::Ok();
}

SeriesBitmap SeriesRetirer::LiveInMerged(const Written& written) const {
  SeriesBitmap live;
  const RetiredViewPtr view = retired_.view();
  for (const RetiredPartition& partition : *view) {
    if (Contains(written.merged, partition.number)) live |= *partition.live;
  }
  return live;
}

void SeriesRetirer::SetNewest(const Active& active, const SeriesBitmap& noted) {
  for (const SeriesRegistry::IdleSeries& one : active) {
    const bool is_bound = registry_.FindNewest(SeriesId{one.id}) == writer_.floor();
    if (is_bound && !noted.contains(one.id)) registry_.SetNewest(SeriesId{one.id}, one.newest);
  }
}

}  // namespace luma::storage
