// Exemplars in the metrics store: stored once however often they are told, over flushes and
// restarts, deleted with their series.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "storage/metrics/testing/metrics_fixture.h"

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ExemplarStorageTest : public testing::Test {
 protected:
  ExemplarStorageTest() { Reopen(); }

  void Reopen(MetricsOptions options = {}) {
    instance_.reset();
    instance_ = std::make_unique<MetricsInstance>(disk_, clock_, options);
    ASSERT_TRUE(instance_->status.ok()) << instance_->status;
  }
  void Flush() { ASSERT_TRUE(instance_->engine->Flush().ok()); }
  MetricsStore& store() { return *instance_->store; }

  struct TestExemplar {
    UnixMillis time = 0;
    double value = 0;
    std::string_view trace = {};
  };
  // With a sample at `sample`, unless that is 0.
  WriteSummary Write(std::string_view instance, UnixMillis sample,
                     const std::vector<TestExemplar>& exemplars) {
    SeriesBatch batch;
    batch.StartSeries(TestLabels(instance));
    if (sample != 0) batch.AddSample({.timestamp = sample, .value = 1});
    for (const TestExemplar& one : exemplars) {
      batch.AddExemplar(one.time, one.value, MakeLabels({{"trace_id", one.trace}}));
    }
    const auto summary = WriteAndWait(store(), batch);
    EXPECT_TRUE(summary.ok()) << summary.status();
    return summary.ok() ? *summary : WriteSummary();
  }

  // "instance time value trace" of each.
  std::vector<std::string> Read(TimeRange range = {}) {
    const std::vector<Matchers> all(1);
    const auto found = store().Exemplars(all, range, {});
    EXPECT_TRUE(found.ok()) << found.status();
    std::vector<std::string> texts;
    if (!found.ok()) return texts;
    for (const SeriesExemplars& series : *found) {
      for (const Exemplar& one : series.exemplars) {
        texts.push_back(fmt::format("{} {} {} {}", series.labels.Get("instance"), one.timestamp,
                                    one.value, one.labels.Get("trace_id")));
      }
    }
    return texts;
  }
  uint64_t Rows(ObjectId table) { return (*instance_->engine->Read(table))->VisibleRowCount(); }

  io::SimDisk disk_;
  ManualClock clock_{kTestNow};
  std::unique_ptr<MetricsInstance> instance_;
};

TEST_F(ExemplarStorageTest, AreReadBySeriesAndTime) {
  const WriteSummary summary = Write("b", 1000, {{900, 1, "x"}, {1000, 2, "y"}});
  EXPECT_EQ(summary.samples_stored, 1u);
  EXPECT_EQ(summary.exemplars_stored, 2u);
  Write("a", 1000, {{950, 3, "z"}});
  EXPECT_THAT(Read(), ElementsAre("a 950 3 z", "b 900 1 x", "b 1000 2 y"));
  EXPECT_THAT(Read({.min = 920, .max = 960}), ElementsAre("a 950 3 z"));
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("a 950 3 z", "b 900 1 x", "b 1000 2 y"));
  Flush();
  Reopen();
  EXPECT_THAT(Read(), ElementsAre("a 950 3 z", "b 900 1 x", "b 1000 2 y"));
}

// Targets show an exemplar until there is another one; senders repeat requests.
TEST_F(ExemplarStorageTest, AreStoredOnceHoweverOftenTheyAreTold) {
  Write("a", 1000, {{900, 1, "x"}});
  EXPECT_EQ(Write("a", 2000, {{900, 1, "x"}}).exemplars_stored, 1u);
  Write("a", 3000, {{900, 1, "x"}, {2500, 1, "y"}});
  Write("a", 3000, {{900, 1, "x"}, {2500, 1, "y"}});
  EXPECT_EQ(Rows(kExemplarsTableId), 2u);
  Flush();
  Reopen();
  Write("a", 4000, {{2500, 1, "y"}});
  Write("a", 5000, {{900, 1, "x"}});
  EXPECT_EQ(Rows(kExemplarsTableId), 2u);
  EXPECT_THAT(Read(), ElementsAre("a 900 1 x", "a 2500 1 y"));
}

TEST_F(ExemplarStorageTest, MayBeLateAndOfOneTime) {
  Write("a", 1000, {{900, 1, "x"}});
  Write("a", 2000, {{800, 1, "w"}, {900, 2, "x"}, {900, 1, "v"}});
  EXPECT_THAT(Read(), ElementsAre("a 800 1 w", "a 900 1 v", "a 900 1 x", "a 900 2 x"));
}

