#include "prom/scrape/relabel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::prom {
namespace {

using testing::HasSubstr;

Result<std::vector<RelabelRule>> Read(std::string_view yaml,
                                      NameValidation validation = NameValidation::kUtf8) {
  const Result<rules::YamlNode> document = rules::ParseYaml(yaml);
  if (!document.ok()) return document.status();
  std::vector<RelabelRule> rules;
  for (const rules::YamlNode& item : document->items) {
    LUMA_ASSIGN_OR_RETURN(RelabelRule rule, ReadRelabelRule(item, validation));
    rules.push_back(std::move(rule));
  }
  return rules;
}

// "a=1 b=2" of what the rules leave, "dropped" when that is nothing.
std::string Apply(std::string_view yaml, LabelBuilder::Map labels) {
  const Result<std::vector<RelabelRule>> rules = Read(yaml);
  if (!rules.ok()) return std::string(rules.status().message());
  LabelBuilder builder(std::move(labels));
  if (!Relabel(*rules, builder)) return "dropped";
  std::string text;
  for (const auto& [name, value] : builder.labels()) {
    text += (text.empty() ? "" : " ") + name + "=" + value;
  }
  return text;
}

// The cases of Prometheus' relabel_test.go that are about one action each.
TEST(RelabelTest, EveryActionDoesWhatPrometheusDoes) {
  const LabelBuilder::Map abc = {{"a", "foo"}, {"b", "bar"}, {"c", "baz"}};
  const struct {
    const char* rules;
    LabelBuilder::Map labels;
    const char* expected;
  } cases[] = {
      {"[{source_labels: [a], regex: 'f(.*)', target_label: d, replacement: 'ch${1}-ch${1}'}]", abc,
       "a=foo b=bar c=baz d=choo-choo"},
      {"[{source_labels: [a, b], regex: 'f(.*);(.*)r', target_label: a, replacement: 'b${1}${2}m'},"
       " {source_labels: [c, a], regex: '(b).*b(.*)ba(.*)', target_label: d,"
       "  replacement: '$1$2$2$3'}]",
       abc, "a=boobam b=bar c=baz d=boooom"},
      {"[{source_labels: [a], regex: .*o.*, action: drop}]", abc, "dropped"},
      {"[{source_labels: [a], regex: o, action: drop}]", abc, "a=foo b=bar c=baz"},
      {"[{source_labels: [a], regex: no-match, action: keep}]", abc, "dropped"},
      {"[{source_labels: [a], regex: f.*, action: Keep}]", abc, "a=foo b=bar c=baz"},
      {"[{source_labels: [a], regex: 'f(.*', action: keep}]", abc, ""},
      {"[{source_labels: [c], target_label: d, action: hashmod, modulus: 1000}]", abc,
       "a=foo b=bar c=baz d=976"},
      {"[{source_labels: [a], target_label: b, action: hashmod, modulus: 1000}]",
       {{"a", "foo\nbar"}},
       "a=foo\nbar b=734"},
      {"[{regex: '(b.*)', replacement: 'bar_${1}', action: labelmap}]",
       {{"a", "foo"}, {"b1", "bar"}, {"b2", "baz"}},
       "a=foo b1=bar b2=baz bar_b1=bar bar_b2=baz"},
      {"[{regex: 'b.*', action: labeldrop}]", {{"a", "foo"}, {"b1", "bar"}}, "a=foo"},
      {"[{regex: 'b.*', action: labelkeep}]", {{"a", "foo"}, {"b1", "bar"}}, "b1=bar"},
      {"[{source_labels: [a], target_label: up, action: uppercase},"
       " {source_labels: [a], target_label: down, action: lowercase}]",
       {{"a", "Foo1"}},
       "a=Foo1 down=foo1 up=FOO1"},
      {"[{source_labels: [a], target_label: b, action: keepequal}]",
       {{"a", "1"}, {"b", "2"}},
       "dropped"},
      {"[{source_labels: [a], target_label: b, action: dropequal}]",
       {{"a", "1"}, {"b", "2"}},
       "a=1 b=2"},
      {"[{source_labels: [a], regex: 'some-([^-]+)-(.*)', target_label: '${2}',"
       " replacement: '${1}'}]",
       {{"a", "some-name-value"}},
       "a=some-name-value value=name"},
      {"[{source_labels: [a], regex: '(?P<x>f)(.*)', target_label: d, replacement: '$x.$$.$2x$'}]",
       {{"a", "foo"}},
       "a=foo d=f.$.$"},
      {"[{target_label: a, replacement: ''}]", {{"a", "foo"}, {"b", "1"}}, "b=1"},
      {"[{source_labels: [none], target_label: a}]", {{"a", "foo"}, {"b", "1"}}, "b=1"},
      {"[{source_labels: [a, b], separator: '', target_label: c}]",
       {{"a", "x"}, {"b", "y"}},
       "a=x b=y c=xy"},
  };
  for (const auto& one : cases) {
    if (*one.expected == '\0') {
      EXPECT_THAT(Apply(one.rules, one.labels), HasSubstr("error parsing regexp"));
    } else {
      EXPECT_EQ(Apply(one.rules, one.labels), one.expected) << one.rules;
    }
  }
}

TEST(RelabelTest, RulesThatCannotWorkAreRefusedWithTheLine) {
  const struct {
    const char* rule;
    const char* expected;
  } cases[] = {
      {"- action: nonsense", "line 1: unknown relabel action \"nonsense\""},
      {"- action: hashmod\n  target_label: d", "hashmod requires non-zero modulus"},
      {"- source_labels: [a]", "replace action requires 'target_label' value"},
      {"- action: lowercase", "lowercase action requires 'target_label' value"},
      {"- action: labeldrop\n  source_labels: [a]", "requires only 'regex'"},
      {"- action: keepequal\n  source_labels: [a]\n  target_label: b\n  regex: x",
       "requires only 'source_labels'"},
      {"- target_label: a\n  regx: b", "line 2: field regx not found in type relabel.Config"},
      {"- target_label: a\n  regex: '['", "error parsing regexp"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(std::string(Read(one.rule).status().message()), HasSubstr(one.expected));
  }
}

TEST(RelabelTest, LegacyNamesAreNarrower) {
  const char* const rule = "- target_label: 'a.b'";
  EXPECT_TRUE(Read(rule).ok());
  EXPECT_FALSE(Read(rule, NameValidation::kLegacy).ok());
}

}  // namespace
}  // namespace luma::prom
