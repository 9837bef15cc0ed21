#include "prom/scrape/target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prom/scrape/prometheus_config.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;

ScrapeConfig Job(const std::string& fields) {
  const auto config = ParsePrometheusConfig(
      "scrape_configs:\n- job_name: j\n  scrape_interval: 15s\n" + fields, "");
  EXPECT_TRUE(config.ok()) << config.status();
  return *config->scrape_configs.at(0);
}

Result<std::optional<Target>> Make(const ScrapeConfig& job, const std::string& address,
                                   const LabelBuilder::Map& group = {}) {
  return MakeTarget(job, DiscoveredLabels(job, address, group));
}

TEST(TargetTest, HasTheLabelsOfItsGroupAndJob) {
  const Target target = *Make(Job(""), "h:1", {{"zone", "a"}, {"__meta_x", "y"}}).value();
  EXPECT_EQ(target.labels.ToString(), R"({instance="h:1", job="j", zone="a"})");
  EXPECT_EQ(target.url, "http://h:1/metrics");
  EXPECT_EQ(target.interval, std::chrono::seconds(15));
  EXPECT_EQ(target.timeout, std::chrono::seconds(10));
  EXPECT_EQ(target.discovered.at("__scrape_interval__"), "15s");
  EXPECT_EQ(target.discovered.at("__meta_x"), "y");
}

TEST(TargetTest, RelabelingMovesItAnywhere) {
  const ScrapeConfig job =
      Job("  params: {module: [tcp], debug: ['1', '2']}\n"
          "  relabel_configs:\n"
          "  - {source_labels: [__address__], target_label: __param_module}\n"
          "  - {source_labels: [__param_module], target_label: instance}\n"
          "  - {target_label: __address__, replacement: 'probe:9115'}\n"
          "  - {target_label: __metrics_path__, replacement: /probe}\n"
          "  - {target_label: __scheme__, replacement: https}\n"
          "  - {target_label: __scrape_timeout__, replacement: 3s}\n"
          "  - {target_label: __tmp_x, replacement: gone}\n");
  const Target target = *Make(job, "site/?a b").value();
  EXPECT_EQ(target.url, "https://probe:9115/probe?debug=1&debug=2&module=site%2F%3Fa%20b");
  EXPECT_EQ(target.labels.ToString(), R"({instance="site/?a b", job="j"})");
  EXPECT_EQ(target.timeout, std::chrono::seconds(3));
}

TEST(TargetTest, RulesDropTargets) {
  const ScrapeConfig job =
      Job("  relabel_configs: [{source_labels: [keep], regex: 'yes', action: keep}]\n");
  EXPECT_TRUE(Make(job, "h:1", {{"keep", "yes"}})->has_value());
  EXPECT_FALSE(Make(job, "h:1", {{"keep", "no"}})->has_value());
}

TEST(TargetTest, WhatCannotBeScrapedIsAnError) {
  const struct {
    const char* fields;
    const char* address;
    const char* expected;
  } cases[] = {
      {"", "", "no address"},
      {"", "http://h:1", "is not a valid hostname"},
      {"", "h:1\r\nX: y", "is not a valid hostname"},
      {"  relabel_configs: [{target_label: __scrape_interval__, replacement: soon}]\n", "h:1",
       "error parsing scrape interval"},
      {"  relabel_configs: [{target_label: __scrape_interval__, replacement: 1s}]\n", "h:1",
       "scrape timeout cannot be greater than scrape interval (\"10s\" > \"1s\")"},
      {"  relabel_configs: [{target_label: __scrape_interval__, replacement: 101y}]\n", "h:1",
       "scrape interval is out of range"},
      {"  relabel_configs: [{target_label: __scrape_timeout__, replacement: '0'}]\n", "h:1",
       "scrape timeout cannot be 0"},
  };
  for (const auto& one : cases) {
    EXPECT_THAT(std::string(Make(Job(one.fields), one.address).status().message()),
                HasSubstr(one.expected));
  }
}

TEST(TargetTest, TimingIsNoPartOfWhoItIs) {
  const auto key_of = [](const std::string& fields) {
    return Make(Job(fields), "h:1").value()->key;
  };
  EXPECT_EQ(key_of(""), key_of("  scrape_timeout: 1s\n"));
  EXPECT_NE(key_of(""), key_of("  metrics_path: /other\n"));
}

}  // namespace
}  // namespace luma::prom
