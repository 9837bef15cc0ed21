// Goal: rules do over time what Prometheus' do: states of alerts, series, staleness, restarts.
// Method: a group over metrics in memory is evaluated at times that the test chooses.
#include "rules/rule_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

#include "model/testing/memory_metrics.h"
#include "promql/parser.h"

namespace luma::rules {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr UnixMillis kMinute = 60'000;
constexpr UnixMillis kStart = 28'333'333 * kMinute;

class SwitchedMemory final : public ResultMemory {
 public:
  explicit SwitchedMemory(bool is_out) : is_out_(is_out) {}
  Status Book(uint64_t) override {
    return is_out_ ? Status::OutOfMemory("no memory") : Status::Ok();
  }

 private:
  const bool is_out_;
};

class RuleGroupTest : public testing::Test {
 protected:
  std::unique_ptr<RuleGroup> Group(std::string_view rules, RuleGroupOptions options = {}) {
    auto specs = ParseRuleFile("groups:\n- name: g\n" + std::string(rules), "a.yml");
    EXPECT_TRUE(specs.ok()) << specs.status();
    return std::make_unique<RuleGroup>(
        specs->front(),
        RuleGroupParts{queries_, metrics_,
                       [this](const RuleSpec&, std::vector<Alert> alerts) {
                         for (Alert& alert : alerts) sent_.push_back(std::move(alert));
                       }},
        options);
  }
  void Up(std::string_view instance, double value, UnixMillis time) {
    metrics_.Add({{"__name__", "up"}, {"instance", instance}}, {{time, value}});
  }
  // The samples of a selector in [kStart, kStart + minutes], without their labels; NaN is -1.
  std::vector<std::pair<UnixMillis, double>> Samples(std::string_view selector) {
    std::vector<std::pair<UnixMillis, double>> samples;
    const auto found = metrics_.Select(*promql::ParseSelector(selector), {}, {});
    for (const SeriesSamples& series : *found) {
      for (size_t i = 0; i < series.timestamps.size(); ++i) {
        const double value = series.values[i];
        samples.emplace_back((series.timestamps[i] - kStart) / kMinute,
                             IsStaleNan(value) ? -1 : value);
      }
    }
    return samples;
  }
  static AlertState StateOf(const RuleGroup& group) { return group.State().rules[0].alert_state; }

  static FloatHistogram Histogram(double count) {
    FloatHistogram histogram;
    histogram.count = count;
    histogram.sum = 2 * count;
    histogram.positive = {{1, count}};
    return histogram;
  }
  void Latency(UnixMillis time, const FloatHistogram& histogram) {
    metrics_.AddHistogram({{"__name__", "latency"}, {"instance", "i"}}, time, histogram);
  }
  // Minute, count and hint of the histograms of a selector; a marker has count -1.
  std::vector<std::tuple<UnixMillis, double, ResetHint>> Histograms(std::string_view selector) {
    std::vector<std::tuple<UnixMillis, double, ResetHint>> histograms;
    const auto found = metrics_.Select(*promql::ParseSelector(selector), {}, {});
    for (const SeriesSamples& series : *found) {
      for (size_t i = 0; i < series.timestamps.size(); ++i) {
        const bool stale = IsStaleNan(series.values[i]);
        const HistogramPtr histogram = series.histograms.empty() ? nullptr : series.histograms[i];
        EXPECT_TRUE(stale || histogram != nullptr) << "a float";
        histograms.emplace_back((series.timestamps[i] - kStart) / kMinute,
                                stale || histogram == nullptr ? -1 : histogram->count,
                                histogram == nullptr ? ResetHint::kUnknown : histogram->hint);
      }
    }
    return histograms;
  }

