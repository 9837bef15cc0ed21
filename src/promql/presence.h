// Sets of steps: one bit for each.
#pragma once

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace luma::promql {

using Presence = std::vector<uint64_t>;
using PresenceView = std::span<const uint64_t>;

inline void AddTo(Presence& set, PresenceView added) {
  set.resize(std::max(set.size(), added.size()));
  for (size_t i = 0; i < added.size(); ++i) set[i] |= added[i];
}

// A set that was never added to is empty and may lack words.
inline Presence Both(PresenceView a, PresenceView b) {
  Presence result(a.size());
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) result[i] = a[i] & b[i];
  return result;
}

inline Presence Without(PresenceView a, PresenceView b) {
  Presence result(a.begin(), a.end());
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) result[i] &= ~b[i];
  return result;
}

inline bool IsEmpty(PresenceView set) {
  return std::all_of(set.begin(), set.end(), [](uint64_t word) { return word == 0; });
}

inline size_t CountSteps(PresenceView set) {
  size_t count = 0;
  for (const uint64_t word : set) count += static_cast<size_t>(std::popcount(word));
  return count;
}

// Calls visit(step) for each step of the set, in ascending order.
template <typename Visit>
void ForEachStep(PresenceView set, Visit visit) {
  for (size_t i = 0; i < set.size(); ++i) {
    for (uint64_t bits = set[i]; bits != 0; bits &= bits - 1) {
      visit(i * 64 + static_cast<size_t>(__builtin_ctzll(bits)));
    }
  }
}

}  // namespace luma::promql
