#include "storage/metrics/postings.h"

#include <gtest/gtest.h>

namespace luma::storage {
namespace {

TEST(PostingsTest, AnIdThatIsAddedAgainIsInOnce) {
  for (const uint32_t count : {1u, 2u, 64u, 65u, 200u}) {
    SCOPED_TRACE(count);
    Postings postings;
    for (const int round : {0, 1}) {
      static_cast<void>(round);
      for (uint32_t id = 1; id <= count; ++id) postings.Add(id);
    }
    EXPECT_EQ(postings.size(), count);
    SeriesBitmap ids;
    postings.AddTo(ids);
    EXPECT_EQ(ids.cardinality(), count);
  }
}

}  // namespace
}  // namespace luma::storage
