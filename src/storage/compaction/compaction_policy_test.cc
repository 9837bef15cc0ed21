#include "storage/compaction/compaction_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "encoding/testing/test_seed.h"
#include "storage/catalog_state.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

RunSize OneRun(uint32_t id, uint64_t bytes, int64_t partition = 0) {
  return {.id = RunId{id}, .rows = 1000, .file_bytes = bytes, .partition = partition};
}

std::vector<uint32_t> Pick(const std::vector<RunSize>& runs, const MergePolicy& policy = {}) {
  std::vector<uint32_t> ids;
  for (const RunId id : PickMerge(policy, runs)) ids.push_back(static_cast<uint32_t>(id));
  return ids;
}

// Runs 1, 2, ... of these sizes.
std::vector<RunSize> Runs(const std::vector<uint64_t>& sizes) {
  std::vector<RunSize> runs;
  for (const uint64_t bytes : sizes) {
    runs.push_back(OneRun(static_cast<uint32_t>(runs.size() + 1), bytes));
  }
  return runs;
}

constexpr MergePolicy kFours{.inputs_min = 4, .largest_share_max = 0.4};

TEST(CompactionPolicyTest, FewRunsStay) {
  EXPECT_THAT(Pick({}), IsEmpty());
  EXPECT_THAT(Pick(Runs({100, 100, 100, 100, 100, 100, 100})), IsEmpty());
}

TEST(CompactionPolicyTest, RunsOfOneSizeAreMergedTogether) {
  EXPECT_THAT(Pick(Runs({100, 100, 100, 100, 100, 100, 100, 100, 100})),
              ElementsAre(1, 2, 3, 4, 5, 6, 7, 8, 9));
}

