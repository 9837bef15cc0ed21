#include "storage/metrics/retired/series_partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "encoding/testing/format_example.h"
#include "encoding/testing/test_seed.h"
#include "io/sim_disk.h"
#include "storage/metrics/retired/id_runs.h"
#include "storage/metrics/retired/series_partition_builder.h"

namespace luma::storage {
namespace {

constexpr TimeRange kTimes{.min = 1000, .max = 2000};

using Model = std::map<uint32_t, Labels>;

Labels Make(std::vector<LabelRef> labels) { return *Labels::Of(std::move(labels)); }

// Series with a few jobs, a pod of their own each, and a zone now and then; ids with gaps.
Model RandomSeries(std::mt19937_64& random, size_t count) {
  Model model;
  uint32_t id = 0;
  while (model.size() < count) {
    id += random() % 10 == 0 ? random() % 1000 + 1 : 1;
    const std::string pod = "pod-" + std::to_string(random());
    const std::string job = "job" + std::to_string(random() % 5);
    const std::string zone = random() % 3 == 0 ? std::string(1 + random() % 40, 'z') : "";
    model[id] = Make({{"__name__", random() % 2 == 0 ? "up" : "load"},
                      {"pod", pod},
                      {"job", job},
                      {"zone", zone}});
  }
  return model;
}

Bytes Build(const Model& model) {
  SeriesPartitionBuilder builder;
  for (const auto& [id, labels] : model) builder.Add(id, labels);
  return builder.Finish(kTimes);
}

class SeriesPartitionTest : public testing::Test {
 protected:
  Result<std::shared_ptr<const SeriesPartition>> TryOpen(ByteSpan bytes) {
    EXPECT_TRUE(io::WriteFileAtomically(disk_, "/p", bytes).ok());
    return SeriesPartition::Open(*disk_.OpenForRead("/p"));
  }
  std::shared_ptr<const SeriesPartition> Open(const Model& model) {
    auto opened = TryOpen(Build(model));
    EXPECT_TRUE(opened.ok()) << opened.status();
    return *opened;
  }

