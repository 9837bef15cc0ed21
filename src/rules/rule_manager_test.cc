#include "rules/rule_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <thread>
#include <utility>

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

// A write that takes long moves the clock.
class SlowMetrics final : public MetricsSink {
 public:
  SlowMetrics(MemoryMetrics& metrics, ManualClock& clock) : metrics_(metrics), clock_(clock) {}
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    clock_.Advance(delay_.exchange(std::chrono::milliseconds(0)));
    metrics_.Write(batch, std::move(done));
  }
  void DelayNext(std::chrono::milliseconds delay) { delay_ = delay; }

 private:
  MemoryMetrics& metrics_;
  ManualClock& clock_;
  std::atomic<std::chrono::milliseconds> delay_{std::chrono::milliseconds(0)};
};

// Goal: turns are missed and counted, and none waits for a clock that was set back.
class RuleTurnsTest : public RuleManagerTest {
 protected:
  static constexpr std::chrono::milliseconds kInterval{kIntervalMillis};

  RuleTurnsTest() { turns_.Update(Specs("{record: a, expr: '1'}"), {}); }
  void WaitForTurns(uint64_t turns) {
    while (turns_.evaluations() < turns) std::this_thread::yield();
  }
  void Turn() {
    const uint64_t before = turns_.evaluations();
    clock_.Advance(kInterval);
    WaitForTurns(before + 1);
  }

  static constexpr UnixMillis kStart = 1'700'000'000'000;
  ManualClock clock_{kStart};
  SlowMetrics slow_{metrics_, clock_};
  RuleManager turns_{{queries_, slow_, [](const RuleSpec&, const std::vector<Alert>&) {}}, clock_};
};

TEST_F(RuleTurnsTest, AnEvaluationLongerThanItsIntervalMissesTurns) {
  Turn();
  slow_.DelayNext(5 * kInterval);
  Turn();
  Turn();
  turns_.Stop();
  EXPECT_EQ(turns_.evaluations_missed(), 4u);
  const std::vector<UnixMillis> times = Only("a").timestamps;
  ASSERT_GE(times.size(), 3u);
  EXPECT_EQ(times[1] - times[0], kIntervalMillis);
  EXPECT_EQ(times[2] - times[1], 5 * kIntervalMillis);
}

TEST_F(RuleTurnsTest, AClockThatIsSetBackByADayDoesNotStopEvaluation) {
  Turn();
  clock_.JumpWallTimeTo(clock_.NowMillis() - 86'400'000);
  while (turns_.evaluations() < 3) {
    clock_.Advance(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  turns_.Stop();
  EXPECT_LT(Only("a").timestamps.front(), kStart);
}

TEST_F(RuleTurnsTest, AnUpdateMissesNoTurn) {
  Turn();
  clock_.Advance(kInterval);  // a turn may come before the update or after it, but not twice
  turns_.Update(Specs("{record: a, expr: '1'}"), {});
  WaitForTurns(2);
  Turn();
  turns_.Stop();
  EXPECT_EQ(Only("a").timestamps.size(), 3u);
}

// Does something before the first write.
class InterruptedMetrics final : public MetricsSink {
 public:
  InterruptedMetrics(MetricsSink& metrics, std::function<void()> interrupt)
      : metrics_(metrics), interrupt_(std::move(interrupt)) {}
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    if (!interrupted_.exchange(true)) interrupt_();
    metrics_.Write(batch, std::move(done));
  }

 private:
  MetricsSink& metrics_;
  const std::function<void()> interrupt_;
  std::atomic<bool> interrupted_{false};
};

// Goal: a reload does not cost a group that stays as it is the rules that it has yet to evaluate.
// Method: it comes while the first of two rules is being stored. The wait lets it get as far as it
// can; how long that takes does not matter.
TEST_F(RuleManagerTest, AnUpdateLeavesGroupsThatAreAsTheyWereToTheirWork) {
  const std::string rules = "{record: a, expr: '1'}\n  - {record: b, expr: '1'}";
  RuleManager* manager_under_test = nullptr;
  std::thread update;
  std::promise<void> updated;
  InterruptedMetrics sink(metrics_, [&] {
    update = std::thread([&] {
      RuleManagerOptions options;
      options.groups.context.external_labels = std::make_shared<const LabelMap>();  // but equal
      manager_under_test->Update(Specs(rules), options);
      updated.set_value();
    });
    updated.get_future().wait_for(std::chrono::milliseconds(500));
  });
  ManualClock clock(1'700'000'000'000);
  RuleManager manager({queries_, sink, [](const RuleSpec&, const std::vector<Alert>&) {}}, clock);
  manager_under_test = &manager;
  manager.Update(Specs(rules), {});
  clock.Advance(std::chrono::milliseconds(kIntervalMillis));
  while (manager.evaluations() < 1) std::this_thread::yield();
  update.join();
  EXPECT_EQ(Only("a").timestamps, Only("b").timestamps);
}

TEST(SameRulesTest, EverythingThatIsEvaluatedCounts) {
  const auto group = [](const std::string& fields, const std::string& rule) {
    const auto specs =
        ParseRuleFile("groups:\n- {name: g, " + fields + "rules: [{" + rule + "}]}", "a.yml");
    EXPECT_TRUE(specs.ok()) << specs.status();
    return specs->at(0);
  };
  const RuleGroupSpec spec = group("", "alert: a, expr: up == 0");
  EXPECT_TRUE(SameRules(spec, group("", "alert: a, expr: 'up  ==  0'")));
  EXPECT_FALSE(SameRules(spec, group("", "record: a, expr: up == 0")));
  EXPECT_FALSE(SameRules(spec, group("", "alert: b, expr: up == 0")));
  EXPECT_FALSE(SameRules(spec, group("", "alert: a, expr: up == 1")));
  for (const char* field : {"interval: 5s, ", "query_offset: 5s, ", "limit: 5, "}) {
    EXPECT_FALSE(SameRules(spec, group(field, "alert: a, expr: up == 0"))) << field;
  }
  for (const char* field :
       {"for: 5s", "keep_firing_for: 5s", "labels: {a: b}", "annotations: {a: b}"}) {
    EXPECT_FALSE(SameRules(spec, group("", "alert: a, expr: up == 0, " + std::string(field))))
        << field;
  }
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

TEST_F(RuleFilesTest, AFileThatTwoPatternsMatchIsReadOnce) {
  const std::string file = Write("a.yml", "groups: [{name: one}]");
  const auto groups = LoadRuleFiles({file, (folder_ / "*.yml").string()});
  ASSERT_TRUE(groups.ok()) << groups.status();
  EXPECT_EQ(groups->size(), 1u);
}

}  // namespace
}  // namespace luma::rules
