#include "server/rule_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(RuleSettingsTest, ListsHaveCommas) {
  EXPECT_THAT(SplitList(""), IsEmpty());
  EXPECT_THAT(SplitList(" a ,, b c,"), ElementsAre("a", "b c"));
}

TEST(RuleSettingsTest, AddressesAndLabels) {
  Config config;
  config.rules.alertmanagers = "http://a:9093, http://b/x";
  config.rules.external_labels = "cluster = one, region=two=three";
  config.rules.external_url = "http://luma/";
  const Result<prom::AlertNotifierOptions> options = AlertNotifierOptionsOf(config);
  ASSERT_TRUE(options.ok()) << options.status();
  ASSERT_EQ(options->alertmanagers.size(), 2u);
  EXPECT_EQ(options->alertmanagers[1].url, "http://b:80/x/api/v2/alerts");
  EXPECT_THAT(options->external_labels,
              ElementsAre(Pair("cluster", "one"), Pair("region", "two=three")));
  EXPECT_EQ(options->external_url, "http://luma");
  config.rules.external_labels = "cluster";
  EXPECT_FALSE(AlertNotifierOptionsOf(config).ok());
}

TEST(RuleSettingsTest, MistakesAreFoundWhenTheFileIsRead) {
  EXPECT_FALSE(ParseConfig("[rules]\nalertmanagers = \"a:9093\"\n", "l.toml").ok());
  EXPECT_TRUE(ParseConfig("[rules]\nalertmanagers = \"http://a:9093\"\n", "l.toml").ok());
}

}  // namespace
}  // namespace luma::server
