#include "prom/metric_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::prom {
namespace {

using testing::ElementsAre;

TEST(MetricMetadataTest, PagesTellTypeHelpAndUnit) {
  EXPECT_THAT(ReadPageMetadata("# HELP a_total How many\\\\ of\\nthem.\r\n"
                               "# TYPE a_total counter\n"
                               "a_total 1\n"
                               "# just a comment\n"
                               "#TYPE b untyped\n"
                               "b{x=\"# TYPE no counter\"} 1\n"
                               "# UNIT c_seconds seconds\n"
                               "# TYPE \"d.e\" gauge\n"
                               "# HELP\n"
                               "# TYPE"),
              ElementsAre(MetricMetadata{"a_total", "counter", "How many\\ of\nthem.", ""},
                          MetricMetadata{"b", "unknown", "", ""},
                          MetricMetadata{"c_seconds", "unknown", "", "seconds"},
                          MetricMetadata{"d.e", "gauge", "", ""}));
  EXPECT_TRUE(ReadPageMetadata("").empty());
}

TEST(MetricMetadataTest, TargetsWithEqualPagesShareAList) {
  storage::MemoryBudget budget(1 << 20);
  PageMetadataCache cache(budget);
  const auto first = cache.Of("# TYPE a gauge\na 1\n");
  EXPECT_EQ(cache.Of("# TYPE a gauge\na 2\na{b=\"c\"} 3\n"), first);
  EXPECT_NE(cache.Of("# TYPE a counter\na 2\n"), first);
}

TEST(MetricMetadataTest, ListsAreBookedAndMissingWithoutMemory) {
  std::string page;
  for (int i = 0; i < 1'000; ++i) page += "# TYPE m" + std::to_string(i) + " gauge\n";
  storage::MemoryBudget budget(2 << 20);
  PageMetadataCache cache(budget);
  auto list = cache.Of(page);
  ASSERT_NE(list, nullptr);
  EXPECT_GT(budget.booked_bytes(storage::BudgetUse::kSeries), 1'000 * sizeof(MetricMetadata));
  EXPECT_EQ(budget.booked_bytes(storage::BudgetUse::kIngest), 0u);
  list.reset();
  EXPECT_EQ(budget.booked_bytes(), 0u);
  budget.SetLimit(100'000);
  EXPECT_EQ(cache.Of(page), nullptr);
}

TEST(MetricMetadataTest, WrittenMetadataIsBounded) {
  WrittenMetadata written;
  EXPECT_TRUE(written.Add({"b", "gauge", "old", ""}));
  EXPECT_TRUE(written.Add({"a", "counter", "", ""}));
  EXPECT_TRUE(written.Add({"b", "gauge", "new", ""}));
  EXPECT_THAT(written.All(), ElementsAre(MetricMetadata{"a", "counter", "", ""},
                                         MetricMetadata{"b", "gauge", "new", ""}));
  EXPECT_FALSE(written.Add({"c", "gauge", std::string(WrittenMetadata::kBytesMax, 'x'), ""}));
  EXPECT_TRUE(written.Add({"c", "gauge", "", ""}));
}

}  // namespace
}  // namespace luma::prom
