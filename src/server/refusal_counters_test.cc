#include "server/refusal_counters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::server {
namespace {

using testing::HasSubstr;

TEST(RefusalCountersTest, EveryCodeIsThereFromTheStartAndCounted) {
  MetricsRegistry registry;
  const RefusalCounters counters(registry);
  counters.Count(404);
  counters.Count(404);
  counters.Count(418);
  const std::string page = registry.Text();
  EXPECT_THAT(page, HasSubstr("luma_http_refusals_total{code=\"404\"} 2\n"));
  EXPECT_THAT(page, HasSubstr("luma_http_refusals_total{code=\"503\"} 0\n"));
  EXPECT_THAT(page, HasSubstr("luma_http_refusals_total{code=\"other\"} 1\n"));
}

}  // namespace
}  // namespace luma::server
