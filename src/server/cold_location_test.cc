#include "server/cold_location.h"

#include <gtest/gtest.h>

namespace luma::server {
namespace {

TEST(ColdLocationTest, ReadsNothingAPathOrABucket) {
  EXPECT_TRUE(std::holds_alternative<NoColdStore>(*ParseColdLocation("")));
  EXPECT_EQ(std::get<ColdDirectory>(*ParseColdLocation("/mnt/cold")).path, "/mnt/cold");
  const auto bucket = ParseColdLocation("s3://my-bucket");
  EXPECT_EQ(std::get<ColdBucket>(*bucket).bucket, "my-bucket");
  EXPECT_EQ(std::get<ColdBucket>(*bucket).key_prefix, "");
  EXPECT_EQ(std::get<ColdBucket>(*ParseColdLocation("s3://my-bucket/")).key_prefix, "");
  EXPECT_EQ(std::get<ColdBucket>(*ParseColdLocation("s3://my-bucket/a/b")).key_prefix, "a/b/");
  EXPECT_EQ(std::get<ColdBucket>(*ParseColdLocation("s3://my-bucket/a/b/")).key_prefix, "a/b/");
}

TEST(ColdLocationTest, RefusesWhatNoStoreCanBe) {
  for (const char* text : {"s3://", "s3:///a", "s3://ab", "s3://Bucket", "s3://a_b_c", "s3://-abc",
                           "s3://a..b", "s3://bucket/../x", "s3://bucket//x", "s3://bucket/a b",
                           "gs://bucket", "https://host/bucket"}) {
    EXPECT_EQ(ParseColdLocation(text).status().code(), StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace luma::server
