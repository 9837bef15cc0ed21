#include "prom/self_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/metrics.h"

namespace luma::prom {
namespace {

std::string Json(std::string_view page, const Matcher* names = nullptr) {
  JsonWriter json;
  const Status status = WriteSelfMetrics(page, names, json);
  return status.ok() ? json.Take() : std::string(status.message());
}

TEST(SelfMetricsTest, FamiliesAsProtobufWritesThemInJson) {
  MetricsRegistry registry;
  registry.AddCounter("a_total", "Help with \\ and\nlines.", {{"path", "/x\""}}).Add(3);
  registry.AddGauge("b", "B.").Set(-0.5);
  const double bounds[] = {0.1, 2};
  Histogram& histogram = registry.AddHistogram("c_seconds", "C.", bounds, {{"k", "v"}});
  histogram.Observe(0.05);
  histogram.Observe(9);
  EXPECT_EQ(Json(registry.Text()),
            R"([{"name":"a_total","help":"Help with \\ and\nlines.","type":"COUNTER",)"
            R"("metric":[{"label":[{"name":"path","value":"/x\""}],"counter":{"value":3}}]},)"
            R"({"name":"b","help":"B.","type":"GAUGE","metric":[{"gauge":{"value":-0.5}}]},)"
            R"({"name":"c_seconds","help":"C.","type":"HISTOGRAM","metric":[)"
            R"({"label":[{"name":"k","value":"v"}],"histogram":{"sampleCount":"2",)"
            R"("sampleSum":9.05,"bucket":[{"cumulativeCount":"1","upperBound":0.1},)"
            R"({"cumulativeCount":"1","upperBound":2}]}}]}])");
}

TEST(SelfMetricsTest, NamesAreChosenByAnExpression) {
  MetricsRegistry registry;
  registry.AddGauge("one", "1").Set(1);
  registry.AddGauge("two", "2").Set(1);
  const Matcher names = *Matcher::Create("name", MatchOp::kRegex, "t.*");
  EXPECT_EQ(Json(registry.Text(), &names),
            R"([{"name":"two","help":"2","type":"GAUGE","metric":[{"gauge":{"value":1}}]}])");
  EXPECT_EQ(Json(""), "[]");
}

TEST(SelfMetricsTest, AnotherPageIsAnError) {
  EXPECT_THAT(Json("up 1\n"), testing::HasSubstr("not a page"));
}

}  // namespace
}  // namespace luma::prom
