#include "storage/compaction/compaction_policy.h"

#include <algorithm>
#include <map>
#include <utility>

#include "storage/cold/cold_run.h"
#include "storage/time_column.h"
#include "storage/warm/segment_format.h"

namespace luma::storage {
namespace {

// Neighbours of one partition. Sums are those of their live rows.
struct Group {
  size_t first = 0;
  size_t count = 0;
  uint64_t bytes = 0;
  uint64_t largest_bytes = 0;
  uint64_t rows = 0;

  void Add(const RunSize& run) {
    ++count;
    bytes += run.live_bytes();
    largest_bytes = std::max(largest_bytes, run.live_bytes());
    rows += run.live_rows();
  }
  bool Fits(const MergePolicy& policy) const {
    return count <= policy.inputs_max && bytes <= policy.output_bytes_max &&
           rows <= policy.output_rows_max;
  }
  bool IsWorthIt(const MergePolicy& policy) const {
    return count >= policy.inputs_min && static_cast<double>(largest_bytes) <=
                                             policy.largest_share_max * static_cast<double>(bytes);
  }
  // More runs per byte; of equally cheap groups the one that leaves fewer runs.
  bool IsBetterThan(const Group& other) const {
    if (other.count == 0) return true;
    const auto mine = static_cast<double>(count) / static_cast<double>(bytes);
    const auto theirs = static_cast<double>(other.count) / static_cast<double>(other.bytes);
    return mine != theirs ? mine > theirs : count > other.count;
  }
};

Group BestGroup(const MergePolicy& policy, std::span<const RunSize> runs) {
  Group best;
  for (size_t first = 0; first < runs.size(); ++first) {
    Group group{.first = first};
    for (size_t next = first; next < runs.size(); ++next) {
      group.Add(runs[next]);
      if (!group.Fits(policy)) break;
      if (group.IsWorthIt(policy) && group.IsBetterThan(best)) best = group;
    }
  }
  return best;
}

MergePolicy ForClosedPartition(MergePolicy policy) {
  policy.inputs_min = std::min(policy.inputs_min, policy.closed_inputs_min);
  policy.largest_share_max = std::max(policy.largest_share_max, policy.closed_largest_share_max);
  return policy;
}

bool HasTooMany(const MergePolicy& policy, std::span<const RunSize> runs) {
  const uint64_t small = policy.output_bytes_max / policy.inputs_max;
  const auto is_small = [&](const RunSize& run) { return run.live_bytes() <= small; };
  return static_cast<size_t>(std::ranges::count_if(runs, is_small)) > policy.runs_max;
}

Group BestGroupOfPartition(const MergePolicy& policy, std::span<const RunSize> runs,
                           bool is_closed) {
  if (is_closed) return BestGroup(ForClosedPartition(policy), runs);
  const Group group = BestGroup(policy, runs);
  if (group.count > 0 || !HasTooMany(policy, runs)) return group;
  return BestGroup(ForClosedPartition(policy), runs);
}

bool IsToBeRewritten(const MergePolicy& policy, const RunSize& run) {
  return run.deleted_rows > 0 &&
         run.deleted_rows >= policy.rewrite_deleted_share * static_cast<double>(run.rows);
}

// Neighbours on local disk: by partition and by how many cold runs come before them that it may
// have rows of.
using Stretches = std::map<std::pair<int64_t, uint32_t>, std::vector<RunSize>>;

Stretches StretchesOf(std::span<const RunSize> runs) {
  Stretches stretches;
  std::map<int64_t, uint32_t> cold_before;
  uint32_t anywhere_before = 0;
  for (const RunSize& run : runs) {
    if (run.live_rows() == 0) continue;  // goes with the next flush
    uint32_t& cold_runs = cold_before[run.partition];
    if (run.is_anywhere) {
      ++anywhere_before;
    } else if (run.is_cold) {
      ++cold_runs;
    } else {
      stretches[{run.partition, cold_runs + anywhere_before}].push_back(run);
    }
  }
  return stretches;
}

int64_t FloorDivide(int64_t value, int64_t by) { return value / by - (value % by < 0 ? 1 : 0); }

}  // namespace

uint64_t RunSize::live_bytes() const {
  const double share = static_cast<double>(live_rows()) / static_cast<double>(rows);
  return std::max<uint64_t>(1, static_cast<uint64_t>(share * static_cast<double>(file_bytes)));
}

std::vector<RunId> PickMerge(const MergePolicy& policy, std::span<const RunSize> runs) {
  Group best;
  std::vector<RunId> picked;
  for (const auto& [place, stretch] : StretchesOf(runs)) {
    const bool is_closed = place.first < runs.back().partition;
    const Group group = BestGroupOfPartition(policy, stretch, is_closed);
    if (group.count == 0 || !group.IsBetterThan(best)) continue;
    best = group;
    picked.clear();
    for (size_t i = 0; i < group.count; ++i) picked.push_back(stretch[group.first + i].id);
  }
  if (!picked.empty()) return picked;
  for (const RunSize& run : runs) {
    if (run.live_rows() > 0 && IsToBeRewritten(policy, run)) return {run.id};
  }
  return {};
}

MergePolicy PolicyFor(MergePolicy policy, const TableSchema& schema) {
  if (schema.sort_key.empty()) return policy;  // one input after the other, one block at a time
  uint64_t row_bytes = 0;
  for (const ColumnSchema& column : schema.columns) {
    // Strings have bytes elsewhere; what they really take is booked when they are read.
    const bool is_text = column.physical_type == PhysicalType::kBytes;
    if (!column.is_generated()) row_bytes += ValueBytes(column.physical_type) + (is_text ? 32 : 0);
  }
  const uint64_t inputs = policy.memory_bytes_max / (row_bytes * kBlockRows);
  policy.inputs_max = std::clamp<uint64_t>(inputs, 2, policy.inputs_max);
  policy.inputs_min = std::min(policy.inputs_min, policy.inputs_max);
  // So that runs of about the same size can be merged at all.
  policy.largest_share_max =
      std::max(policy.largest_share_max, 1.2 / static_cast<double>(policy.inputs_max));
  return policy;
}

std::optional<PartitionColumn> FindPartitionColumn(const TableSchema& schema) {
  if (schema.sort_key.size() < 2) return std::nullopt;
  const std::optional<TimeColumn> time = FindTimeColumn(schema);
  if (!time || time->id != schema.sort_key.back()) return std::nullopt;
  return PartitionColumn{time->id, time->ticks_per_second * 24 * 3600};
}

int64_t PartitionOf(const RunVersion& run, const PartitionColumn& column) {
  std::optional<int64_t> newest;
  for (uint32_t block = 0; block < run.block_count(); ++block) {
    const ZoneMap* const zone = run.Zone(column.id, block);
    if (zone == nullptr || !zone->has_max) continue;
    newest = std::max(newest.value_or(INT64_MIN), zone->max.As<int64_t>());
  }
  return newest ? FloorDivide(*newest, column.ticks_per_day) : 0;
}

std::vector<RunSize> SizesOf(const TableSchema& schema, const TableVersion& version, RunId before) {
  const std::optional<PartitionColumn> partition = FindPartitionColumn(schema);
  std::vector<RunSize> sizes;
  version.ForEachRun([&](const RunVersionPtr& run) {
    if (run->run()->is_hot() || run->id() >= before) return;
    const bool is_cold = run->run()->tier() == Tier::kCold;
    const bool is_known = !is_cold || static_cast<const ColdRun&>(*run->run()).sidecar() != nullptr;
    sizes.push_back({.id = run->id(),
                     .rows = run->row_count(),
                     .deleted_rows = run->deleted_count(),
                     .file_bytes = run->run()->file_bytes(),
                     .partition = partition && is_known ? PartitionOf(*run, *partition) : 0,
                     .is_cold = is_cold,
                     .is_anywhere = partition && !is_known});
  });
  return sizes;
}

}  // namespace luma::storage