  MemoryMetrics metrics_;
  bool out_of_memory_ = false;
  RuleQueries queries_{metrics_, {.memory = [this] {
                         on_query_();
                         return std::make_unique<SwitchedMemory>(out_of_memory_);
                       }}};
  std::function<void()> on_query_ = [] {};
  std::vector<Alert> sent_;
};

TEST_F(RuleGroupTest, ARuleSeesTheResultsOfThoseBeforeIt) {
  const auto group = Group(R"(  rules:
  - {record: a, expr: sum(up), labels: {x: y}}
  - {record: b, expr: a * 2}
  - {record: c, expr: time()}
)");
  Up("i", 3, kStart);
  group->Evaluate(kStart);
  EXPECT_THAT(Samples("a{x='y'}"), ElementsAre(Pair(0, 3)));
  EXPECT_THAT(Samples("b{x='y'}"), ElementsAre(Pair(0, 6)));
  EXPECT_THAT(Samples("c"), ElementsAre(Pair(0, kStart / 1000)));
  const RuleGroupState state = group->State();
  EXPECT_EQ(state.evaluated_at, kStart);
  EXPECT_EQ(state.rules[0].error, "");
  EXPECT_EQ(state.rules[0].evaluated_at, kStart);
}

TEST_F(RuleGroupTest, AnInterruptEndsTheEvaluationBeforeTheNextRule) {
  const auto group = Group(R"(  rules:
  - {record: a, expr: '1'}
  - {record: b, expr: '2'}
)");
  group->Evaluate(kStart);
  on_query_ = [&group] { group->Interrupt(); };
  group->Evaluate(kStart + kMinute);
  group->Evaluate(kStart + 2 * kMinute);
  EXPECT_THAT(Samples("a"), ElementsAre(Pair(0, 1), Pair(1, 1)));
  EXPECT_THAT(Samples("b"), ElementsAre(Pair(0, 2)));
  EXPECT_EQ(group->State().evaluated_at, kStart);
  group->EndSeries(kStart + 3 * kMinute);
  EXPECT_THAT(Samples("b"), ElementsAre(Pair(0, 2), Pair(3, -1)));
}

TEST_F(RuleGroupTest, SeriesThatVanishGetStalenessMarkers) {
  const auto group = Group("  rules:\n  - {record: a, expr: up > 0}\n");
  Up("i", 3, kStart);
  group->Evaluate(kStart);
  Up("i", 0, kStart + kMinute);
  group->Evaluate(kStart + kMinute);
  group->Evaluate(kStart + 2 * kMinute);
  EXPECT_THAT(Samples("a"), ElementsAre(Pair(0, 3), Pair(1, -1)));
}

TEST_F(RuleGroupTest, AFailureIsShownAndLeavesSeriesAsTheyAre) {
  const auto group = Group("  limit: 1\n  rules:\n  - {record: a, expr: up}\n");
  Up("i", 3, kStart);
  group->Evaluate(kStart);
  Up("j", 3, kStart + kMinute);
  group->Evaluate(kStart + kMinute);
  EXPECT_EQ(group->State().rules[0].error, "exceeded limit of 1 with 2 series");
  EXPECT_THAT(Samples("a"), ElementsAre(Pair(0, 3)));
  metrics_.FailWrites(Status::DiskFull("no room"));
  const auto other = Group("  rules:\n  - {record: b, expr: up}\n");
  other->Evaluate(kStart);
  EXPECT_EQ(other->State().rules[0].error, "no room");
}

TEST_F(RuleGroupTest, QueriesLookBackByTheOffset) {
  const auto group = Group("  query_offset: 1m\n  rules:\n  - {record: a, expr: up}\n");
  Up("i", 3, kStart);
  Up("i", 4, kStart + kMinute);
  group->Evaluate(kStart + kMinute);
  EXPECT_THAT(Samples("a"), ElementsAre(Pair(0, 3)));
}

TEST_F(RuleGroupTest, AnAlertIsPendingThenFiresThenIsResolved) {
  const auto group = Group(R"(  rules:
  - alert: Down
    expr: up == 0
    for: 2m
    labels: {severity: "{{ if eq $value 0.0 }}page{{ end }}"}
    annotations: {text: "{{ $labels.instance }} {{ $value }} {{ query `bad(` }}"}
)");
  EXPECT_EQ(StateOf(*group), AlertState::kUnknown);
  for (UnixMillis minute = 0; minute < 4; ++minute) Up("i", 0, kStart + minute * kMinute);
  group->Evaluate(kStart);
  EXPECT_EQ(StateOf(*group), AlertState::kPending);
  EXPECT_THAT(sent_, IsEmpty());
  group->Evaluate(kStart + kMinute);
  group->Evaluate(kStart + 2 * kMinute);
  EXPECT_EQ(StateOf(*group), AlertState::kFiring);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].labels.ToString(), "{alertname=\"Down\", instance=\"i\", severity=\"page\"}");
  EXPECT_THAT(sent_[0].annotations.at("text"), HasSubstr("<error expanding template: "));
  EXPECT_EQ(sent_[0].fired_at, kStart + 2 * kMinute);
  EXPECT_EQ(sent_[0].active_at, kStart);
  EXPECT_EQ(sent_[0].valid_until, kStart + 6 * kMinute);
  Up("i", 1, kStart + 3 * kMinute);
  group->Evaluate(kStart + 3 * kMinute);
  EXPECT_EQ(StateOf(*group), AlertState::kInactive);
  ASSERT_EQ(sent_.size(), 2u);
  EXPECT_EQ(sent_[1].resolved_at, kStart + 3 * kMinute);
  EXPECT_THAT(group->State().rules[0].alerts, IsEmpty());
  EXPECT_THAT(Samples("ALERTS{alertstate='pending',alertname='Down',severity='page'}"),
              ElementsAre(Pair(0, 1), Pair(1, 1), Pair(2, -1)));
  EXPECT_THAT(Samples("ALERTS{alertstate='firing'}"), ElementsAre(Pair(2, 1), Pair(3, -1)));
  EXPECT_THAT(Samples("ALERTS_FOR_STATE"),
              ElementsAre(Pair(0, kStart / 1000), Pair(1, kStart / 1000), Pair(2, kStart / 1000),
                          Pair(3, -1)));
}

