// A reader of a snapshot finds every series that the snapshot has, whatever the index has by then.
#include "storage/metrics/snapshot_series.h"

#include <gmock/gmock.h>

#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class SnapshotSeriesTest : public testing::Test {
 protected:
  SnapshotSeriesTest() : instance_(disk_, clock_) {
    for (const char* const one : {"a", "b", "c"}) Write(one);
    snapshot_ = instance_.engine->Begin();
  }
  ~SnapshotSeriesTest() override { snapshot_->Rollback(); }

  void Write(std::string_view instance) {
    const auto written =
        WriteAndWait(store(), MakeBatch({{TestLabels(instance), {{kTestNow, 1}}}}));
    ASSERT_TRUE(written.ok()) << written.status();
  }
  // With all samples of it.
  void Remove(std::string_view instance) {
    ASSERT_TRUE(store().DeleteSamples({Instance(instance)}, {}).ok());
    ASSERT_TRUE(store().Expire().ok());
    ASSERT_TRUE(store().directory().Select(Instance(instance))->isEmpty());
  }
  static Matchers Instance(std::string_view value) {
    return {*Matcher::Create("instance", MatchOp::kEqual, std::string(value))};
  }
  // Of samples that were read.
  static std::vector<std::string> Instances(const Result<std::vector<SeriesSamples>>& read) {
    EXPECT_TRUE(read.ok()) << read.status();
    std::vector<std::string> instances;
    for (const SeriesSamples& series : *read) instances.emplace_back(series.labels.Get("instance"));
    return instances;
  }
  MetricsStore& store() { return *instance_.store; }
  TableReader Tables() {
    return [this](ObjectId table) { return snapshot_->Read(table); };
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  MetricsInstance instance_;
  std::unique_ptr<Transaction> snapshot_;
};

TEST_F(SnapshotSeriesTest, RemovedSeriesAreThere) {
  const MetricsReader reader(*instance_.engine, store().directory(), Tables());
  Remove("b");
  Remove("c");
  EXPECT_THAT(Instances(reader.Select({}, {}, {})), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Instances(reader.Select(Instance("c"), {}, {})), ElementsAre("c"));
  EXPECT_THAT(*reader.Series(Instance("c"), {}, {}), SizeIs(1));
  EXPECT_THAT(*reader.LabelNames(Instance("c"), {}, {}), ElementsAre("__name__", "instance"));
  EXPECT_THAT(*reader.LabelValues("instance", {}, {}, {}), ElementsAre("a", "b", "c"));
  const TimeRange now = {.min = kTestNow, .max = kTestNow};
  EXPECT_THAT(*reader.LabelValues("instance", {}, now, {}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Instances(store().Select({}, {}, {})), ElementsAre("a"));
}

TEST_F(SnapshotSeriesTest, SeriesThatTheRegistryDoesNotHaveYetAreThere) {
  CommitUnregistered(instance_, {TestLabels("d"), {{kTestNow, 4}}});
  snapshot_ = instance_.engine->Begin();
  const MetricsReader reader(*instance_.engine, store().directory(), Tables());
  EXPECT_THAT(Instances(reader.Select({}, {}, {})), ElementsAre("a", "b", "c", "d"));
  EXPECT_THAT(Instances(reader.Select(Instance("d"), {}, {})), ElementsAre("d"));
  EXPECT_THAT(*reader.LabelValues("instance", {}, {}, {}), ElementsAre("a", "b", "c", "d"));
}

TEST_F(SnapshotSeriesTest, LaterSeriesAreNot) {
  const MetricsReader reader(*instance_.engine, store().directory(), Tables());
  Write("d");
  Remove("a");
  EXPECT_THAT(Instances(reader.Select({}, {}, {})), ElementsAre("a", "b", "c"));
}

// Parts are read long after their series were found.
TEST_F(SnapshotSeriesTest, PartsKeepTheLabelsOfSeriesThatAreRemovedMeanwhile) {
  const MetricsReader reader(*instance_.engine, store().directory(), Tables());
  const auto parts = reader.SelectParts({}, {}, {});
  ASSERT_TRUE(parts.ok()) << parts.status();
  Remove("b");
  ASSERT_EQ((*parts)->count(), 1u);
  EXPECT_THAT(Instances((*parts)->Read(0, nullptr)), ElementsAre("a", "b", "c"));
}

TEST_F(SnapshotSeriesTest, MergedRunsLoseNothing) {
  const MetricsReader reader(*instance_.engine, store().directory(), Tables());
  ASSERT_TRUE(instance_.engine->Flush().ok());
  Write("d");
  ASSERT_TRUE(instance_.engine->Flush().ok());
  EXPECT_THAT(Instances(reader.Select({}, {}, {})), ElementsAre("a", "b", "c"));
}

TEST_F(SnapshotSeriesTest, MemoryIsBookedWhileTheReaderIsThere) {
  MemoryBudget& budget = instance_.engine->budget();
  Remove("b");
  {
    const MetricsReader reader(*instance_.engine, store().directory(), Tables());
    EXPECT_THAT(*reader.Series(Instance("b"), {}, {}), SizeIs(1));
    EXPECT_GE(budget.booked_bytes(BudgetUse::kQuery), kSeriesBytes);
    budget.SetLimit(budget.booked_bytes());
    EXPECT_THAT(*reader.Series(Instance("b"), {}, {}), SizeIs(1)) << "is there already";
  }
  EXPECT_EQ(budget.booked_bytes(BudgetUse::kQuery), 0u);
  budget.SetLimit(1);
  const MetricsReader reader(*instance_.engine, store().directory(), Tables());
  EXPECT_EQ(reader.Series(Instance("b"), {}, {}).status().code(), StatusCode::kOutOfMemory);
}

}  // namespace
}  // namespace luma::storage
