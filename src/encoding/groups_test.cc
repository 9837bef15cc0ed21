#include "encoding/groups.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "encoding/block.h"
#include "encoding/testing/format_example.h"
#include "encoding/testing/random_column.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

using testing::FormatExample;
using testing::OwnedColumn;
using testing::Pattern;
using testing::PhysicalTypeAt;
using testing::RandomColumn;
using testing::SameRows;
using testing::TestSeed;
using testing::ToHex;

CodecId CodecOf(ByteSpan block) { return DescribeBlock(block)->codec; }

// Positive lengths that add up to `rows`, many of them equal.
std::vector<uint32_t> RandomGroups(uint32_t rows, std::mt19937_64& random) {
  std::vector<uint32_t> groups;
  const uint32_t usual = 1 + random() % 200;
  while (rows > 0) {
    const uint32_t length = random() % 4 != 0 ? usual : static_cast<uint32_t>(1 + random() % 200);
    groups.push_back(std::min(rows, length));
    rows -= groups.back();
  }
  return groups;
}

void ExpectReturns(const ColumnSpan& column, const EncodeOptions& options) {
  const Bytes bytes = EncodeBlock(column, options);
  const auto block = DecodeBlock(column.type, column.count, bytes);
  ASSERT_TRUE(block.ok()) << block.status();
  AlignedBuffer scratch;
  EXPECT_TRUE(SameRows(column, block->Flatten(scratch))) << CodecName(CodecOf(bytes));
}

TEST(GroupsTest, ReturnEveryTypeInEveryPatternWithRandomGroups) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int type = 0; type < kPhysicalTypeCount; ++type) {
    for (int pattern = 0; pattern < testing::kPatternCount; ++pattern) {
      for (const uint32_t count : {1u, 2u, 65u, 1500u}) {
        for (const double null_share : {0.0, 0.1}) {
          SCOPED_TRACE(::testing::Message()
                       << "type " << type << " pattern " << pattern << " count " << count);
          const OwnedColumn column = RandomColumn(
              PhysicalTypeAt(type), count, static_cast<Pattern>(pattern), null_share, random);
          const std::vector<uint32_t> groups = RandomGroups(count, random);
          ExpectReturns(column.span(), {.group_rows = groups});
          ExpectReturns(column.span(), {.second_pass_zstd = true, .group_rows = groups});
          ExpectReturns(column.span(), {.group_rows = groups, .force = CodecId::kGroups});
        }
      }
    }
  }
}

// Three series: one that never changes, a counter, a gauge of decimals.
std::vector<double> ThreeSeries(std::mt19937_64& random) {
  std::vector<double> values(500, 42);
  for (int i = 0; i < 500; ++i) values.push_back(1e9 + 15.0 * i);
  for (int i = 0; i < 500; ++i) values.push_back(20 + static_cast<double>(random() % 400) / 100);
  return values;
}

TEST(GroupsTest, SeriesOfDifferentKindsGetACodecEach) {
  std::mt19937_64 random(5);
  const auto column = OwnedColumn::Of(PhysicalType::kFloat64, ThreeSeries(random));
  const std::vector<uint32_t> groups = {500, 500, 500};
  const Bytes together = EncodeBlock(column.span(), {});
  const Bytes apart = EncodeBlock(column.span(), {.group_rows = groups});
  EXPECT_EQ(CodecOf(apart), CodecId::kGroups);
  EXPECT_LT(apart.size(), together.size());
  ExpectReturns(column.span(), {.group_rows = groups});
}

TEST(GroupsTest, TheSameRowsAreKeptOnce) {
  std::mt19937_64 random(6);
  std::vector<int64_t> once;
  for (int i = 0; i < 400; ++i) once.push_back(15'000 * i + static_cast<int64_t>(random() % 50));
  std::vector<int64_t> often;
  for (int i = 0; i < 20; ++i) often.insert(often.end(), once.begin(), once.end());
  const auto column = OwnedColumn::Of(PhysicalType::kInt64, often);
  const std::vector<uint32_t> groups(20, 400);
  const size_t one = EncodeBlock(OwnedColumn::Of(PhysicalType::kInt64, once).span(), {}).size();
  EXPECT_LT(EncodeBlock(column.span(), {.group_rows = groups}).size(), one + 40);
  ExpectReturns(column.span(), {.group_rows = groups});
}

TEST(GroupsTest, NotUsedWhereOneCodecForAllIsSmaller) {
  std::mt19937_64 random(7);
  std::vector<int64_t> noise;
  for (int i = 0; i < 2'000; ++i) noise.push_back(static_cast<int64_t>(random()));
  const auto column = OwnedColumn::Of(PhysicalType::kInt64, noise);
  const std::vector<uint32_t> of_ten(200, 10);
  const std::vector<uint32_t> of_hundred(20, 100);
  EXPECT_EQ(CodecOf(EncodeBlock(column.span(), {.group_rows = of_ten})), CodecId::kPlain);
  EXPECT_EQ(CodecOf(EncodeBlock(column.span(), {.group_rows = of_hundred})), CodecId::kPlain);
}

TEST(GroupsTest, DamageYieldsRowsOrCorruption) {
  std::mt19937_64 random(8);
  const auto column = OwnedColumn::Of(PhysicalType::kFloat64, ThreeSeries(random));
  const std::vector<uint32_t> groups = {500, 250, 250, 500};
  const Bytes bytes = EncodeBlock(column.span(), {.group_rows = groups, .force = CodecId::kGroups});
  const auto decode = [](ByteSpan damaged) {
    const auto block = DecodeBlock(PhysicalType::kFloat64, 1500, damaged);
    EXPECT_TRUE(block.ok() || block.status().code() == StatusCode::kCorruption);
    return block.ok();
  };
  for (size_t length = 0; length < bytes.size(); ++length) {
    EXPECT_FALSE(decode(ByteSpan(bytes).first(length))) << length;
  }
  Bytes damaged = bytes;
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1 << (bit % 8));
    damaged[bit / 8] ^= mask;
    decode(damaged);
    damaged[bit / 8] ^= mask;
  }
}

// The example of the format document, changed at one byte.
TEST(GroupsTest, RefusesDirectoriesThatDoNotAddUp) {
  const Bytes example = FormatExample("block.md", "groups");
  const auto refuses = [&](size_t at, uint8_t byte) {
    Bytes changed = example;
    changed[at] = static_cast<std::byte>(byte);
    return DecodeBlock(PhysicalType::kInt64, 6, changed).status().code() == StatusCode::kCorruption;
  };
  ASSERT_TRUE(DecodeBlock(PhysicalType::kInt64, 6, example).ok());
  EXPECT_TRUE(refuses(2, 7)) << "more groups than rows";
  EXPECT_TRUE(refuses(3, 4)) << "more blocks than groups";
  EXPECT_TRUE(refuses(7, 0)) << "empty groups";
  EXPECT_TRUE(refuses(7, 6)) << "fewer rows than the column";
  EXPECT_TRUE(refuses(22, 9)) << "groups in a group";
}

TEST(GroupsFormatTest, WritesTheExampleOfTheFormatDocument) {
  const auto column = OwnedColumn::Of<int64_t>(PhysicalType::kInt64, {5, 5, 900, 700, 5, 5});
  const std::vector<uint32_t> groups = {2, 2, 2};
  EXPECT_EQ(ToHex(EncodeBlock(column.span(), {.group_rows = groups, .force = CodecId::kGroups})),
            ToHex(FormatExample("block.md", "groups")));
}

}  // namespace
}  // namespace luma::encoding