TEST_F(RuleGroupTest, AlertsAreSentAgainAfterTheDelayAndResolvedOnesForAQuarterOfAnHour) {
  const auto group = Group("  rules:\n  - {alert: A, expr: up == 0}\n",
                           {.resend_delay = std::chrono::milliseconds(3 * kMinute)});
  for (UnixMillis minute = 0; minute < 8; ++minute) {
    Up("i", 0, kStart + minute * kMinute);
    group->Evaluate(kStart + minute * kMinute);
  }
  EXPECT_EQ(sent_.size(), 2u) << "at 0 and 4";
  sent_.clear();
  for (UnixMillis minute = 8; minute < 40; ++minute) {
    Up("i", 1, kStart + minute * kMinute);
    group->Evaluate(kStart + minute * kMinute);
  }
  ASSERT_EQ(sent_.size(), 4u) << "at 8, 12, 16 and 20";
  for (const Alert& alert : sent_) EXPECT_EQ(alert.resolved_at, kStart + 8 * kMinute);
}

TEST_F(RuleGroupTest, KeepFiringForBridgesGaps) {
  const auto group = Group("  rules:\n  - {alert: A, expr: up == 0, keep_firing_for: 2m}\n");
  std::vector<AlertState> states;
  for (const double value : {0, 1, 0, 1, 1, 1}) {
    const UnixMillis time = kStart + static_cast<UnixMillis>(states.size()) * kMinute;
    Up("i", value, time);
    group->Evaluate(time);
    states.push_back(StateOf(*group));
  }
  EXPECT_THAT(states, ElementsAre(AlertState::kFiring, AlertState::kFiring, AlertState::kFiring,
                                  AlertState::kFiring, AlertState::kFiring, AlertState::kInactive));
}

TEST_F(RuleGroupTest, TooManyAlertsAndEqualAlertsFail) {
  Up("i", 0, kStart);
  Up("j", 0, kStart);
  const auto many = Group("  limit: 1\n  rules:\n  - {alert: A, expr: up == 0}\n");
  many->Evaluate(kStart);
  EXPECT_EQ(many->State().rules[0].error, "exceeded limit of 1 with 2 alerts");
  const auto equal = Group("  rules:\n  - {alert: A, expr: up == 0, labels: {instance: same}}\n");
  equal->Evaluate(kStart);
  EXPECT_THAT(equal->State().rules[0].error, HasSubstr("same labelset"));
}