TEST_F(ExemplarStorageTest, ComeWithoutSamplesAndKeepTheirSeries) {
  Write("a", 0, {{900, 1, "x"}});
  Write("a", 0, {{950, 1, "y"}});
  EXPECT_THAT(Read(), ElementsAre("a 900 1 x", "a 950 1 y"));
  ASSERT_TRUE(store().Expire().ok());
  EXPECT_EQ(Rows(kSeriesTableId), 1u);
}

TEST_F(ExemplarStorageTest, AreRefusedAloneForTheirTime) {
  const WriteSummary summary = Write("a", 1000, {{kTestNow * 2, 1, "x"}, {900, 1, "y"}});
  EXPECT_EQ(summary.samples_stored, 1u);
  EXPECT_EQ(summary.exemplars_stored, 1u);
  EXPECT_EQ(summary.exemplars_refused, 1u);
  EXPECT_THAT(summary.first_refusal, testing::HasSubstr("exemplar is too far in the future"));
  EXPECT_THAT(Read(), ElementsAre("a 900 1 y"));
}

TEST_F(ExemplarStorageTest, AreLeftOutOnRequest) {
  Reopen({.exemplars = false});
  const WriteSummary fresh = Write("a", 1000, {{900, 1, "x"}});
  EXPECT_EQ(fresh.samples_stored, 1u);
  EXPECT_EQ(fresh.exemplars_stored + fresh.exemplars_refused, 0u);
  Write("a", 2000, {{1900, 1, "y"}});
  Write("b", 0, {{1900, 1, "z"}});
  EXPECT_THAT(Read(), IsEmpty());
  EXPECT_EQ(Rows(kSeriesTableId), 1u);
}

TEST_F(ExemplarStorageTest, GoWithTheSamplesThatAreDeleted) {
  Write("a", 1000, {{900, 1, "x"}});
  Write("a", 3000, {{2900, 1, "y"}});
  Flush();
  const std::vector<Matchers> all(1);
  EXPECT_EQ(store().DeleteSamples(all, {.min = 0, .max = 2000}).value(), 1u);
  EXPECT_THAT(Read(), ElementsAre("a 2900 1 y"));
  EXPECT_EQ(store().DeleteSamples(all, {}).value(), 1u);
  EXPECT_THAT(Read(), IsEmpty());
  EXPECT_EQ(Rows(kSeriesTableId), 0u);
}

// What was deleted is stored again, as samples are.
TEST_F(ExemplarStorageTest, AreStoredAgainAfterTheyWereDeleted) {
  Write("a", 1000, {{900, 1, "x"}});
  Write("a", 5000, {});
  const std::vector<Matchers> all(1);
  EXPECT_EQ(store().DeleteSamples(all, {.min = 0, .max = 2000}).value(), 1u);
  ASSERT_THAT(Read(), IsEmpty());
  Write("a", 6000, {{900, 1, "x"}});
  EXPECT_THAT(Read(), ElementsAre("a 900 1 x"));
}

// After a start the newest of a series is not known, and what is told of it comes in any order.
TEST_F(ExemplarStorageTest, AnOldOneAfterAStartDoesNotLookLikeTheNewest) {
  Write("a", 1000, {{900, 1, "x"}, {950, 1, "y"}});
  Reopen();
  Write("a", 2000, {{900, 1, "x"}});
  Write("a", 3000, {{950, 1, "y"}});
  EXPECT_EQ(Rows(kExemplarsTableId), 2u);
}

// Native histograms show several of one series on every page.
TEST_F(ExemplarStorageTest, SeveralThatAreRepeatedDoNotHoldUpSamples) {
  Write("a", 1000, {{800, 1, "w"}, {900, 1, "x"}, {950, 1, "y"}});
  const uint64_t queued = store().write_stats().queued_writes;
  for (UnixMillis time = 2000; time < 10'000; time += 1000) {
    Write("a", time, {{800, 1, "w"}, {900, 1, "x"}, {950, 1, "y"}, {time, 1, "z"}});
  }
  EXPECT_EQ(store().write_stats().queued_writes, queued);
  EXPECT_EQ(Rows(kExemplarsTableId), 11u);
}

