#include "rules/rule_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "rules/yaml.h"

namespace luma::rules {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TEST(RuleFileTest, ReadsWhatPrometheusReads) {
  const auto groups = ParseRuleFile(R"(
groups:
  - name: example   # a comment
    interval: 30s
    query_offset: 1m
    limit: 10
    labels: {team: a, severity: none}
    rules:
      - record: job:up:sum
        expr: |
          sum by (job)(
            up
          )
        labels:
          number: 1
      - alert: Down
        expr: up == 0
        for: 5m
        keep_firing_for: 1h30m
        labels: {severity: page}
        annotations:
          summary: "{{ $labels.instance }} is down"
  - name: empty
    rules: []
)",
                                    "a.yml");
  ASSERT_TRUE(groups.ok()) << groups.status();
  ASSERT_EQ(groups->size(), 2u);
  const RuleGroupSpec& group = groups->front();
  EXPECT_EQ(group.name, "example");
  EXPECT_EQ(group.file, "a.yml");
  EXPECT_EQ(group.interval, milliseconds(30'000));
  EXPECT_EQ(group.query_offset, milliseconds(60'000));
  EXPECT_EQ(group.limit, 10);
  ASSERT_EQ(group.rules.size(), 2u);
  const RuleSpec& record = *group.rules[0];
  EXPECT_FALSE(record.is_alert);
  EXPECT_EQ(record.name, "job:up:sum");
  EXPECT_EQ(record.query, "sum by (job) (up)");
  EXPECT_THAT(record.labels,
              ElementsAre(Pair("number", "1"), Pair("severity", "none"), Pair("team", "a")));
  const RuleSpec& alert = *group.rules[1];
  EXPECT_TRUE(alert.is_alert);
  EXPECT_EQ(alert.hold, milliseconds(300'000));
  EXPECT_EQ(alert.keep_firing, milliseconds(5'400'000));
  EXPECT_THAT(alert.labels, ElementsAre(Pair("severity", "page"), Pair("team", "a")));
  ASSERT_EQ(alert.annotations.size(), 1u);
  EXPECT_EQ(alert.annotations[0].second.text, "{{ $labels.instance }} is down");
  EXPECT_TRUE(ParseRuleFile("", "b.yml")->empty());
  EXPECT_TRUE(ParseRuleFile("groups:\n", "b.yml")->empty());
}

TEST(RuleFileTest, MistakesNameFileLineAndRule) {
  const auto rule = [](std::string_view fields) {
    return "groups:\n- name: g\n  rules:\n  - " + std::string(fields);
  };
  const struct {
    std::string text;
    std::string error;
  } cases[] = {
      {"groups: [", "a.yml: line"},
      {"groups:\n- name: g\n  nope: 1\n",
       "a.yml: 3:3: field nope not found in type rulefmt.RuleGroup"},
      {"groups:\n- rules: []\n", "a.yml: 2:3: Groupname must not be empty"},
      {"groups:\n- name: g\n- name: g\n", "groupname: \"g\" is repeated in the same file"},
      {"groups:\n- name: g\n  interval: x\n", "3:13: not a valid duration string: \"x\""},
      {rule("record: a\n    expr: up{\n"),
       "a.yml: 5:11: group \"g\", rule 1, \"a\": could not parse expression: 1:4: parse error"},
      {rule("expr: up\n"), "one of 'record' or 'alert' must be set"},
      {rule("record: a\n    alert: b\n    expr: up\n"),
       "only one of 'record' and 'alert' must be set"},
      {rule("record: a\n"), "field 'expr' must be set in rule"},
      {rule("record: a\n    expr: up\n    for: 5m\n"), "invalid field 'for' in recording rule"},
      {rule("record: a{b}\n    expr: up\n"), "braces present in the recording rule name"},
      {rule("alert: a\n    expr: up\n    labels: {__name__: x}\n"), "invalid label name: __name__"},
      {rule("alert: a\n    expr: up\n    annotations: {s: \"{{ $x }}\"}\n"),
       "rule 1, \"a\": annotation \"s\": undefined variable \"$x\""},
      {rule("alert: a\n    expr: up\n    alert: b\n"), "mapping key \"alert\" already defined"},
  };
  for (const auto& one : cases) {
    const auto groups = ParseRuleFile(one.text, "a.yml");
    ASSERT_FALSE(groups.ok()) << one.text;
    EXPECT_THAT(std::string(groups.status().message()), HasSubstr(one.error));
  }
}

TEST(YamlTest, AliasesAreBounded) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int copy = 0; copy < 9; ++copy) bomb += "," + before;
    bomb += "]\n";
  }
  const Result<YamlNode> node = ParseYaml(bomb);
  ASSERT_FALSE(node.ok());
  EXPECT_THAT(std::string(node.status().message()), HasSubstr("too many values"));
  EXPECT_FALSE(ParseYaml("a: &a [*a]\n").ok()) << "a loop";
  EXPECT_FALSE(ParseYaml(std::string(100, '[') + std::string(100, ']')).ok());
  EXPECT_EQ(ParseYaml("x: &v 1\ny: *v\n")->Find("y")->text, "1");
}

// Few values, but long ones.
TEST(YamlTest, TextsOfAliasesAreBounded) {
  std::string bomb = "text: &text " + std::string(1 << 20, 'x') + "\nall: [*text";
  for (size_t i = 0; i <= kYamlTextBytesMax >> 20; ++i) bomb += ", *text";
  const Result<YamlNode> node = ParseYaml(bomb + "]\n");
  ASSERT_FALSE(node.ok());
  EXPECT_EQ(node.status().message(), "line 1: too much text");
}

TEST(YamlTest, ManyKeysAreReadInTime) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "key_" + std::to_string(i) + ": 1\n";
  EXPECT_TRUE(ParseYaml(text).ok());
  EXPECT_THAT(std::string(ParseYaml(text + "key_7: 2\n").status().message()),
              HasSubstr("mapping key \"key_7\" already defined"));
}

}  // namespace
}  // namespace luma::rules