TEST_F(RuleGroupTest, AlertsKeepTheirAgeOverARestart) {
  const std::string_view rules = "  rules:\n  - {alert: A, expr: up == 0, for: 30m}\n";
  for (UnixMillis minute = 0; minute < 60; ++minute) Up("i", 0, kStart + minute * kMinute);
  const auto before = Group(rules);
  for (UnixMillis minute = 0; minute <= 10; ++minute) {
    before->Evaluate(kStart + minute * kMinute);
  }
  // Down for 5 minutes; the first evaluations show it as new, then it is 10 + 1 minutes old.
  const auto after = Group(rules, {.restore = true});
  after->Evaluate(kStart + 15 * kMinute);
  EXPECT_EQ(after->State().rules[0].alerts[0].active_at, kStart + 15 * kMinute);
  EXPECT_EQ(Samples("ALERTS_FOR_STATE").back().first, 10) << "not overwritten meanwhile";
  after->Evaluate(kStart + 16 * kMinute);
  EXPECT_EQ(after->State().rules[0].alerts[0].active_at, kStart + 6 * kMinute);
  for (UnixMillis minute = 17; minute <= 36; ++minute) {
    after->Evaluate(kStart + minute * kMinute);
    EXPECT_EQ(StateOf(*after), minute < 36 ? AlertState::kPending : AlertState::kFiring) << minute;
  }
}

TEST_F(RuleGroupTest, AlertsThatFiredFireAgainAfterARestart) {
  const std::string_view rules = "  rules:\n  - {alert: A, expr: up == 0, for: 20m}\n";
  for (UnixMillis minute = 0; minute < 60; ++minute) Up("i", 0, kStart + minute * kMinute);
  const auto before = Group(rules);
  for (UnixMillis minute = 0; minute <= 25; ++minute) {
    before->Evaluate(kStart + minute * kMinute);
  }
  const auto after = Group(rules, {.restore = true});
  for (UnixMillis minute = 40; minute <= 42; ++minute) after->Evaluate(kStart + minute * kMinute);
  EXPECT_EQ(StateOf(*after), AlertState::kFiring);
}

TEST_F(RuleGroupTest, AReloadKeepsAlertsAndEndsTheSeriesOfRulesThatAreGone) {
  Up("i", 0, kStart);
  const auto before = Group(R"(  rules:
  - {alert: A, expr: up == 0, for: 5m}
  - {record: a, expr: up}
  - {record: b, expr: up}
)");
  before->Evaluate(kStart);
  const auto after = Group(R"(  rules:
  - {record: b, expr: up + 1}
  - {alert: A, expr: up == 0, for: 5m}
)");
  after->TakeState(*before);
  after->Evaluate(kStart + kMinute);
  EXPECT_EQ(after->State().rules[1].alerts[0].active_at, kStart);
  EXPECT_THAT(Samples("a"), ElementsAre(Pair(0, 0), Pair(1, -1)));
  EXPECT_THAT(Samples("b"), ElementsAre(Pair(0, 0), Pair(1, 1)));
  after->EndSeries(kStart + 2 * kMinute);
  EXPECT_THAT(Samples("b"), ElementsAre(Pair(0, 0), Pair(1, 1), Pair(2, -1)));
}

// The last write of a time wins, so a marker would be all that is left.
TEST_F(RuleGroupTest, AMarkerReplacesNoSampleOfAnotherRule) {
  const auto group = Group(R"(  rules:
  - {record: a, expr: up == 1}
  - {record: a, expr: up == 2}
)");
  const double values[] = {2, 1, 2, 3};
  for (UnixMillis minute = 0; minute < 4; ++minute) {
    Up("i", values[minute], kStart + minute * kMinute);
    group->Evaluate(kStart + minute * kMinute);
  }
  EXPECT_THAT(Samples("a"), ElementsAre(Pair(0, 2), Pair(1, 1), Pair(2, 2), Pair(3, -1)));
}

TEST_F(RuleGroupTest, AMarkerOfARuleThatIsGoneReplacesNoSample) {
  const auto before = Group("  rules:\n  - {record: a, expr: up}\n");
  Up("i", 1, kStart);
  before->Evaluate(kStart);
  const auto after = Group("  rules:\n  - {record: a, expr: up, labels: {instance: i}}\n");
  after->TakeState(*before);
  after->Evaluate(kStart + kMinute);
  EXPECT_THAT(Samples("a"), ElementsAre(Pair(0, 1), Pair(1, 1)));
}

