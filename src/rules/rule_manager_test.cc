#include "rules/rule_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "model/testing/memory_metrics.h"
#include "promql/parser.h"

namespace luma::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr int64_t kIntervalMillis = 20;

class RuleManagerTest : public testing::Test {
 protected:
  static std::vector<RuleGroupSpec> Specs(const std::string& rules) {
    auto specs = ParseRuleFile(
        "groups:\n- name: g\n  interval: 20ms\n  rules:\n  - " + rules + "\n", "a.yml");
    EXPECT_TRUE(specs.ok()) << specs.status();
    return *specs;
  }
  void WaitForEvaluations(uint64_t more) {
    const uint64_t wanted = manager_.evaluations() + more;
    while (manager_.evaluations() < wanted) std::this_thread::yield();
  }
  SeriesSamples Only(std::string_view selector) {
    auto found = metrics_.Select(*promql::ParseSelector(selector), {}, {});
    EXPECT_EQ(found->size(), 1u);
    return found->front();
  }

  MemoryMetrics metrics_;
  RuleQueries queries_{metrics_, {}};
  RuleManager manager_{{queries_, metrics_, [](const RuleSpec&, const std::vector<Alert>&) {}},
                       Clock::System()};
};

TEST_F(RuleManagerTest, GroupsAreEvaluatedInTheirPhase) {
  manager_.Update(Specs("{record: a, expr: '1'}"), {});
  WaitForEvaluations(4);
  manager_.Stop();
  const SeriesSamples samples = Only("a");
  ASSERT_GE(samples.timestamps.size(), 4u);
  for (const UnixMillis time : samples.timestamps) {
    EXPECT_EQ((time - samples.timestamps[0]) % kIntervalMillis, 0);
  }
  ASSERT_EQ(manager_.Groups().size(), 1u);
  EXPECT_EQ(manager_.Groups()[0].interval, std::chrono::milliseconds(kIntervalMillis));
}

TEST_F(RuleManagerTest, AnUpdateReplacesRulesAndEndsTheSeriesOfGroupsThatAreGone) {
  manager_.Update(Specs("{record: a, expr: '1'}"), {});
  WaitForEvaluations(2);
  manager_.Update(Specs("{record: b, expr: '1'}"), {});
  WaitForEvaluations(2);
  EXPECT_TRUE(IsStaleNan(Only("a").values.back()));
  EXPECT_FALSE(IsStaleNan(Only("b").values.back()));
  manager_.Update({}, {});
  EXPECT_TRUE(IsStaleNan(Only("b").values.back()));
  EXPECT_THAT(manager_.Groups(), IsEmpty());
}

class RuleFilesTest : public testing::Test {
 protected:
  RuleFilesTest() {
    std::string folder = (std::filesystem::temp_directory_path() / "luma_rules_XXXXXX").string();
    folder_ = mkdtemp(folder.data());
  }
  ~RuleFilesTest() override { std::filesystem::remove_all(folder_); }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }

  std::filesystem::path folder_;
};

TEST_F(RuleFilesTest, PatternsNameFilesInOrder) {
  Write("b.yml", "groups: [{name: two}]");
  Write("a.yml", "groups: [{name: one}]");
  Write("empty.yml", "");
  const auto groups = LoadRuleFiles({(folder_ / "*.yml").string()});
  ASSERT_TRUE(groups.ok()) << groups.status();
  std::vector<std::string> names;
  for (const RuleGroupSpec& group : *groups) names.push_back(group.name);
  EXPECT_THAT(names, ElementsAre("one", "two"));
  EXPECT_TRUE(LoadRuleFiles({(folder_ / "x*.yml").string()})->empty());
}

TEST_F(RuleFilesTest, FilesThatCannotBeReadAreErrors) {
  EXPECT_FALSE(LoadRuleFiles({(folder_ / "none.yml").string()}).ok());
  EXPECT_FALSE(LoadRuleFiles({folder_.string()}).ok()) << "a folder";
  const std::string bad = Write("bad.yml", "groups: 1");
  const auto groups = LoadRuleFiles({bad});
  ASSERT_FALSE(groups.ok());
  EXPECT_THAT(std::string(groups.status().message()), HasSubstr("bad.yml: 1:9: groups must be a"));
}

}  // namespace
}  // namespace luma::rules