  io::SimDisk disk_;
};

SeriesBitmap Select(const SeriesPartition& partition, const Matchers& matchers) {
  SeriesBitmap ids = partition.ids();
  for (const Matcher& matcher : matchers) {
    const Status filtered = partition.Filter(matcher, ids);
    EXPECT_TRUE(filtered.ok()) << filtered;
  }
  return ids;
}

SeriesBitmap Find(const SeriesPartition& partition, std::vector<Hash128> hashes) {
  std::ranges::sort(hashes);
  const auto found = partition.Find(hashes);
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() ? *found : SeriesBitmap();
}

// Everything the partition can be asked equals the model.
void ExpectSame(const SeriesPartition& partition, const Model& model, std::mt19937_64& random) {
  SeriesBitmap some;
  std::set<std::string> names;
  std::set<std::string> pods;
  SeriesBitmap all;
  for (const auto& [id, labels] : model) {
    all.add(id);
    if (random() % 3 != 0) continue;
    some.add(id);
    for (const LabelRef& label : labels) names.emplace(label.name);
    pods.emplace(labels.Get("pod"));
  }
  EXPECT_EQ(partition.ids(), all);
  EXPECT_EQ(partition.times().min, kTimes.min);
  EXPECT_EQ(partition.times().max, kTimes.max);
  SeriesBitmap visited;
  ASSERT_TRUE(partition
                  .VisitLabels(some,
                               [&](uint32_t id, LabelsView labels) {
                                 EXPECT_EQ(labels, model.at(id).view());
                                 visited.add(id);
                                 return Status::Ok();
                               })
                  .ok());
  EXPECT_EQ(visited, some);
  TextSet found_names(nullptr);
  ASSERT_TRUE(partition.AddLabelNames(some, found_names).ok());
  EXPECT_THAT(std::move(found_names).Take(), testing::ElementsAreArray(names));
  TextSet found_pods(nullptr);
  ASSERT_TRUE(partition.AddLabelValues("pod", some, found_pods).ok());
  EXPECT_THAT(std::move(found_pods).Take(), testing::ElementsAreArray(pods));
}

TEST_F(SeriesPartitionTest, TheExampleOfTheDocumentIsWritten) {
  const Bytes example = encoding::testing::FormatExample("series_partition.md", "the partition");
  const Bytes written = Build({{5, Make({{"__name__", "up"}, {"job", "node"}})}});
  EXPECT_EQ(encoding::testing::ToHex(written), encoding::testing::ToHex(example));
}

TEST_F(SeriesPartitionTest, AnswersAsItsSeriesDo) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (const size_t count : {1, 127, 128, 129, 5000}) {
    const Model model = RandomSeries(random, count);
    const auto partition = Open(model);
    ExpectSame(*partition, model, random);
    for (const auto& [id, labels] : model) {
      const Labels other = Make({{"other", labels.Get("pod")}});
      ASSERT_EQ(Find(*partition, {labels.Hash(), other.Hash()}), SeriesBitmap(1, &id));
    }
  }
}

TEST_F(SeriesPartitionTest, ManyHashesAreFoundAtOnce) {
  std::mt19937_64 random(4);
  const Model model = RandomSeries(random, 20'000);
  const auto partition = Open(model);
  SeriesBitmap wanted;
  std::vector<Hash128> hashes;
  for (const auto& [id, labels] : model) {
    if (random() % 2 == 0) continue;
    wanted.add(id);
    hashes.push_back(labels.Hash());
    hashes.push_back({.low = labels.Hash().low, .high = random()});
  }
  EXPECT_EQ(Find(*partition, hashes), wanted);
}

TEST_F(SeriesPartitionTest, MatchersChooseAsTheyDoOnLabels) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  const Model model = RandomSeries(random, 3000);
  const auto partition = Open(model);
  const std::string a_pod(model.begin()->second.Get("pod"));
  const std::string another(model.rbegin()->second.Get("pod"));
  const std::vector<std::string> values = {
      "",         "job1",         "job1|job3", a_pod,     ".+",       ".*",
      "pod-1.*",  "z+",           "",          "nothing", "job[0-2]", a_pod + "|" + another,
      "|zz|job2", "(up|load|no)", "^$"};
  for (const std::string& name : {"job", "pod", "zone", "__name__", "absent"}) {
    for (const std::string& value : values) {
      for (const MatchOp op :
           {MatchOp::kEqual, MatchOp::kNotEqual, MatchOp::kRegex, MatchOp::kNotRegex}) {
        const Matchers matchers = {*Matcher::Create(name, op, value),
                                   *Matcher::Create("job", MatchOp::kNotEqual, "job0")};
        SeriesBitmap wanted;
        for (const auto& [id, labels] : model) {
          if (MatchesAll(matchers, labels)) wanted.add(id);
        }
        EXPECT_EQ(Select(*partition, matchers), wanted) << matchers[0].ToString();
      }
    }
  }
}

TEST_F(SeriesPartitionTest, TakesAFewBytesOfMemoryForEachSeries) {
  std::mt19937_64 random(1);
  const auto partition = Open(RandomSeries(random, 50'000));
  EXPECT_LT(partition->allocated_bytes(), 50'000u * 5);
}

TEST_F(SeriesPartitionTest, OfUnknownHashesFewAreReadFor) {
  std::mt19937_64 random(1);
  HashFilter filter(100'000);
  for (int i = 0; i < 100'000; ++i) filter.Add({.low = random(), .high = random()});
  int passed = 0;
  for (int i = 0; i < 100'000; ++i) {
    passed += filter.MayContain({.low = random(), .high = random()}) ? 1 : 0;
  }
  EXPECT_LT(passed, 200);
}

// Goal: damage anywhere is found or changes no answer.
// Method: flips a bit of each byte in turn and asks everything.
TEST_F(SeriesPartitionTest, EveryFlippedBitIsFoundOrHarmless) {
  std::mt19937_64 random(2);
  const Model model = RandomSeries(random, 60);
  const Bytes good = Build(model);
  const Matcher any = *Matcher::Create("zone", MatchOp::kRegex, "z+");
  const SeriesBitmap expected = Select(**TryOpen(good), {any});
  for (size_t i = 0; i < good.size(); ++i) {
    SCOPED_TRACE(testing::Message() << "offset " << i);
    Bytes bad = good;
    bad[i] ^= std::byte{1} << (i % 8);
    const auto opened = TryOpen(bad);
    if (!opened.ok()) continue;
    SeriesBitmap ids = (*opened)->ids();
    if ((*opened)->Filter(any, ids).ok()) EXPECT_EQ(ids, expected);
    const Status visited =
        (*opened)->VisitLabels((*opened)->ids(), [&](uint32_t id, LabelsView labels) {
          EXPECT_EQ(labels, model.at(id).view());
          return Status::Ok();
        });
    if (!visited.ok()) EXPECT_TRUE((*opened)->is_damaged());
    for (const auto& [id, labels] : model) {
      const Hash128 hash = labels.Hash();
      const auto found = (*opened)->Find({&hash, 1});
      if (found.ok()) EXPECT_EQ(*found, SeriesBitmap(1, &id));
    }
  }
}

TEST_F(SeriesPartitionTest, ShorterFilesAreRefused) {
  std::mt19937_64 random(3);
  const Bytes good = Build(RandomSeries(random, 10));
  for (size_t bytes = 0; bytes < good.size(); ++bytes) {
    EXPECT_FALSE(TryOpen(ByteSpan(good).first(bytes)).ok()) << bytes;
  }
}

TEST(IdRunsTest, ComeBackAsTheyWere) {
  const uint64_t seed = encoding::testing::TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 100; ++round) {
    SeriesBitmap ids;
    for (uint64_t i = random() % 50; i > 0; --i) {
      const uint64_t first = random() % UINT32_MAX;
      ids.addRange(first, std::min<uint64_t>(first + random() % 100, UINT32_MAX) + 1);
    }
    if (round % 2 == 0) ids.add(UINT32_MAX);
    Bytes bytes;
    ByteWriter out(bytes);
    AppendIdRuns(ids, out);
    ByteReader in(bytes);
    const auto again = ReadIdRuns(in);
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, ids);
    EXPECT_EQ(in.remaining(), 0u);
  }
}

TEST(IdRunsTest, IdsPastTheLastAreRefused) {
  for (const auto& [gap, more] : {std::pair<uint64_t, uint64_t>{UINT32_MAX, 1},
                                  {uint64_t{1} << 32, 0},
                                  {0, uint64_t{1} << 32},
                                  {UINT64_MAX, UINT64_MAX}}) {
    Bytes bytes;
    ByteWriter out(bytes);
    out.Varint(1);
    out.Varint(gap);
    out.Varint(more);
    ByteReader in(bytes);
    EXPECT_FALSE(ReadIdRuns(in).ok());
  }
}

}  // namespace
}  // namespace luma::storage