TEST_F(RuleGroupTest, HistogramsAreRecordedAsHistograms) {
  const auto group = Group(R"(  rules:
  - {record: recorded, expr: latency}
  - {record: rated, expr: 'rate(latency[5m])'}
  - {record: added, expr: recorded + recorded}
)");
  const double counts[] = {5, 7, 2, 2};
  for (UnixMillis minute = 0; minute < 4; ++minute) {
    Latency(kStart + minute * kMinute, Histogram(counts[minute]));
    group->Evaluate(kStart + minute * kMinute);
  }
  EXPECT_EQ(group->State().rules[0].error, "");
  EXPECT_THAT(
      Histograms("recorded"),
      ElementsAre(std::tuple(0, 5, ResetHint::kUnknown), std::tuple(1, 7, ResetHint::kNotReset),
                  std::tuple(2, 2, ResetHint::kReset), std::tuple(3, 2, ResetHint::kNotReset)));
  EXPECT_EQ(Histograms("rated").size(), 3u);
  for (const auto& [minute, count, hint] : Histograms("rated")) EXPECT_EQ(hint, ResetHint::kGauge);
  EXPECT_THAT(Histograms("added"), testing::Contains(std::tuple(3, 4, ResetHint::kNotReset)));
  group->Evaluate(kStart + 10 * kMinute);
  EXPECT_EQ(Histograms("recorded").back(), std::tuple(10, -1, ResetHint::kUnknown)) << "it ended";
}

// An evaluation that sees one sample twice must not count its reset twice.
TEST_F(RuleGroupTest, ARecordedResetIsCountedOnce) {
  const auto group = Group("  rules:\n  - {record: recorded, expr: latency}\n");
  Latency(kStart, Histogram(5));
  group->Evaluate(kStart);
  FloatHistogram reset = Histogram(6);
  reset.hint = ResetHint::kReset;
  Latency(kStart + kMinute, reset);
  for (UnixMillis minute = 1; minute < 4; ++minute) group->Evaluate(kStart + minute * kMinute);
  const auto histograms = Histograms("recorded");
  ASSERT_EQ(histograms.size(), 4u);
  EXPECT_EQ(std::get<ResetHint>(histograms[2]), ResetHint::kNotReset);
  EXPECT_EQ(std::get<ResetHint>(histograms[3]), ResetHint::kNotReset);
}

TEST_F(RuleGroupTest, AHistogramThatCannotBeStoredIsRefusedAlone) {
  const auto group = Group(
      "  rules:\n  - {record: a, expr: '(latency - latency * 2) or label_replace(latency, \"x\", "
      "\"y\", \"\", \"\")'}\n");
  Latency(kStart, Histogram(5));
  group->Evaluate(kStart);
  EXPECT_THAT(group->State().rules[0].error, HasSubstr("negative count"));
  EXPECT_THAT(Histograms("a{x='y'}"), testing::SizeIs(1));
  EXPECT_THAT(Histograms("a{x=''}"), IsEmpty());
}

TEST_F(RuleGroupTest, AlertsMayHaveHistogramsAsTheirValues) {
  const auto group = Group(R"(  rules:
  - {alert: A, expr: latency, annotations: {text: "{{ $value }} {{ query `latency` | first | value }}"}}
)");
  Latency(kStart, Histogram(5));
  group->Evaluate(kStart);
  ASSERT_EQ(sent_.size(), 1u);
  EXPECT_EQ(sent_[0].annotations.at("text"), "{count:5, sum:10, (1,2]:5} 0");
  EXPECT_EQ(sent_[0].value, 0);
  EXPECT_THAT(Samples("ALERTS"), ElementsAre(Pair(0, 1)));
}

TEST_F(RuleGroupTest, AClockThatIsSetBackStopsNoAlert) {
  const auto group = Group(R"(  rules:
  - {alert: Firing, expr: up == 0, for: 2m}
  - {alert: Pending, expr: up == 0, for: 10m, labels: {i: p}}
)");
  constexpr UnixMillis kHour = 60 * kMinute;
  for (UnixMillis minute = 0; minute < 4; ++minute) {
    Up("i", 0, kStart + kHour + minute * kMinute);
    group->Evaluate(kStart + kHour + minute * kMinute);
  }
  ASSERT_EQ(group->State().rules[0].alert_state, AlertState::kFiring);
  sent_.clear();
  for (UnixMillis minute = 0; minute <= 10; ++minute) {
    Up("i", 0, kStart + minute * kMinute);
    group->Evaluate(kStart + minute * kMinute);
    EXPECT_EQ(group->State().rules[0].alert_state, AlertState::kFiring) << minute;
    EXPECT_EQ(group->State().rules[1].alert_state,
              minute < 10 ? AlertState::kPending : AlertState::kFiring)
        << minute;
  }
  EXPECT_GE(sent_.size(), 3u) << "told again, not only in an hour";
}

