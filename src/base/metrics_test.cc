#include "base/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <thread>

namespace luma {
namespace {

using testing::HasSubstr;

TEST(MetricsTest, WritesFamiliesInOrderWithHelpTypeAndEscapedLabels) {
  MetricsRegistry registry;
  registry.AddGauge("b_bytes", "Line one\nback\\slash.").Set(1.5);
  registry.AddCounter("a_total", "Things.", {{"path", "/x\"\\\n"}, {"code", "200"}}).Add(3);
  registry.AddCounter("a_total", "Things.").Add();
  EXPECT_EQ(registry.Text(),
            "# HELP a_total Things.\n"
            "# TYPE a_total counter\n"
            "a_total 1\n"
            "a_total{path=\"/x\\\"\\\\\\n\",code=\"200\"} 3\n"
            "# HELP b_bytes Line one\\nback\\\\slash.\n"
            "# TYPE b_bytes gauge\n"
            "b_bytes 1.5\n");
}

TEST(MetricsTest, HistogramBucketsAreCumulativeAndIncludeTheirUpperBound) {
  MetricsRegistry registry;
  constexpr double kBounds[] = {0.5, 1};
  Histogram& histogram = registry.AddHistogram("h_seconds", "Time.", kBounds, {{"op", "read"}});
  for (const double value : {0.25, 0.5, 0.75, 8.0}) histogram.Observe(value);
  EXPECT_THAT(registry.Text(), HasSubstr("h_seconds_bucket{op=\"read\",le=\"0.5\"} 2\n"
                                         "h_seconds_bucket{op=\"read\",le=\"1\"} 3\n"
                                         "h_seconds_bucket{op=\"read\",le=\"+Inf\"} 4\n"
                                         "h_seconds_sum{op=\"read\"} 9.5\n"
                                         "h_seconds_count{op=\"read\"} 4\n"));
}

TEST(MetricsTest, SameNameAndLabelsAreTheSameMetric) {
  MetricsRegistry registry;
  Counter& first = registry.AddCounter("a_total", "Things.", {{"k", "v"}});
  Counter& second = registry.AddCounter("a_total", "Things.", {{"k", "v"}});
  EXPECT_EQ(&first, &second);
  EXPECT_NE(&first, &registry.AddCounter("a_total", "Things.", {{"k", "w"}}));
}

TEST(MetricsTest, CallbackIsReadWhenWrittenAndGoneWithItsOwner) {
  MetricsRegistry registry;
  double value = 1;
  {
    const MetricsRegistry::Callback callback = registry.AddCallback(
        MetricsRegistry::Kind::kGauge, "queue_length", "Waiting.", [&value] { return value; });
    value = 7;
    EXPECT_THAT(registry.Text(), HasSubstr("queue_length 7\n"));
  }
  EXPECT_EQ(registry.Text(), "");
}

TEST(MetricsTest, SpecialNumbersAreSpelledAsPrometheusReadsThem) {
  MetricsRegistry registry;
  registry.AddGauge("nan", "").Set(std::numeric_limits<double>::quiet_NaN());
  registry.AddGauge("up", "").Set(std::numeric_limits<double>::infinity());
  registry.AddGauge("down", "").Set(-std::numeric_limits<double>::infinity());
  EXPECT_THAT(registry.Text(), HasSubstr("\nnan NaN\n"));
  EXPECT_THAT(registry.Text(), HasSubstr("\nup +Inf\n"));
  EXPECT_THAT(registry.Text(), HasSubstr("\ndown -Inf\n"));
}

TEST(MetricsTest, ConcurrentIncrementsAreAllCounted) {
  MetricsRegistry registry;
  Counter& counter = registry.AddCounter("a_total", "Things.");
  constexpr int kThreads = 12, kAdds = 10'000;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&counter] {
      for (int n = 0; n < kAdds; ++n) counter.Add();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counter.Value(), kThreads * kAdds);
}

TEST(MetricsDeathTest, OneNameCannotBeTwoKinds) {
  MetricsRegistry registry;
  registry.AddCounter("a_total", "Things.");
  EXPECT_DEATH(registry.AddGauge("a_total", "Things."), "kind == kind");
  EXPECT_DEATH(registry.AddGauge("1bad", "Things."), "IsValidName");
}

}  // namespace
}  // namespace luma
