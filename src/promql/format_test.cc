#include "promql/format.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "promql/parser.h"
#include "promql/quoted_text.h"

namespace luma::promql {
namespace {

std::string OneLine(std::string_view query) {
  const Result<ExprPtr> expr = Parse(query);
  return expr.ok() ? FormatOnOneLine(**expr) : std::string(expr.status().message());
}

std::string Pretty(std::string_view query) {
  const Result<ExprPtr> expr = Parse(query);
  return expr.ok() ? FormatPretty(**expr) : std::string(expr.status().message());
}

TEST(FormatTest, QueriesInTheirUsualForm) {
  const struct {
    std::string_view query, text;
  } cases[] = {
      {"sum(x)by(job,`a.b`)", "sum by (job, \"a.b\") (x)"},
      {"sum without()(x)", "sum without () (x)"},
      {"topk(5,x)", "topk(5, x)"},
      {"a{c='2',b!=\"1\"}", "a{b!=\"1\",c=\"2\"}"},
      {"{__name__=\"a\"}", "{__name__=\"a\"}"},
      {"{\"a.b\",\"c.d\"=~\"x\\n\"}", "{\"c.d\"=~\"x\\n\",__name__=\"a.b\"}"},
      {"a[90m] offset 36h", "a[1h30m] offset 1d12h"},
      {"a offset -90d @ 1.5", "a @ 1.500 offset -90d"},
      {"a[5m] @ start()", "a[5m] @ start()"},
      {"rate(a[5m] smoothed)", "rate(a[5m] smoothed)"},
      {"avg_over_time(a[1h:])[2w:1m]", "avg_over_time(a[1h:])[2w:1m]"},
      {"a[step()*2]", "a[step() * 2s]"},
      {"a[(step()+1)*2^range()]", "a[(step() + 1s) * 2s ^ range()]"},
      {"a offset (step()+1m)", "a offset (step() + 1m)"},
      {"-a^2", "-a ^ 2"},
      {"1e3+0x10", "1000 + 16"},
      {"a==bool on(x)group_left(y)b", "a == bool on (x) group_left (y) b"},
      {"a / ignoring() group_right b", "a / ignoring () group_right () b"},
      {"a+ignoring()b", "a + b"},
      {"a + on(x) fill(0) b", "a + on (x) fill (0) b"},
      {"a + fill_left(1) fill_right(-2) b", "a + fill_left (1) fill_right (-2) b"},
      {"(a)", "(a)"},
      {"time()", "time()"},
      {"label_replace(a,'x','\\u00e9\\x00','y','')",
       "label_replace(a, \"x\", \"é\\x00\", \"y\", \"\")"},
  };
  for (const auto& one : cases) {
    EXPECT_EQ(OneLine(one.query), one.text);
    EXPECT_EQ(OneLine(one.text), one.text) << "the text means the same";
  }
}

TEST(FormatTest, LongPartsAreSplitOverLines) {
  EXPECT_EQ(Pretty("sum by(x)(short)"), "sum by (x) (short)");
  EXPECT_EQ(Pretty("sum by (job) (rate(http_requests_total{code=\"200\"}[5m])) / "
                   "sum by (job) (rate(http_requests_total{handler=\"a\"}[5m]))"),
            "  sum by (job) (rate(http_requests_total{code=\"200\"}[5m]))\n"
            "/\n"
            "  sum by (job) (rate(http_requests_total{handler=\"a\"}[5m]))");
  const std::string name(90, 'm');
  EXPECT_EQ(Pretty("topk(3,rate(" + name + "[5m]))"), "topk(\n  3,\n  rate(" + name + "[5m])\n)");
  EXPECT_EQ(Pretty("-(rate(" + name + "[5m] offset 1m))"),
            "-(\n  rate(\n    " + name + "[5m] offset 1m\n  )\n)");
}

TEST(FormatTest, QuotedTextIsWhatGoWrites) {
  EXPECT_EQ(QuotedText("a\"\\\n\x01\x7f"), "\"a\\\"\\\\\\n\\x01\\x7f\"");
  EXPECT_EQ(QuotedText("\xc3\xa9\xc5z\xc2\x85"), "\"\xc3\xa9\\xc5z\\u0085\"");
}

}  // namespace
}  // namespace luma::promql
