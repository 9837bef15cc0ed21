#include "encoding/block.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "encoding/testing/random_column.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

using testing::OwnedColumn;
using testing::Pattern;
using testing::PhysicalTypeAt;
using testing::RandomColumn;
using testing::SameRows;
using testing::TestSeed;

constexpr double kNullShares[] = {0.0, 0.1, 0.9, 1.0};

// Every way to encode that a caller can ask for: both efforts, each codec by force, each with zstd.
std::vector<EncodeOptions> AllOptions() {
  std::vector<EncodeOptions> all = {{.effort = EncodeEffort::kFast}, {}};
  for (int codec = 0; codec < kCodecCount; ++codec) {
    all.push_back({.force = static_cast<CodecId>(codec)});
    all.push_back({.second_pass_zstd = true, .force = static_cast<CodecId>(codec)});
  }
  return all;
}

::testing::AssertionResult ReturnsTheSameRows(const ColumnSpan& column,
                                              const EncodeOptions& options) {
  const Bytes bytes = EncodeBlock(column, options);
  const auto block = DecodeBlock(column.type, column.count, bytes);
  if (!block.ok()) return ::testing::AssertionFailure() << block.status();
  AlignedBuffer scratch;
  if (SameRows(column, block->Flatten(scratch))) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "other rows, codec byte " << static_cast<int>(bytes[0]);
}

TEST(BlockTest, ReturnsEveryTypeInEveryPatternWithEveryCodec) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int type = 0; type < kPhysicalTypeCount; ++type) {
    for (int pattern = 0; pattern < testing::kPatternCount; ++pattern) {
      for (const uint32_t count : {0u, 1u, 2u, 3u, 63u, 129u, 1500u}) {
        const double null_share = kNullShares[random() % 4];
        SCOPED_TRACE(::testing::Message() << "type " << type << " pattern " << pattern << " count "
                                          << count << " nulls " << null_share);
        const OwnedColumn column = RandomColumn(PhysicalTypeAt(type), count,
                                                static_cast<Pattern>(pattern), null_share, random);
        for (const EncodeOptions& options : AllOptions()) {
          ASSERT_TRUE(ReturnsTheSameRows(column.span(), options));
        }
      }
    }
  }
}

TEST(BlockTest, OneRowIsAFewBytes) {
  const auto timestamp = OwnedColumn::Of<int64_t>(PhysicalType::kInt64, {1'700'000'000'000});
  const auto value = OwnedColumn::Of<double>(PhysicalType::kFloat64, {0.25});
  const auto text = OwnedColumn::OfStrings({"up"});
  const EncodeOptions fast{.effort = EncodeEffort::kFast};
  EXPECT_EQ(EncodeBlock(timestamp.span(), fast).size(), 8u);
  EXPECT_EQ(EncodeBlock(value.span(), fast).size(), 10u);
  EXPECT_EQ(EncodeBlock(text.span(), fast).size(), 4u);
}

}  // namespace
}  // namespace luma::encoding
