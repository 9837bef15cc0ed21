#include "storage/persistent_map.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <vector>

namespace luma::storage {
namespace {

std::map<int, int> Contents(const PersistentMap<int, int>& map) {
  std::map<int, int> contents;
  map.VisitAll([&](int key, int value) {
    contents[key] = value;
    return true;
  });
  return contents;
}

// Goal: every version equals the std::map it was made beside, also after later changes.
// Method: random sets and erases on a small key range; every tenth version is kept and compared at
// the end.
TEST(PersistentMapTest, EveryVersionEqualsAnOrdinaryMap) {
  std::mt19937 random(20261122);
  PersistentMap<int, int> map;
  std::map<int, int> expected;
  std::vector<std::pair<PersistentMap<int, int>, std::map<int, int>>> versions;
  for (int step = 0; step < 5000; ++step) {
    const int key = static_cast<int>(random() % 300);
    if (random() % 3 == 0) {
      map.Erase(key);
      expected.erase(key);
    } else {
      map.Set(key, step);
      expected[key] = step;
    }
    if (step % 10 == 0) versions.emplace_back(map, expected);
  }
  for (const auto& [version, contents] : versions) {
    EXPECT_EQ(version.size(), contents.size());
    EXPECT_EQ(Contents(version), contents);
  }
}

TEST(PersistentMapTest, VisitFromStartsAtTheKeyAndStopsWhenAsked) {
  PersistentMap<int, int> map;
  for (int key = 0; key < 100; key += 2) map.Set(key, key);
  std::vector<int> visited;
  map.VisitFrom(51, [&](int key, int) {
    visited.push_back(key);
    return visited.size() < 3;
  });
  EXPECT_THAT(visited, testing::ElementsAre(52, 54, 56));
}

// Counts comparisons to bound the depth without looking inside: an AVL tree of n nodes is at most
// 1.44 log2(n) deep, and each level compares at most twice.
struct CountingLess {
  static inline int count = 0;
  bool operator()(int a, int b) const {
    ++count;
    return a < b;
  }
};

TEST(PersistentMapTest, StaysBalancedWhenKeysComeInOrder) {
  PersistentMap<int, int, CountingLess> map;
  for (int key = 0; key < 10'000; ++key) map.Set(key, key);
  for (int key = 0; key < 5'000; ++key) map.Erase(key);
  const int bound = static_cast<int>(2 * (1.44 * std::log2(5'000) + 1));
  for (int key = 5'000; key < 10'000; ++key) {
    CountingLess::count = 0;
    ASSERT_NE(map.Find(key), nullptr);
    ASSERT_LE(CountingLess::count, bound);
  }
}

}  // namespace
}  // namespace luma::storage
