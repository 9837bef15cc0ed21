// Deletes, retention by selector, removal of series without samples, and samples out of bounds.
#include <gmock/gmock.h>

#include <atomic>
#include <random>
#include <thread>

#include "base/log.h"
#include "encoding/testing/test_seed.h"
#include "storage/maintenance.h"
#include "storage/metrics/sample_rows.h"
#include "storage/metrics/testing/metrics_fixture.h"
#include "storage/run_version.h"
#include "storage/stored_run.h"

namespace luma::storage {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr UnixMillis kHour = 3'600'000;

class MetricsDeleteTest : public testing::Test {
 protected:
  MetricsDeleteTest() {
    SetLogLevel(LogLevel::kOff);
    Reopen();
  }
  ~MetricsDeleteTest() override { SetLogLevel(LogLevel::kInfo); }

  void Reopen() {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_, options_);
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  void Flush() { ASSERT_TRUE(instance_->engine->Flush().ok()); }
  MetricsStore& store() { return *instance_->store; }

  WriteSummary Write(const std::vector<TestSeries>& series) {
    auto summary = WriteAndWait(store(), MakeBatch(series));
    EXPECT_TRUE(summary.ok()) << summary.status();
    return *summary;
  }
  // A sample every hour: `count` of them, the last one now.
  void WriteHours(std::string_view instance, int count) {
    TestSeries series{TestLabels(instance), {}};
    for (int i = 0; i < count; ++i) {
      series.samples.push_back({clock_.NowMillis() - (count - 1 - i) * kHour, 1.0 * i});
    }
    Write({series});
  }
  static Matchers Instance(MatchOp op, std::string value) {
    return {*Matcher::Create("instance", op, std::move(value))};
  }
  uint64_t Delete(const Matchers& matchers, TimeRange range = {}) {
    const auto deleted = store().DeleteSamples({matchers}, range);
    EXPECT_TRUE(deleted.ok()) << deleted.status();
    return deleted.ok() ? *deleted : 0;
  }
  std::vector<std::string> Instances() {
    return *store().LabelValues("instance", {}, TimeRange(), ReadLimits());
  }
  // One bit of its first block.
  void DamageOldestRunOf(ObjectId table) {
    const TableSnapshotPtr rows = *instance_->engine->Read(table);
    const auto& run = static_cast<const RunVersion&>(*rows->runs().front());
    const auto& file = static_cast<const StoredRun&>(*run.run()).name();
    disk_.FlipBit(io::JoinPath("/data/segments", file), kSegmentHeaderBytes + 1, 0);
  }
  size_t SampleCount() { return instance_->StoredSamples().size(); }
  uint64_t SeriesRows() { return (*instance_->engine->Read(kSeriesTableId))->VisibleRowCount(); }
  SeriesId IdOf(std::string_view instance) {
    const Hash128 hash = TestLabels(instance).Hash();
    SeriesId id{};
    store().FindSeries({&hash, 1}, {&id, 1});
    return id;
  }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  MetricsOptions options_;
  std::unique_ptr<MetricsInstance> instance_;
};

TEST_F(MetricsDeleteTest, DeletesBySelectorAndTime) {
  for (const char* name : {"a", "b", "c"}) WriteHours(name, 10);
  Flush();
  for (const char* name : {"a", "b", "c"}) WriteHours(name, 10);  // duplicates
  WriteHours("a", 20);
  EXPECT_EQ(Delete(Instance(MatchOp::kRegex, "a|b"), {kTestNow - 4 * kHour, kTestNow - kHour}), 8u);
  EXPECT_EQ(SampleCount(), 16u + 6u + 10u);
  EXPECT_EQ(Delete(Instance(MatchOp::kRegex, "a|b"), {kTestNow - 4 * kHour, kTestNow - kHour}), 0u);
  Reopen();
  EXPECT_EQ(SampleCount(), 16u + 6u + 10u);
  EXPECT_THAT(Instances(), ElementsAre("a", "b", "c"));
}

TEST_F(MetricsDeleteTest, SeriesWithoutSamplesAreGoneEverywhere) {
  for (const char* name : {"a", "b", "c"}) WriteHours(name, 3);
  Flush();
  EXPECT_EQ(Delete(Instance(MatchOp::kEqual, "b")), 3u);
  EXPECT_THAT(Instances(), ElementsAre("a", "c"));
  EXPECT_EQ(SeriesRows(), 2u);
  EXPECT_EQ(IdOf("b"), kUnknownSeries);
  EXPECT_EQ(store().Stats().series, 2u);
  EXPECT_EQ(store().series_removed(), 1u);
  Reopen();
  EXPECT_THAT(Instances(), ElementsAre("a", "c"));
  WriteHours("b", 1);
  EXPECT_THAT(Instances(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(SampleCount(), 7u);
}

// Writes wait while series are removed: not for a look at all that there are.
TEST_F(MetricsDeleteTest, RowsOfOtherSeriesAreNotReadToRemoveOne) {
  WriteHours("a", 1);
  Flush();
  WriteHours("b", 1);
  Flush();
  DamageOldestRunOf(kSeriesTableId);
  EXPECT_EQ(Delete(Instance(MatchOp::kEqual, "b")), 1u);
  EXPECT_EQ(store().series_removed(), 1u);
  EXPECT_THAT(Instances(), ElementsAre("a"));
}

TEST_F(MetricsDeleteTest, IdsOfRemovedSeriesAreNotGivenToOthers) {
  for (const char* name : {"a", "b", "c"}) WriteHours(name, 1);
  const SeriesId last = IdOf("c");
  Delete(Instance(MatchOp::kRegex, ".*"));
  EXPECT_EQ(SeriesRows(), 0u);
  EXPECT_THAT(Instances(), IsEmpty());
  WriteHours("d", 1);
  EXPECT_GT(IdOf("d"), last);
  Reopen();
  EXPECT_GT(IdOf("d"), last);
  EXPECT_THAT(Instances(), ElementsAre("d"));
}

// As after a restore to a point in time, which brings back runs that had expired.
TEST_F(MetricsDeleteTest, SamplesWithoutASeriesDoNotBecomeThoseOfANewOne) {
  SampleRows rows(1);
  rows.Add(SeriesId{7}, kTestNow - kHour, 1.0);
  const auto transaction = instance_->engine->Begin();
  ASSERT_TRUE(transaction->Append(kSamplesTableId, std::move(rows).Finish()).ok());
  ASSERT_TRUE(transaction->Commit().ok());
  Reopen();
  Write({{TestLabels("new"), {{kTestNow, 1}}}});
  EXPECT_EQ(IdOf("new"), SeriesId{8});
}

TEST_F(MetricsDeleteTest, SeriesWithoutTheirNewestSampleAreNotThere) {
  WriteHours("a", 7);
  WriteHours("b", 7);
  const TimeRange newest{.min = kTestNow - kHour, .max = kTestNow};
  const auto instances = [&] { return *store().LabelValues("instance", {}, newest, {}); };
  EXPECT_THAT(instances(), testing::ElementsAre("a", "b"));
  Delete(Instance(MatchOp::kEqual, "a"), newest);
  EXPECT_THAT(instances(), testing::ElementsAre("b"));
  Write({{TestLabels("a"), {{kTestNow, 1}}}});
  EXPECT_THAT(instances(), testing::ElementsAre("a", "b"));
}

TEST_F(MetricsDeleteTest, LargeDeletesGoInSeveralCommits) {
  for (int i = 0; i < 10; ++i) WriteHours("s" + std::to_string(i), 7);
  Flush();
  for (int i = 10; i < 20; ++i) WriteHours("s" + std::to_string(i), 7);
  SeriesRegistry none;
  SampleDeleter deleter(*instance_->engine, none, milliseconds(1'000), 9);
  const uint64_t before = instance_->engine->Stats().commits;
  const auto deleted = deleter.Delete(store().registry().SelectActive({}), TimeRange());
  ASSERT_TRUE(deleted.ok()) << deleted.status();
  EXPECT_EQ(*deleted, 140u);
  EXPECT_EQ(instance_->engine->Stats().commits - before, 16u);
  EXPECT_EQ(SampleCount(), 0u);
}

TEST_F(MetricsDeleteTest, DeletedSamplesLeaveTheDisk) {
  for (int i = 0; i < 4; ++i) {
    WriteHours("a", 1 + i * 20);
    Flush();
  }
  Delete(Instance(MatchOp::kEqual, "a"), {INT64_MIN, kTestNow - 40 * kHour});
  ASSERT_TRUE(store().CleanTombstones().ok());
  uint64_t deleted = 0;
  const TableSnapshotPtr table = *instance_->engine->Read(kSamplesTableId);
  for (const auto& run : table->runs()) deleted += run->deleted_count();
  EXPECT_EQ(deleted, 0u);
  EXPECT_EQ(SampleCount(), 40u);
}

TEST_F(MetricsDeleteTest, AWriteToARemovedSeriesByItsIdIsToBeRepeated) {
  for (const char* name : {"a", "b"}) WriteHours(name, 1);
  SeriesBatch batch;
  batch.StartSeries(IdOf("a"));
  batch.AddSample({kTestNow + 1, 1});
  Delete(Instance(MatchOp::kEqual, "a"));
  EXPECT_EQ(WriteAndWait(store(), batch).status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(SampleCount(), 1u);
  WriteHours("a", 1);
  EXPECT_EQ(SampleCount(), 2u);
}

// Goal: a sample that was acknowledged after the deletes began to match nothing of it is there, and
// no sample ever lacks its series. Method: writers of series that keep vanishing beside deletes and
// sweeps; each writer's newest samples come after the last delete's range.
TEST_F(MetricsDeleteTest, WritesBesideDeletesKeepTheirSeries) {
  constexpr int kWriters = 3;
  constexpr int kRounds = 150;
  std::atomic<bool> stop = false;
  std::vector<std::thread> writers;
  for (int w = 0; w < kWriters; ++w) {
    writers.emplace_back([&, w] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string name = "w" + std::to_string(w) + "-" + std::to_string(i % 5);
        const auto written =
            WriteAndWait(store(), MakeBatch({{TestLabels(name), {{kTestNow + i, 1.0 * i}}}}));
        EXPECT_TRUE(written.ok()) << written.status();
      }
    });
  }
  std::thread deleter([&] {
    while (!stop) {
      Delete(Instance(MatchOp::kRegex, ".*"), {kTestNow, kTestNow + kRounds - 20});
      ASSERT_TRUE(store().Expire().ok());
    }
  });
  for (std::thread& writer : writers) writer.join();
  stop = true;
  deleter.join();
  Delete(Instance(MatchOp::kRegex, ".*"), {kTestNow, kTestNow + kRounds - 20});
  EXPECT_EQ(SampleCount(), kWriters * 19u);
  Reopen();
  EXPECT_EQ(SampleCount(), kWriters * 19u);
}

// ---- retention by selector

TEST_F(MetricsDeleteTest, TheFirstRuleThatMatchesCounts) {
  for (const char* name : {"debug-a", "debug-b", "prod"}) WriteHours(name, 30);
  store().SetRetentionRules({{Instance(MatchOp::kEqual, "debug-a"), hours(20)},
                             {Instance(MatchOp::kRegex, "debug.*"), hours(10)}});
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_EQ(SampleCount(), 21u + 11u + 30u);
  clock_.Advance(hours(5));
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_EQ(SampleCount(), 16u + 6u + 30u);
  clock_.Advance(hours(6));
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_EQ(SampleCount(), 10u + 30u);
  EXPECT_THAT(Instances(), ElementsAre("debug-a", "prod"));
}

TEST_F(MetricsDeleteTest, LateSamplesExpireWithTheNextFullPass) {
  WriteHours("a", 30);
  store().SetRetentionRules({{Instance(MatchOp::kEqual, "a"), hours(10)}});
  ASSERT_TRUE(store().Expire().ok());
  Write({{TestLabels("a"), {{kTestNow - 25 * kHour, 1}}}});
  for (int pass = 0; pass < 24; ++pass) ASSERT_TRUE(store().Expire().ok());
  EXPECT_EQ(SampleCount(), 11u);
}

TEST_F(MetricsDeleteTest, ARuleThatFailsKeepsNoOtherFromItsWork) {
  WriteHours("damaged", 30);
  Flush();
  // A scan tells ids apart by 64, so that it stays away from the damage.
  for (int i = 0; i < 64; ++i) WriteHours("other " + std::to_string(i), 1);
  WriteHours("whole", 30);
  Flush();
  DamageOldestRunOf(kSamplesTableId);
  Reopen();
  store().SetRetentionRules({{Instance(MatchOp::kEqual, "damaged"), hours(10)},
                             {Instance(MatchOp::kEqual, "whole"), hours(10)}});
  EXPECT_EQ(store().Expire().code(), StatusCode::kCorruption);
  store().SetRetentionRules({});
  EXPECT_EQ(Delete(Instance(MatchOp::kEqual, "whole")), 11u);
}

TEST_F(MetricsDeleteTest, RulesGoByAClockThatJumpsDoNotMove) {
  WriteHours("a", 30);
  store().SetRetentionRules({{Instance(MatchOp::kEqual, "a"), days(2)}});
  clock_.JumpWallTimeTo(kTestNow + 3'650 * 24 * kHour);
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_EQ(SampleCount(), 30u);
  store().ConfirmClock();
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_EQ(SampleCount(), 0u);
}

TEST_F(MetricsDeleteTest, SeriesOfExpiredRunsAreRemoved) {
  WriteHours("old", 1);
  WriteHours("young", 1);
  Flush();
  clock_.Advance(days(4));
  WriteHours("young", 1);
  Flush();
  instance_->engine->maintenance().SetDefaultRetention(days(3));
  EXPECT_EQ(instance_->engine->maintenance().Expire()->runs, 1u);
  EXPECT_THAT(Instances(), ElementsAre("old", "young"));
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_THAT(Instances(), ElementsAre("young"));
}

TEST_F(MetricsDeleteTest, SeriesWhoseRowsAMergeHasLeftOutAreRemoved) {
  WriteHours("old", 1);
  clock_.Advance(days(4));
  WriteHours("young", 2);
  Flush();
  EXPECT_EQ(Delete(Instance(MatchOp::kEqual, "young"), {.max = clock_.NowMillis() - 1}), 1u);
  ASSERT_TRUE(store().Expire().ok());
  instance_->engine->maintenance().SetDefaultRetention(days(3));
  ASSERT_TRUE(store().CleanTombstones().ok());
  EXPECT_EQ(SampleCount(), 1u);
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_THAT(Instances(), ElementsAre("young"));
}

// ---- bounds of time

TEST_F(MetricsDeleteTest, SamplesOutOfBoundsAreRefusedOneByOne) {
  options_.late_max = hours(2);
  Reopen();
  const WriteSummary summary =
      Write({{TestLabels("a"), {{kTestNow - 2 * kHour - 1, 1}, {kTestNow - 2 * kHour, 2}}},
             {TestLabels("b"), {{kTestNow + 24 * kHour + 1, 3}, {kTestNow + 24 * kHour, 4}}}});
  EXPECT_EQ(summary.samples_stored, 2u);
  EXPECT_EQ(summary.samples_refused, 2u);
  EXPECT_EQ(summary.first_refusal,
            "sample is too old: series=m{instance=\"a\"} timestamp=1699992799999");
  EXPECT_EQ(store().write_stats().samples_refused_late, 1u);
  EXPECT_EQ(SampleCount(), 2u);
}

TEST_F(MetricsDeleteTest, LateSamplesOfAnyAgeAreStoredByDefault) {
  EXPECT_EQ(Write({{TestLabels("a"), {{0, 1}, {-5, 2}, {INT64_MIN, 3}}}}).samples_stored, 3u);
  EXPECT_EQ(SampleCount(), 3u);
}

}  // namespace
}  // namespace luma::storage
