#include "storage/metrics/series_registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace luma::storage {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Labels Make(std::vector<LabelRef> labels) {
  auto made = Labels::Of(std::move(labels));
  EXPECT_TRUE(made.ok());
  return *made;
}

Matcher Match(std::string name, MatchOp op, std::string value) {
  return *Matcher::Create(std::move(name), op, std::move(value));
}

// Adds series 1, 2, ... in the order given.
void AddAll(SeriesRegistry& registry, const std::vector<Labels>& all) {
  uint64_t id = registry.series_count();
  for (const Labels& labels : all) {
    const SeriesRegistry::Addition addition = {.id = SeriesId{++id},
                                               .labels = labels,
                                               .hash = labels.Hash(),
                                               .newest = SeriesRegistry::kNoSample};
    ASSERT_TRUE(registry.Add({&addition, 1}).ok());
  }
}

std::vector<uint32_t> Ids(const SeriesBitmap& bitmap) { return {bitmap.begin(), bitmap.end()}; }

class SeriesRegistryTest : public testing::Test {
 protected:
  SeriesRegistryTest() {
    AddAll(registry_, {Make({{"__name__", "up"}, {"job", "node"}, {"instance", "a:9100"}}),
                       Make({{"__name__", "up"}, {"job", "node"}, {"instance", "b:9100"}}),
                       Make({{"__name__", "up"}, {"job", "luma"}}),
                       Make({{"__name__", "load"}, {"host", "a"}}), Make({{"loose", "1"}})});
  }

  std::vector<std::string> LabelValues(std::string_view name, const SeriesBitmap& ids) {
    TextSet values(nullptr);
    EXPECT_TRUE(registry_.AddLabelValues(name, ids, values).ok());
    return std::move(values).Take();
  }

  SeriesRegistry registry_;
};

TEST_F(SeriesRegistryTest, LabelsComeBackAsTheyWere) {
  std::string canonical;
  ASSERT_TRUE(registry_.AppendLabels(SeriesId{2}, canonical));
  EXPECT_EQ(LabelsView(canonical).ToString(), R"(up{instance="b:9100", job="node"})");
  EXPECT_FALSE(registry_.AppendLabels(SeriesId{0}, canonical));
  EXPECT_FALSE(registry_.AppendLabels(SeriesId{6}, canonical));
  EXPECT_FALSE(registry_.AppendLabels(SeriesId{UINT64_MAX}, canonical));
}

TEST_F(SeriesRegistryTest, ReadsOneLabelOfManySeriesAsAColumn) {
  const std::vector<SeriesId> ids = {SeriesId{3}, SeriesId{1}, SeriesId{4}, SeriesId{99}};
  std::vector<std::string> values(ids.size());
  registry_.LabelValuesOf(ids, "job", values);
  EXPECT_THAT(values, ElementsAre("luma", "node", "", ""));
}

TEST_F(SeriesRegistryTest, KnowsMetricsTheirSeriesAndTheirLabels) {
  EXPECT_THAT(registry_.MetricNames(), ElementsAre("load", "up"));
  EXPECT_THAT(registry_.LabelNamesOf("up"), ElementsAre("instance", "job"));
  EXPECT_THAT(registry_.SeriesOf("up"), ElementsAre(SeriesId{1}, SeriesId{2}, SeriesId{3}));
  EXPECT_THAT(registry_.LabelNamesOf("down"), IsEmpty());
  EXPECT_THAT(registry_.SeriesOf("down"), IsEmpty());
}

TEST_F(SeriesRegistryTest, VersionsRiseWithAdditions) {
  const uint64_t version = registry_.version();
  const uint64_t up = registry_.MetricVersion("up");
  const uint64_t load = registry_.MetricVersion("load");
  AddAll(registry_, {Make({{"__name__", "up"}, {"zone", "z"}})});
  EXPECT_GT(registry_.version(), version);
  EXPECT_GT(registry_.MetricVersion("up"), up);
  EXPECT_EQ(registry_.MetricVersion("load"), load);
  EXPECT_EQ(registry_.MetricVersion("down"), 0u);
  EXPECT_THAT(registry_.LabelNamesOf("up"), ElementsAre("instance", "job", "zone"));
}

