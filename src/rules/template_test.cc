#include "rules/template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "rules/internal/template_functions.h"

namespace luma::rules {
namespace {

using testing::HasSubstr;

std::shared_ptr<const LabelMap> Map(LabelMap labels) {
  return std::make_shared<const LabelMap>(std::move(labels));
}

TemplateData Data(double value = 0.25) {
  TemplateData data;
  data.labels = Map({{"job", "node"}, {"instance", "a.example.org:9100"}});
  data.external_labels = Map({{"cluster", "x"}});
  data.external_url = "http://luma/path";
  data.value = value;
  data.time = 1'500;
  data.query = [](std::string_view query) -> Result<TemplateSamples> {
    if (query == "bad") return Status::InvalidArgument("no such query");
    if (query == "none") return TemplateSamples();
    return TemplateSamples{{Map({{"i", "b"}}), 2}, {Map({{"i", "a"}, {"__value__", "s"}}), 1.5}};
  };
  return data;
}

std::string Expand(std::string_view text, double value = 0.25) {
  const Result<Template> parsed = Template::Parse(text);
  if (!parsed.ok()) return "PARSE " + std::string(parsed.status().message());
  const Result<std::string> expanded = parsed->Expand(Data(value));
  return expanded.ok() ? *expanded : "ERROR " + std::string(expanded.status().message());
}

struct Case {
  std::string_view text, expanded;
};

TEST(TemplateTest, WhatAlertsUse) {
  const Case cases[] = {
      {"plain } text {", "plain } text {"},
      {"{{ $labels.job }} on {{$labels.instance}}: {{ $value }}",
       "node on a.example.org:9100: 0.25"},
      {"{{ .Labels.job }} {{ .Value }} {{ $.ExternalLabels.cluster }}", "node 0.25 x"},
      {"{{ $externalLabels.cluster }} {{ $externalURL }} {{ externalURL }} {{ pathPrefix }}",
       "x http://luma/path http://luma/path /path"},
      {"[{{ $labels.absent }}]", "[]"},
      {"{{ $labels }}", "map[instance:a.example.org:9100 job:node]"},
      {"{{ $value | humanizePercentage }}", "25%"},
      {"{{ printf \"%.1f|%5s|%-4d|%q|%v%%\" $value \"x\" 7 \"a\\\"b\" true }}",
       "0.2|    x|7   |\"a\\\"b\"|true%"},
      {"{{ if gt $value 0.2 }}high{{ else if gt $value 0.1 }}middle{{ else }}low{{ end }}", "high"},
      {"{{ if and (eq $labels.job \"node\") (not false) }}yes{{ end }}", "yes"},
      {"{{ with $labels.absent }}x{{ else }}none{{ end }}", "none"},
      {"{{ with $labels.job }}{{ . }}{{ end }}", "node"},
      {"{{ range $name, $value := $labels }}{{ $name }}={{ $value }};{{ end }}",
       "instance=a.example.org:9100;job=node;"},
      {"{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2"},
      {"a {{- /* a comment */ -}} b", "ab"},
      {"a {{- 1 -}} b{{ -1 }}", "a1b-1"},
      {"{{ `raw \\n` }}{{ \"\\u00e9\\n\" }}", "raw \\né\n"},
  };
  for (const Case& one : cases) EXPECT_EQ(Expand(one.text), one.expanded) << one.text;
}

TEST(TemplateTest, Queries) {
  const Case cases[] = {
      {"{{ with query \"up\" }}{{ . | first | value }}{{ end }}", "2"},
      {"{{ range query \"up\" | sortByLabel \"i\" }}{{ .Labels.i }}:{{ .Value }} {{ end }}",
       "a:1.5 b:2 "},
      {"{{ query \"up\" | len }} {{ (index (query \"up\") 1).Value }}", "2 1.5"},
      {"{{ range query \"none\" }}x{{ else }}nothing{{ end }}", "nothing"},
      {"{{ range $i, $s := query \"up\" }}{{ $i }}{{ $s | label \"i\" }}{{ $s | strvalue }}{{ end "
       "}}",
       "0b1as"},
      {"{{ query \"none\" | first }}",
       "ERROR error calling first: first() called on vector with no elements"},
      {"{{ query \"bad\" }}", "ERROR error calling query: no such query"},
  };
  for (const Case& one : cases) EXPECT_EQ(Expand(one.text), one.expanded) << one.text;
}

TEST(TemplateTest, Functions) {
  const Case cases[] = {
      {"{{ humanize 1234567.0 }} {{ humanize 0.00123 }} {{ humanize 0 }} {{ humanize \"1e3\" }}",
       "1.235M 1.23m 0 1k"},
      {"{{ humanize1024 1048576 }} {{ humanize1024 0.5 }}", "1Mi 0.5"},
      {"{{ humanizeDuration 0 }} {{ humanizeDuration 59.5 }} {{ humanizeDuration -3661 }} "
       "{{ humanizeDuration 90061 }} {{ humanizeDuration 0.0012 }} {{ humanizeDuration 60 }}",
       "0s 59.5s -1h 1m 1s 1d 1h 1m 1s 1.2ms 1m 0s"},
      {"{{ humanizeTimestamp 1435065584.128 }}", "2015-06-23 13:19:44.128 +0000 UTC"},
      {"{{ $labels.instance | stripPort }} {{ $labels.instance | stripDomain }} "
       "{{ stripPort \"[::1]:80\" }} {{ stripDomain \"10.0.0.1:80\" }}",
       "a.example.org a:9100 ::1 10.0.0.1:80"},
      {"{{ title \"aa bB\" }} {{ toUpper \"aB\" }} {{ toLower \"aB\" }}", "Aa BB AB ab"},
      {"{{ match \"a.*\" \"xabc\" }} {{ reReplaceAll \"(.)b\" \"<$1>$$\" \"abxb\" }}",
       "true <a>$<x>$"},
      {"{{ graphLink \"up{a=\\\"b\\\"} + 1\" }}",
       "/graph?g0.expr=up%7Ba%3D%22b%22%7D+%2B+1&g0.tab=0"},
      {"{{ tableLink \"up\" }}", "/graph?g0.expr=up&g0.tab=1"},
      {"{{ now }} {{ parseDuration \"1h30m\" }} {{ urlQueryEscape \"a b&\" }}", "1.5 5400 a+b%26"},
      {"{{ html \"<a href='b'>\" }} {{ safeHtml \"<b>\" }}", "&lt;a href=&#39;b&#39;&gt; <b>"},
      {"{{ (args 1 \"b\").arg1 }} {{ print 1 2 \"a\" \"b\" 3 }} {{ println 1 \"a\" }}",
       "b 1 2ab3 1 a\n"},
      {"{{ eq 1 2 1 }} {{ ne \"a\" \"b\" }} {{ le 1.5 1.5 }} {{ or \"\" \"x\" }}",
       "true true true x"},
      {"{{ gt $value 1 }}",
       "ERROR error calling gt: incompatible types for comparison: float64 and int"},
  };
  for (const Case& one : cases) EXPECT_EQ(Expand(one.text), one.expanded) << one.text;
}

TEST(TemplateTest, NumbersPrintAsInGo) {
  EXPECT_EQ(Expand("{{ $value }}", 100000), "100000");
  EXPECT_EQ(Expand("{{ $value }}", 1000000), "1e+06");
  EXPECT_EQ(Expand("{{ $value }}", 1234567.5), "1.2345675e+06");
  EXPECT_EQ(Expand("{{ $value }}", 0.00001), "1e-05");
  EXPECT_EQ(Expand("{{ $value }}", 0.0001), "0.0001");
  EXPECT_EQ(Expand("{{ $value }} {{ humanize $value }}", HUGE_VAL), "+Inf +Inf");
  EXPECT_EQ(Expand("{{ $value }} {{ printf \"%.2f\" $value }}", std::nan("")), "NaN NaN");
  EXPECT_EQ(Expand("{{ printf \"%d %s %5.1f %+d %05d %x\" $value 1 2.25 3 4 255 }}"),
            "%!d(float64=0.25) %!s(int=1)   2.2 +3 00004 ff");
  EXPECT_EQ(Expand("{{ printf \"%v %v\" 1 }}{{ printf \"a\" 2 }}{{ printf \"%\" }}"),
            "1 %!v(MISSING)a%!(EXTRA int=2)%!(NOVERB)");
}

TEST(TemplateTest, MistakesAreFoundWhenTheFileIsRead) {
  const Case cases[] = {
      {"{{ $labels.job ", "unclosed action"},
      {"{{ nope }}", "function \"nope\" not defined"},
      {"{{ $nope }}", "undefined variable \"$nope\""},
      {"{{ if true }}{{ $y := 1 }}{{ end }}{{ $y }}", "undefined variable \"$y\""},
      {"{{ if true }}", "unexpected EOF"},
      {"{{ end }}", "unexpected {{end}}"},
      {"{{ if true }}{{ else }}{{ else }}{{ end }}", "expected end; found {{else}}"},
      {"{{ 1 2 }}", "can't give argument to non-function"},
      {"{{ }}", "missing value for command"},
      {"{{ (1 }}", "unclosed left paren"},
      {"{{ \"a }}", "unterminated quoted string"},
      {"{{ define \"x\" }}{{ end }}", "unsupported template action: define"},
      {"{{ $a, 1 }}", "unexpected"},
      {"{{ 1e }}", "bad number syntax"},
      {"{{/* x }}", "unclosed comment"},
  };
  for (const Case& one : cases) {
    EXPECT_THAT(Expand(one.text), HasSubstr("PARSE ")) << one.text;
    EXPECT_THAT(Expand(one.text), HasSubstr(std::string(one.expanded))) << one.text;
  }
  EXPECT_THAT(Expand("{{ $value.x }}"), HasSubstr("ERROR can't evaluate field x in type float64"));
  EXPECT_THAT(Expand("{{ range $i := $labels.absent }}{{ else }}{{ end }}"),
              HasSubstr("ERROR range can't iterate over"));
}

TEST(TemplateTest, LoopsWithinLoopsAreBounded) {
  std::string text = "x";
  for (int i = 0; i < 30; ++i) text = "{{ range query \"up\" }}" + text + "{{ end }}";
  EXPECT_THAT(Expand(text), HasSubstr("ERROR template takes too long"));
  std::string deep;
  for (int i = 0; i < 200; ++i) deep += "{{ if true }}";
  EXPECT_THAT(Expand(deep), HasSubstr("nested too deeply"));
  EXPECT_THAT(Expand("{{" + std::string(200, '(')), HasSubstr("PARSE"));
}

TEST(TemplateTest, ReplacesAsGoDoes) {
  const Case cases[] = {
      {"{{ reReplaceAll \"(?P<host>.*):(.*)\" \"$2 ${host} $host\" $labels.instance }}",
       "9100 a.example.org a.example.org"},
      {"{{ reReplaceAll \"(a)\" \"$1x ${1}x $9 $ $$\" \"a\" }}", " ax  $ $"},
      {"{{ reReplaceAll \"x*\" \"-\" \"axxb\" }}", "-a-b-"},
      {"{{ reReplaceAll \"\" \"|\" \"\u00e9t\" }}", "|\xc3\xa9|t|"},
      {"{{ reReplaceAll \"b\" \"\\\\0\" \"abc\" }}", "a\\0c"},
  };
  for (const Case& one : cases) EXPECT_EQ(Expand(one.text), one.expanded) << one.text;
}

TEST(TemplateTest, WidthsAndPrecisionsCountCharacters) {
  EXPECT_EQ(Expand("{{ printf \"%.1s|%.0s|%.9s|%3s|%-3s|\" \"\u00e9a\" \"a\" \"a\" \"\u00e9\" "
                   "\"\u00e9\" }}"),
            "\xc3\xa9||a|  \xc3\xa9|\xc3\xa9  |");
}

TEST(TemplateTest, AHistogramIsAValue) {
  TemplateData data = Data();
  FloatHistogram histogram;
  histogram.count = 3;
  histogram.sum = 4.5;
  histogram.positive = {{1, 3}};
  data.histogram = std::make_shared<const FloatHistogram>(histogram);
  const auto expand = [&](std::string_view text) { return Template::Parse(text)->Expand(data); };
  EXPECT_EQ(*expand("{{ $value }} {{ .Value }}"),
            "{count:3, sum:4.5, (1,2]:3} {count:3, sum:4.5, (1,2]:3}");
  EXPECT_EQ(*expand("{{ printf \"%v\" $value }}{{ if $value }} yes{{ end }}"),
            "{count:3, sum:4.5, (1,2]:3} yes");
  EXPECT_THAT(std::string(expand("{{ humanize $value }}").status().message()),
              HasSubstr("can't convert *histogram.FloatHistogram to float"));
}

std::string Repeated(std::string_view text, size_t times) {
  std::string repeated;
  for (size_t i = 0; i < times; ++i) repeated += text;
  return repeated;
}

TEST(TemplateTest, TextsOnTheWayAreBounded) {
  const std::string wide =
      "{{ $w := printf \"" + Repeated("%1000d", 1000) + "\" " + Repeated("1 ", 99) + "}}";
  EXPECT_EQ(Expand(wide + "{{ len $w }}"), std::to_string(99 * 1000 + 901 * 12)) << "%!d(MISSING)";
  const std::string half_a_megabyte =
      "{{ $x := \"12345678\" }}" + Repeated("{{ $x = print $x $x }}", 16);
  EXPECT_EQ(Expand(half_a_megabyte + "{{ len $x }}"), "524288");
  const std::string growing[] = {
      half_a_megabyte + "{{ $x = print $x $x $x }}",
      half_a_megabyte + "{{ $x = println $x $x $x }}",
      half_a_megabyte + "{{ $x = printf \"%s%s%s\" $x $x $x }}",
      half_a_megabyte + "{{ $x = printf \"%x%x\" $x $x }}",
      half_a_megabyte + "{{ $x = printf \"\" $x $x $x }}",
      half_a_megabyte + "{{ $x = reReplaceAll \".*\" \"$0$0$0\" $x }}",
      half_a_megabyte + "{{ $x = reReplaceAll \"1\" $x $x }}",
      half_a_megabyte +
          "{{ $x = urlquery (printf \"%s%s\" $x \"&&\") | html | printf \"%q%q%q\" $x }}",
      half_a_megabyte + "{{ $x = args $x $x $x | print }}",
  };
  for (const std::string& text : growing) {
    EXPECT_THAT(Expand(text), HasSubstr("expanded template is too long")) << text.substr(300);
  }
}

TEST(TemplateTest, CopiesOfATextAreBounded) {
  std::string text = "{{ $x := \"12345678\" }}" + Repeated("{{ $x = print $x $x }}", 16);
  for (int i = 0; i < 200; ++i) text += "{{ $v" + std::to_string(i) + " := $x }}";
  EXPECT_THAT(Expand(text), HasSubstr("ERROR template makes too much text"));
}

TEST(TemplateTest, LoopsOverNothingAreCounted) {
  std::string text;
  for (int i = 0; i < 30; ++i) text = "{{ range query \"up\" }}" + text + "{{ end }}";
  EXPECT_THAT(Expand(text), HasSubstr("ERROR template takes too long"));
}

}  // namespace
}  // namespace luma::rules
