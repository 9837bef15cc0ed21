#include "storage/cold/cold_choice.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "storage/time_column.h"

namespace luma::storage {
namespace {

constexpr int64_t kMillisPerSecond = 1'000;

UnixMillis MillisOf(int64_t ticks, int64_t ticks_per_second) {
  if (ticks_per_second >= kMillisPerSecond) return ticks / (ticks_per_second / kMillisPerSecond);
  const int64_t millis_per_tick = kMillisPerSecond / ticks_per_second;
  return std::clamp(ticks, INT64_MIN / millis_per_tick, INT64_MAX / millis_per_tick) *
         millis_per_tick;
}

bool IsOld(int64_t newest, const TimeColumn& time, const TablePolicy& policy, UnixMillis now) {
  if (!policy.warm_age) return false;
  return newest < time.TicksOf(now - std::chrono::milliseconds(*policy.warm_age).count());
}

// What the next merge of the runs of this partition would take. The youngest run of all stays in
// the list, since it says which partitions are closed.
std::vector<RunId> MergedNext(const MergePolicy& merges, std::vector<RunSize> runs,
                              int64_t partition) {
  const RunId youngest = runs.back().id;
  std::erase_if(runs, [&](const RunSize& run) {
    return run.partition != partition && !run.is_anywhere && run.id != youngest;
  });
  return PickMerge(merges, runs);
}

}  // namespace

std::vector<ColdCandidate> ColdCandidates(const CatalogObjectPtr& table,
                                          const TableVersion& version, RunId before,
                                          const TablePolicy& policy, const MergePolicy& merges,
                                          UnixMillis now) {
  std::vector<ColdCandidate> candidates;
  const std::optional<TimeColumn> time = FindTimeColumn(*table->table);
  if (!time) return candidates;
  const std::vector<RunSize> sizes = SizesOf(*table->table, version, before);
  const MergePolicy own_merges = PolicyFor(merges, *table->table);
  std::map<int64_t, std::vector<RunId>> merged_next;  // by partition
  for (const RunSize& size : sizes) {
    if (size.is_cold || size.live_rows() == 0) continue;
    const RunVersionPtr run = version.Find(size.id);
    const std::optional<int64_t> newest = NewestTicks(*run, *time);
    if (!newest) continue;
    const auto [merged, is_new] = merged_next.try_emplace(size.partition);
    if (is_new) merged->second = MergedNext(own_merges, sizes, size.partition);
    // One that would be rewritten alone can as well be rewritten on its way.
    if (merged->second.size() > 1 && std::ranges::count(merged->second, size.id) > 0) continue;
    candidates.push_back({.table = table,
                          .run = run,
                          .newest = MillisOf(*newest, time->ticks_per_second),
                          .is_old = IsOld(*newest, *time, policy, now)});
  }
  return candidates;
}

}  // namespace luma::storage