TEST_F(SeriesRegistryTest, MatchersOfEveryKindSelectSeries) {
  const auto select = [&](Matchers matchers) { return Ids(registry_.SelectActive(matchers)); };
  EXPECT_THAT(select({}), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_THAT(select({Match("job", MatchOp::kEqual, "node")}), ElementsAre(1, 2));
  EXPECT_THAT(select({Match("job", MatchOp::kEqual, "")}), ElementsAre(4, 5));
  EXPECT_THAT(select({Match("job", MatchOp::kNotEqual, "node")}), ElementsAre(3, 4, 5));
  EXPECT_THAT(select({Match("job", MatchOp::kNotEqual, "")}), ElementsAre(1, 2, 3));
  EXPECT_THAT(select({Match("instance", MatchOp::kRegex, "[ab]:.*")}), ElementsAre(1, 2));
  EXPECT_THAT(select({Match("instance", MatchOp::kRegex, "a:9100|c:9100")}), ElementsAre(1));
  EXPECT_THAT(select({Match("instance", MatchOp::kRegex, "a:9100|")}), ElementsAre(1, 3, 4, 5));
  EXPECT_THAT(select({Match("instance", MatchOp::kNotRegex, "a.*")}), ElementsAre(2, 3, 4, 5));
  EXPECT_THAT(select({Match("instance", MatchOp::kNotRegex, ".+"),
                      Match("__name__", MatchOp::kEqual, "up")}),
              ElementsAre(3));
  EXPECT_THAT(select({Match("job", MatchOp::kEqual, "none")}), IsEmpty());
}

TEST_F(SeriesRegistryTest, ListsNamesAndValuesOfGivenSeries) {
  SeriesBitmap ids;
  ids.addMany(2, std::vector<uint32_t>{2, 3}.data());
  EXPECT_THAT(registry_.LabelNames(ids), ElementsAre("__name__", "instance", "job"));
  EXPECT_THAT(LabelValues("job", ids), ElementsAre("luma", "node"));
  EXPECT_THAT(LabelValues("instance", ids), ElementsAre("b:9100"));
  EXPECT_THAT(LabelValues("host", ids), IsEmpty());
}

// Goal: names are the same whether series or pairs are looked at, which their numbers decide.
TEST_F(SeriesRegistryTest, NamesAreThoseOfFewAndOfManySeries) {
  std::vector<Labels> pods;
  for (int i = 6; i <= 1'000; ++i) {
    const std::string pod = "pod-" + std::to_string(i);
    pods.push_back(Make({{"__name__", "cpu"}, {"pod", pod}, {i % 2 == 0 ? "even" : "odd", "1"}}));
  }
  AddAll(registry_, pods);
  const auto names = [&](uint64_t first, uint64_t end, uint64_t step) {
    SeriesBitmap ids;
    for (uint64_t id = first; id < end; id += step) ids.add(static_cast<uint32_t>(id));
    return registry_.LabelNames(ids);
  };
  EXPECT_THAT(names(1'000, 1'001, 1), ElementsAre("__name__", "even", "pod"));
  EXPECT_THAT(names(7, 8, 1), ElementsAre("__name__", "odd", "pod"));
  EXPECT_THAT(names(6, 1'001, 2), ElementsAre("__name__", "even", "pod"));
  EXPECT_THAT(names(6, 1'001, 1), ElementsAre("__name__", "even", "odd", "pod"));
  EXPECT_THAT(names(2'000, 3'000, 1), IsEmpty());
  SeriesBitmap even;
  for (uint32_t id = 6; id <= 1'000; id += 2) even.add(id);
  registry_.Remove(even);
  EXPECT_THAT(registry_.LabelNames(registry_.SelectActive({})),
              ElementsAre("__name__", "host", "instance", "job", "loose", "odd", "pod"));
}

TEST_F(SeriesRegistryTest, TellsWhichNewestSamplesAreInARange) {
  registry_.SetNewest(SeriesId{1}, 10);
  registry_.SetNewest(SeriesId{2}, 20);
  registry_.SetNewest(SeriesId{3}, 30);
  const SeriesBitmap all = registry_.SelectActive({});
  const auto newest_in = [&](TimeRange range, UnixMillis bound) {
    return Ids(registry_.NewestIn(all, range, bound));
  };
  EXPECT_THAT(newest_in({}, 0), ElementsAre(1, 2, 3)) << "the others have no sample";
  EXPECT_THAT(newest_in({.min = 10, .max = 20}, 0), ElementsAre(1, 2));
  EXPECT_THAT(newest_in({.min = 11, .max = 20}, 0), ElementsAre(2));
  EXPECT_THAT(newest_in({.min = 10, .max = 30}, 20), ElementsAre(1, 3));
  SeriesBitmap some;
  some.add(3);
  some.add(77);
  EXPECT_THAT(Ids(registry_.NewestIn(some, {}, 0)), ElementsAre(3));
  registry_.NoteBounds(all, {.min = 11, .max = 40});
  EXPECT_THAT(newest_in({}, 0), ElementsAre(1));
  registry_.SetNewest(SeriesId{2}, 21);
  EXPECT_THAT(newest_in({}, 0), ElementsAre(1, 2));
}

TEST_F(SeriesRegistryTest, SecondSeriesOfTheSameLabelsIsCorruption) {
  const Labels labels = Make({{"loose", "1"}});
  const SeriesRegistry::Addition addition = {
      .id = SeriesId{9}, .labels = labels, .hash = labels.Hash(), .newest = 0};
  EXPECT_EQ(registry_.Add({&addition, 1}).code(), StatusCode::kCorruption);
}

TEST_F(SeriesRegistryTest, ResolveFindsKnownSeriesAndCountsUnknownOnes) {
  SeriesBatch batch;
  batch.StartSeries(Make({{"loose", "1"}}));
  batch.StartSeries(Make({{"loose", "2"}}));
  std::vector<SeriesId> ids;
  EXPECT_EQ(registry_.Resolve(batch, ids), 1u);
  EXPECT_THAT(ids, ElementsAre(SeriesId{5}, kUnknownSeries));
}

TEST_F(SeriesRegistryTest, AdvanceAcceptsOnlyNewerSamples) {
  const auto advance = [&](std::vector<UnixMillis> timestamps) {
    SeriesBatch batch;
    batch.StartSeries(Make({{"loose", "1"}}));
    for (const UnixMillis timestamp : timestamps) batch.AddSample({timestamp, 1});
    return registry_.Advance(batch, std::vector{SeriesId{5}});
  };
  EXPECT_TRUE(advance({10, 20}));
  EXPECT_EQ(registry_.Newest(SeriesId{5}), 20);
  EXPECT_FALSE(advance({20}));
  EXPECT_FALSE(advance({30, 15}));
  EXPECT_EQ(registry_.Newest(SeriesId{5}), 20);  // a late sample leaves no mark of the others
  EXPECT_FALSE(advance({40, 30}));
  EXPECT_TRUE(advance({50}));
}

TEST(SeriesRegistryManyTest, LargePostingsAnswerLikeSmallOnes) {
  SeriesRegistry registry;
  for (int i = 0; i < 3000; ++i) {
    const std::string instance = std::to_string(i);
    const std::string parity = i % 2 == 0 ? "even" : "odd";
    const std::string group = std::to_string(i / 50);
    AddAll(
        registry,
        {Make({{"__name__", "m"}, {"instance", instance}, {"parity", parity}, {"group", group}})});
  }
  EXPECT_EQ(registry.SelectActive({Match("parity", MatchOp::kEqual, "odd")}).cardinality(), 1500u);
  EXPECT_THAT(Ids(registry.SelectActive({Match("group", MatchOp::kEqual, "7"),
                                         Match("parity", MatchOp::kNotEqual, "odd"),
                                         Match("instance", MatchOp::kRegex, "35[0-4]")})),
              ElementsAre(351, 353, 355));
}

TEST(SeriesRegistryThreadsTest, ReadersSeeWholeSeriesWhileOthersAreAdded) {
  SeriesRegistry registry;
  std::atomic<bool> stop = false;
  std::thread reader([&] {
    while (!stop) {
      for (const SeriesId id : registry.SeriesOf("m")) {
        std::string canonical;
        ASSERT_TRUE(registry.AppendLabels(id, canonical));
        ASSERT_EQ(LabelsView(canonical).Get("i").empty(), false);
      }
    }
  });
  for (int i = 0; i < 500; ++i) {
    const std::string value = std::to_string(i);
    AddAll(registry, {Make({{"__name__", "m"}, {"i", value}})});
  }
  stop = true;
  reader.join();
  EXPECT_EQ(registry.series_count(), 500u);
}

TEST_F(SeriesRegistryTest, RemovedSeriesAreUnknown) {
  SeriesBitmap removed;
  removed.add(2);
  removed.add(4);
  removed.add(77);
  const uint64_t version = registry_.version();
  const uint64_t up = registry_.MetricVersion("up");
  registry_.Remove(removed);
  EXPECT_GT(registry_.version(), version);
  EXPECT_GT(registry_.MetricVersion("up"), up);
  EXPECT_EQ(registry_.series_count(), 3u);
  EXPECT_THAT(Ids(registry_.SelectActive({})), ElementsAre(1, 3, 5));
  EXPECT_THAT(Ids(registry_.SelectActive({Match("job", MatchOp::kEqual, "node")})), ElementsAre(1));
  EXPECT_THAT(registry_.MetricNames(), ElementsAre("up"));
  EXPECT_THAT(registry_.SeriesOf("up"), ElementsAre(SeriesId{1}, SeriesId{3}));
  std::string canonical;
  EXPECT_FALSE(registry_.AppendLabels(SeriesId{2}, canonical));

  SeriesBatch batch;
  batch.StartSeries(SeriesId{2});
  batch.AddSample({.timestamp = 1, .value = 1});
  std::vector<SeriesId> ids;
  EXPECT_EQ(registry_.Resolve(batch, ids), 1u);
  EXPECT_FALSE(registry_.Advance(batch, std::vector<SeriesId>{SeriesId{2}}));
  AddAll(registry_, {});
  const Labels again = Make({{"__name__", "load"}, {"host", "a"}});
  const SeriesRegistry::Addition addition = {
      .id = SeriesId{6}, .labels = again, .hash = again.Hash(), .newest = 0};
  ASSERT_TRUE(registry_.Add({&addition, 1}).ok());
  EXPECT_THAT(registry_.SeriesOf("load"), ElementsAre(SeriesId{6}));
}

TEST_F(SeriesRegistryTest, MemoryOfRemovedSeriesComesBack) {
  const auto pod = [](int i) {
    return Make({{"__name__", "cpu"}, {"pod", "a-pod-with-a-long-name-" + std::to_string(i)}});
  };
  std::vector<Labels> pods;
  for (int i = 0; i < 20'000; ++i) pods.push_back(pod(i));
  AddAll(registry_, pods);
  const size_t before = registry_.allocated_bytes();
  SeriesBitmap removed;
  removed.addRange(6, 19'006);
  registry_.Remove(removed);
  EXPECT_EQ(registry_.resident_count(), 1'005u);
  EXPECT_LT(registry_.allocated_bytes(), before / 2);
  std::string canonical;
  ASSERT_TRUE(registry_.AppendLabels(SeriesId{20'005}, canonical));
  EXPECT_EQ(LabelsView(canonical).ToString(), LabelsView(pod(19'999)).ToString());
  EXPECT_EQ(LabelValues("pod", registry_.SelectActive({})).size(), 1'000u);
}

}  // namespace
}  // namespace luma::storage