class ExemplarIndexTest : public testing::Test {
 protected:
  using Place = ExemplarIndex::Place;
  ExemplarIndexTest() {
    batch_.StartSeries(TestLabels("a"));
    batch_.AddExemplar(900, 1, MakeLabels({{"trace_id", "x"}}));
  }

  ExemplarIndex index_{INT64_MIN};
  SeriesBatch batch_;
  const std::vector<SeriesId> ids_{SeriesId{7}};
  const ExemplarKey key_ = ExemplarKey::Of(900, 1, MakeLabels({{"trace_id", "x"}}));
};

// A write that failed leaves nothing that would make a repeated one look like a duplicate.
TEST_F(ExemplarIndexTest, WhatIsNotStoredYetIsLookedUp) {
  NewExemplars taken;
  ASSERT_TRUE(index_.TakeNewer(batch_, ids_, taken));
  EXPECT_EQ(taken.keys.size(), 1u);
  EXPECT_EQ(index_.PlaceOf(ids_[0], key_), Place::kLate) << "the write may fail";
  NewExemplars none;
  EXPECT_FALSE(index_.AreNewer(batch_, ids_));
  EXPECT_FALSE(index_.TakeNewer(batch_, ids_, none));
  index_.Add(taken.keys, taken.rows_lost);
  EXPECT_EQ(index_.PlaceOf(ids_[0], key_), Place::kStored);
  EXPECT_TRUE(index_.AreNewer(batch_, ids_));
  EXPECT_TRUE(index_.TakeNewer(batch_, ids_, none));
  EXPECT_TRUE(none.rows.empty());
}

TEST_F(ExemplarIndexTest, AskingChangesNothing) {
  EXPECT_TRUE(index_.AreNewer(batch_, ids_));
  EXPECT_EQ(index_.PlaceOf(ids_[0], key_), Place::kNewer);
  EXPECT_FALSE(index_.Knows(ids_[0]));
}

TEST_F(ExemplarIndexTest, DoubtsWhatMayHaveBeenDeleted) {
  NewExemplars taken;
  ASSERT_TRUE(index_.TakeNewer(batch_, ids_, taken));
  index_.NoteRowsLost(3);
  index_.Add(taken.keys, taken.rows_lost);
  EXPECT_EQ(index_.PlaceOf(ids_[0], key_), Place::kLate) << "deleted before it was told as stored";
  index_.Add(taken.keys, index_.rows_lost());
  EXPECT_EQ(index_.PlaceOf(ids_[0], key_), Place::kStored);
  index_.NoteRowsLost(3);
  EXPECT_EQ(index_.PlaceOf(ids_[0], key_), Place::kStored);
  index_.NoteRowsLost(4);
  EXPECT_EQ(index_.PlaceOf(ids_[0], key_), Place::kLate);
}

TEST_F(ExemplarIndexTest, ForgetsLittleWhenItIsFull) {
  constexpr ExemplarKey kKey{.timestamp = 1000, .content = 5};
  for (uint64_t series = 1; series <= ExemplarIndex::kSeriesMax + 1; ++series) {
    const SeriesExemplarKey one{SeriesId{series}, kKey};
    index_.Add({&one, 1}, 0);
  }
  size_t forgotten = 0;
  for (uint64_t series = 1; series <= ExemplarIndex::kSeriesMax; ++series) {
    forgotten += index_.Knows(SeriesId{series}) ? 0 : 1;
  }
  EXPECT_GT(forgotten, 0u);
  EXPECT_LE(forgotten, ExemplarIndex::kSeriesMax / 32);
  EXPECT_EQ(index_.PlaceOf(SeriesId{1}, {.timestamp = 1000, .content = 6}), Place::kLate);
  EXPECT_EQ(index_.PlaceOf(SeriesId{1}, {.timestamp = 1001, .content = 5}), Place::kNewer);
}

TEST(ExemplarIndexFloorTest, ABoundOnAllIsReplacedByThatOfASeries) {
  ExemplarIndex index(INT64_MAX);
  const ExemplarKey key{.timestamp = 1000, .content = 5};
  EXPECT_EQ(index.PlaceOf(SeriesId{1}, key), ExemplarIndex::Place::kLate);
  index.SetNewest(SeriesId{1}, 900);
  EXPECT_EQ(index.PlaceOf(SeriesId{1}, key), ExemplarIndex::Place::kNewer);
}

}  // namespace
}  // namespace luma::storage
