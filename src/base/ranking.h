// What there is most of.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace luma {

using Ranking = std::vector<std::pair<std::string, uint64_t>>;  // largest first, then by name

// The `limit` largest of a map. `name_of` and `count_of` give the name and the count of an entry;
// names are copied only of those that are kept.
template <typename Counts, typename NameOf, typename CountOf>
Ranking LargestOf(const Counts& counts, size_t limit, const NameOf& name_of,
                  const CountOf& count_of) {
  std::vector<const typename Counts::value_type*> entries;
  entries.reserve(counts.size());
  for (const auto& entry : counts) entries.push_back(&entry);
  const auto before = [&](const auto* a, const auto* b) {
    const uint64_t count_a = count_of(*a);
    const uint64_t count_b = count_of(*b);
    return count_a != count_b ? count_a > count_b : name_of(*a) < name_of(*b);
  };
  const auto kept = static_cast<ptrdiff_t>(std::min(limit, entries.size()));
  std::partial_sort(entries.begin(), entries.begin() + kept, entries.end(), before);
  Ranking ranking;
  for (ptrdiff_t i = 0; i < kept; ++i) {
    ranking.emplace_back(std::string(name_of(*entries[i])), count_of(*entries[i]));
  }
  return ranking;
}

}  // namespace luma