TEST_F(RuleGroupTest, AReloadBeforeTheRestoreKeepsWhatIsToBeRestored) {
  const std::string_view rules = "  rules:\n  - {alert: A, expr: up == 0, for: 30m}\n";
  for (UnixMillis minute = 0; minute < 60; ++minute) Up("i", 0, kStart + minute * kMinute);
  const auto before = Group(rules);
  for (UnixMillis minute = 0; minute <= 10; ++minute) before->Evaluate(kStart + minute * kMinute);
  const auto after = Group(rules, {.restore = true});
  after->Evaluate(kStart + 15 * kMinute);
  const auto reloaded = Group(rules);
  reloaded->TakeState(*after);
  reloaded->Evaluate(kStart + 16 * kMinute);
  EXPECT_EQ(reloaded->State().rules[0].alerts[0].active_at, kStart + 6 * kMinute);
}

TEST_F(RuleGroupTest, EvaluationsThatFailAtTheStartLoseNoState) {
  const std::string_view rules = "  rules:\n  - {alert: A, expr: up == 0, for: 30m}\n";
  for (UnixMillis minute = 0; minute < 60; ++minute) Up("i", 0, kStart + minute * kMinute);
  const auto before = Group(rules);
  for (UnixMillis minute = 0; minute <= 10; ++minute) before->Evaluate(kStart + minute * kMinute);
  const auto after = Group(rules, {.restore = true});
  out_of_memory_ = true;
  for (UnixMillis minute = 12; minute <= 14; ++minute) after->Evaluate(kStart + minute * kMinute);
  EXPECT_EQ(after->State().rules[0].error, "no memory");
  out_of_memory_ = false;
  after->Evaluate(kStart + 16 * kMinute);
  EXPECT_EQ(after->State().rules[0].alerts[0].active_at, kStart + 6 * kMinute);
}

TEST_F(RuleGroupTest, ANegativeLimitIsNone) {
  Up("i", 0, kStart);
  const auto group =
      Group("  limit: -1\n  rules:\n  - {alert: A, expr: up == 0}\n  - {record: a, expr: up}\n");
  group->Evaluate(kStart);
  for (const RuleState& rule : group->State().rules) EXPECT_EQ(rule.error, "");
}

TEST_F(RuleGroupTest, AnErrorOfARuleDoesNotStopTheOthers) {
  const auto group = Group(R"(  rules:
  - {record: a, expr: 'up + on(x) up'}
  - {record: b, expr: up}
)");
  Up("i", 1, kStart);
  Up("j", 1, kStart);
  group->Evaluate(kStart);
  EXPECT_NE(group->State().rules[0].error, "");
  EXPECT_THAT(Samples("b{instance='i'}"), ElementsAre(Pair(0, 1)));
}

// Counts the batches that go to another sink.
class CountingSink final : public MetricsSink {
 public:
  explicit CountingSink(MetricsSink& to) : to_(to) {}
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    ++writes;
    to_.Write(batch, std::move(done));
  }
  int writes = 0;

 private:
  MetricsSink& to_;
};

// Every part is a durable write.
TEST_F(RuleGroupTest, LargeResultsAreStoredInFewParts) {
  const auto specs =
      ParseRuleFile("groups:\n- name: g\n  rules:\n  - {record: a, expr: up}\n", "a.yml");
  ASSERT_TRUE(specs.ok()) << specs.status();
  CountingSink sink(metrics_);
  RuleGroup group(specs->front(), {queries_, sink, [](const RuleSpec&, std::vector<Alert>) {}},
                  {.batch_bytes_max = 16 << 10});
  for (int i = 0; i < 1000; ++i) Up(std::to_string(i), i, kStart);
  group.Evaluate(kStart);
  EXPECT_EQ(Samples("a").size(), 1000u);
  EXPECT_GE(sink.writes, 3);
  EXPECT_LE(sink.writes, 30);
}

}  // namespace
}  // namespace luma::rules
