#include "storage/hot_limits.h"

#include <algorithm>

#include "storage/hot/hot_run.h"
#include "storage/table_policy_options.h"

namespace luma::storage {
namespace {

TablePolicy PolicyOf(const DatabaseState& state, ObjectId table, const TablePolicy& defaults) {
  const CatalogObjectPtr object = state.catalog()->Find(table);
  return object == nullptr ? defaults : WithDefaults(TablePolicyOf(*object->table), defaults);
}

}  // namespace

bool HotLimits::AreExceeded(const DatabaseState& state, std::chrono::nanoseconds now) {
  const FirstLooks before = std::exchange(first_looks_, {});
  bool are_exceeded = false;
  // Visits all tables also when one is over its limits, or the runs of the others would be new.
  state.ForEachTable([&](ObjectId id, const TableVersionPtr& version) {
    if (version->totals().hot_rows == 0) return;
    const TablePolicy policy = PolicyOf(state, id, defaults_);
    if (!policy.hot_age && !policy.hot_bytes) return;
    const HotRows hot = Measure(id, *version, before, now);
    if (policy.hot_age && hot.age >= *policy.hot_age) are_exceeded = true;
    if (policy.hot_bytes && hot.bytes > *policy.hot_bytes) are_exceeded = true;
  });
  return are_exceeded;
}

HotLimits::HotRows HotLimits::Measure(ObjectId table, const TableVersion& version,
                                      const FirstLooks& before, std::chrono::nanoseconds now) {
  HotRows hot;
  version.ForEachRun([&](const RunVersionPtr& run) {
    if (!run->run()->is_hot()) return;
    const RunKey key(table, run->id());
    const auto known = before.find(key);
    const std::chrono::nanoseconds since = known == before.end() ? now : known->second;
    first_looks_.emplace(key, since);
    hot.age = std::max(hot.age, now - since);
    hot.bytes += static_cast<const HotRun&>(*run->run()).memory_bytes();
  });
  return hot;
}

}  // namespace luma::storage