TEST(CompactionPolicyTest, ALargeRunIsNotRewrittenForSmallOnes) {
  EXPECT_THAT(Pick(Runs({10'000, 100, 100, 100}), kFours), IsEmpty());
  EXPECT_THAT(Pick(Runs({10'000, 100, 100, 100, 100}), kFours), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(Pick(Runs({200, 100, 100, 100}), kFours), ElementsAre(1, 2, 3, 4));
}

TEST(CompactionPolicyTest, OnlyNeighboursAreMerged) {
  EXPECT_THAT(Pick(Runs({100, 100, 9'000, 100, 100}), kFours), IsEmpty());
}

TEST(CompactionPolicyTest, PartitionsStaySeparate) {
  std::vector<RunSize> runs;
  for (uint32_t id = 1; id <= 6; ++id) runs.push_back(OneRun(id, 100, id % 2));
  MergePolicy policy = kFours;
  policy.closed_inputs_min = 4;
  EXPECT_THAT(Pick(runs, policy), IsEmpty());
  runs.push_back(OneRun(7, 100, 1));
  EXPECT_THAT(Pick(runs, policy), ElementsAre(1, 3, 5, 7)) << "others may lie between";
}

TEST(CompactionPolicyTest, OlderPartitionsGetFewRuns) {
  const std::vector<RunSize> runs = {OneRun(1, 100, 5), OneRun(2, 100, 5), OneRun(3, 90, 6),
                                     OneRun(4, 90, 6)};
  EXPECT_THAT(Pick(runs), ElementsAre(1, 2));
  EXPECT_THAT(Pick({OneRun(1, 100, 5), OneRun(2, 30, 5), OneRun(3, 90, 6)}), IsEmpty())
      << "a little that came late";
}

TEST(CompactionPolicyTest, LimitsHold) {
  std::vector<RunSize> runs;
  for (uint32_t id = 1; id <= 40; ++id) runs.push_back(OneRun(id, 100));
  EXPECT_EQ(Pick(runs).size(), 16);
  EXPECT_EQ(Pick(runs, {.output_bytes_max = 1000}).size(), 10);
  EXPECT_EQ(Pick(runs, {.output_rows_max = 9000}).size(), 9);
  EXPECT_THAT(Pick(runs, {.output_bytes_max = 399}), IsEmpty());
}

TEST(CompactionPolicyTest, RunsThatAreHalfDeletedAreRewritten) {
  RunSize run = OneRun(3, 1000);
  run.deleted_rows = 499;
  EXPECT_THAT(Pick({run}), IsEmpty());
  run.deleted_rows = 500;
  EXPECT_THAT(Pick({run}), ElementsAre(3));
  run.deleted_rows = 1000;
  EXPECT_THAT(Pick({run}), IsEmpty()) << "a flush drops it";
}

TEST(CompactionPolicyTest, DeadRunsAreNotInTheWay) {
  std::vector<RunSize> runs;
  for (uint32_t id = 1; id <= 5; ++id) runs.push_back(OneRun(id, 100));
  runs[2].deleted_rows = runs[2].rows;
  EXPECT_THAT(Pick(runs, kFours), ElementsAre(1, 2, 4, 5));
}

TEST(CompactionPolicyTest, NothingIsMergedWithColdRunsOrAcrossThem) {
  std::vector<RunSize> runs;
  for (uint32_t id = 1; id <= 9; ++id) runs.push_back(OneRun(id, 100));
  runs[3].is_cold = true;
  EXPECT_THAT(Pick(runs, kFours), ElementsAre(5, 6, 7, 8, 9));
  runs[6].is_cold = true;
  EXPECT_THAT(Pick(runs, kFours), IsEmpty());
}

TEST(CompactionPolicyTest, AColdRunWhoseTimesAreNotKnownMayLieBetweenAnyNeighbours) {
  const MergePolicy pairs{.inputs_min = 2, .largest_share_max = 0.6};
  std::vector<RunSize> runs = {OneRun(1, 100, 5), OneRun(2, 100, 6), OneRun(3, 100, 0),
                               OneRun(4, 100, 5), OneRun(5, 100, 6)};
  runs[2].is_cold = true;
  EXPECT_THAT(Pick(runs, pairs), ElementsAre(1, 4)) << "a cold run of another partition";
  runs[2].is_anywhere = true;
  EXPECT_THAT(Pick(runs, pairs), IsEmpty());
  runs.push_back(OneRun(6, 100, 5));
  EXPECT_THAT(Pick(runs, pairs), ElementsAre(4, 6));
}

TEST(CompactionPolicyTest, AColdRunOfAnotherPartitionIsNotInTheWay) {
  std::vector<RunSize> runs;
  for (uint32_t id = 1; id <= 5; ++id) runs.push_back(OneRun(id, 100, id == 3 ? 7 : 8));
  runs[2].is_cold = true;
  EXPECT_THAT(Pick(runs, kFours), ElementsAre(1, 2, 4, 5));
}

TEST(CompactionPolicyTest, AColdRunThatIsHalfDeletedIsRewritten) {
  RunSize run = OneRun(3, 1000);
  run.is_cold = true;
  EXPECT_THAT(Pick({run}), IsEmpty());
  run.deleted_rows = 500;
  EXPECT_THAT(Pick({run}), ElementsAre(3));
}

TEST(CompactionPolicyTest, ARunFromTheFutureClosesNoOtherPartition) {
  EXPECT_THAT(Pick({OneRun(1, 100, 5), OneRun(2, 100, 9), OneRun(3, 100, 5), OneRun(4, 100, 5)}),
              IsEmpty());
}

// What thousands of flushes lead to, merged until nothing is left to do after each.
struct Flushed {
  size_t runs_max = 0;
  double amplification = 0;  // how often each byte was written
  double largest_share = 0;  // of all merges
};

Flushed FlushAndMerge(uint32_t flushes, const std::function<uint64_t(uint32_t)>& bytes_of) {
  std::vector<RunSize> runs;
  Flushed result;
  uint64_t flushed = 0;
  uint64_t merged = 0;
  const MergePolicy policy{.output_bytes_max = UINT64_MAX, .output_rows_max = UINT32_MAX};
  for (uint32_t id = 1; id <= flushes; ++id) {
    runs.push_back(OneRun(id, bytes_of(id)));
    flushed += runs.back().file_bytes;
    while (true) {
      const std::vector<RunId> picked = PickMerge(policy, runs);
      if (picked.empty()) break;
      RunSize sum = OneRun(static_cast<uint32_t>(picked.back()), 0);
      uint64_t largest = 0;
      std::erase_if(runs, [&](const RunSize& run) {
        if (std::ranges::count(picked, run.id) == 0) return false;
        sum.file_bytes += run.file_bytes;
        largest = std::max(largest, run.file_bytes);
        return true;
      });
      result.largest_share = std::max(
          result.largest_share, static_cast<double>(largest) / static_cast<double>(sum.file_bytes));
      merged += sum.file_bytes;
      runs.insert(std::ranges::lower_bound(runs, sum.id, {}, &RunSize::id), sum);
    }
    result.runs_max = std::max(result.runs_max, runs.size());
  }
  result.amplification = static_cast<double>(flushed + merged) / static_cast<double>(flushed);
  return result;
}

TEST(CompactionPolicyTest, WriteAmplificationAndRunCountStayBounded) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  const Flushed even = FlushAndMerge(3000, [&](uint32_t) { return 500 + random() % 1000; });
  EXPECT_LE(even.largest_share, 0.25);
  EXPECT_LE(even.runs_max, 24);
  EXPECT_LE(even.amplification, 6);
  RecordProperty("write_amplification", std::to_string(even.amplification));
}

TEST(CompactionPolicyTest, RunsOfUnlikeSizesStayFewToo) {
  for (uint32_t period = 2; period <= 12; ++period) {
    SCOPED_TRACE(period);
    const Flushed uneven =
        FlushAndMerge(1000, [&](uint32_t flush) { return flush % period == 0 ? 100'000 : 1000; });
    EXPECT_LE(uneven.runs_max, 33);
    EXPECT_LE(uneven.amplification, 6);
  }
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> bytes(7, 2);
  const Flushed wild =
      FlushAndMerge(1000, [&](uint32_t) { return static_cast<uint64_t>(bytes(random)) + 1; });
  EXPECT_LE(wild.runs_max, 40);
  EXPECT_LE(wild.amplification, 6);
}

// ---- tables

TEST(CompactionPolicyTest, WideRowsMeanFewerInputs) {
  TableSchema schema;
  for (uint32_t id = 1; id <= 3; ++id) {
    ColumnSchema column;
    column.id = ColumnId{id};
    schema.columns.push_back(column);
  }
  schema.sort_key = {ColumnId{1}};
  EXPECT_EQ(PolicyFor({}, schema).inputs_max, 16);
  while (schema.columns.size() < 100) schema.columns.push_back(schema.columns.front());
  EXPECT_EQ(PolicyFor({}, schema).inputs_max, 5);
  while (schema.columns.size() < 1000) schema.columns.push_back(schema.columns.front());
  EXPECT_EQ(PolicyFor({}, schema).inputs_max, 2);
  EXPECT_EQ(PolicyFor({}, schema).inputs_min, 2);
  EXPECT_EQ(PolicyFor({}, schema).largest_share_max, 0.6);
  schema.sort_key.clear();
  EXPECT_EQ(PolicyFor({}, schema).inputs_max, 16);
}

TEST(CompactionPolicyTest, SamplesArePartitionedByDay) {
  const auto samples = CatalogState::Builtin()->Find(kSamplesTableId);
  const auto column = FindPartitionColumn(*samples->table);
  ASSERT_TRUE(column.has_value());
  EXPECT_EQ(column->id, ColumnId{2});
  EXPECT_EQ(column->ticks_per_day, 86'400'000);
  const auto series = CatalogState::Builtin()->Find(kSeriesTableId);
  EXPECT_FALSE(FindPartitionColumn(*series->table).has_value());
}

}  // namespace
}  // namespace luma::storage
