#include "encoding/block.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>
#include <string_view>
#include <vector>

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

// What a caller would see of a block: its error or its rows. Touching every string byte lets the
// address sanitizer see a reference that leads out of the block.
size_t DecodeAndTouch(const ColumnSpan& column, ByteSpan bytes) {
  const auto block = DecodeBlock(column.type, column.count, bytes);
  if (!block.ok()) {
    EXPECT_EQ(block.status().code(), StatusCode::kCorruption);
    return 0;
  }
  AlignedBuffer scratch;
  const ColumnSpan flat = block->Flatten(scratch);
  size_t touched = 0;
  for (uint32_t row = 0; row < flat.count; ++row) {
    touched += flat.IsNull(row) ? 1 : 0;
    if (flat.type != PhysicalType::kBytes) continue;
    for (const char letter : flat.As<StringRef>()[row].view()) touched += letter == 'x' ? 1 : 0;
  }
  return touched;
}

// Goal: whatever happens to a block's bytes, decoding stays within bounds and ends in rows or in
// kCorruption. Method: for each type, codec and pattern flip every bit and cut at every length.
TEST(BlockTest, DamagedBlocksYieldRowsOrCorruption) {
  std::mt19937_64 random(11);
  for (int type = 0; type < kPhysicalTypeCount; ++type) {
    for (int pattern = 0; pattern < testing::kPatternCount; ++pattern) {
      const OwnedColumn column =
          RandomColumn(PhysicalTypeAt(type), 40, static_cast<Pattern>(pattern), 0.1, random);
      for (const EncodeOptions& options : AllOptions()) {
        const Bytes bytes = EncodeBlock(column.span(), options);
        for (size_t length = 0; length < bytes.size(); ++length) {
          DecodeAndTouch(column.span(), ByteSpan(bytes).first(length));
        }
        Bytes damaged = bytes;
        for (size_t bit = 0; bit < 8 * std::min<size_t>(bytes.size(), 200); ++bit) {
          const auto mask = static_cast<std::byte>(1 << (bit % 8));
          damaged[bit / 8] ^= mask;
          DecodeAndTouch(column.span(), damaged);
          damaged[bit / 8] ^= mask;
        }
      }
    }
  }
}

TEST(BlockTest, TruncationsAndBytesLeftOverAreCorruption) {
  const auto column = OwnedColumn::Of<int64_t>(PhysicalType::kInt64, {1, 5, 2, 900, 7});
  for (const CodecId codec : {CodecId::kPlain, CodecId::kRle, CodecId::kForBitPack,
                              CodecId::kDeltaBitPack, CodecId::kDeltaOfDelta}) {
    Bytes bytes = EncodeBlock(column.span(), {.force = codec});
    for (size_t length = 0; length < bytes.size(); ++length) {
      EXPECT_FALSE(DecodeBlock(PhysicalType::kInt64, 5, ByteSpan(bytes).first(length)).ok());
    }
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(DecodeBlock(PhysicalType::kInt64, 5, bytes).ok()) << CodecName(codec);
  }
}

TEST(BlockTest, ACodecOfAnotherTypeIsCorruption) {
  const auto words = OwnedColumn::OfStrings({"a", "b", "a"});
  const auto numbers = OwnedColumn::Of<double>(PhysicalType::kFloat64, {1.5, 2.5, 1.5});
  for (int codec = 0; codec < kCodecCount; ++codec) {
    for (const OwnedColumn* column : {&words, &numbers}) {
      const Bytes bytes = EncodeBlock(column->span(), {.force = static_cast<CodecId>(codec)});
      const CodecId used = DescribeBlock(bytes)->codec;
      if (CodecFits(used, PhysicalType::kBool)) continue;
      EXPECT_FALSE(DecodeBlock(PhysicalType::kBool, 3, bytes).ok()) << CodecName(used);
    }
  }
}

// Goal: a container of its first version has no newer codec anywhere in a block.
TEST(BlockTest, ACodecThatItsContainerIsTooOldForIsCorruption) {
  constexpr uint32_t kRows = 2048;
  std::mt19937_64 random(12);
  std::vector<double> values(kRows);
  for (double& value : values) value = static_cast<double>(random() % 1024) / 10;
  const auto column = OwnedColumn::Of(PhysicalType::kFloat64, values);
  const uint32_t groups[] = {kRows / 2, kRows / 2};  // of each the block is ALP
  const Bytes alp = EncodeBlock(column.span(), {.force = CodecId::kAlp});
  const Bytes inner = EncodeBlock(column.span(), {.group_rows = groups, .force = CodecId::kGroups});
  for (const Bytes& bytes : {alp, inner}) {
    EXPECT_TRUE(DecodeBlock(PhysicalType::kFloat64, kRows, bytes).ok());
    EXPECT_EQ(DecodeBlock(PhysicalType::kFloat64, kRows, bytes, kFirstCodecCount).status().code(),
              StatusCode::kCorruption);
  }
  const Bytes old = EncodeBlock(column.span(), {.force = CodecId::kGorilla});
  EXPECT_TRUE(DecodeBlock(PhysicalType::kFloat64, kRows, old, kFirstCodecCount).ok());
}

TEST(BlockTest, AFewBytesCannotAskForMuchMemory) {
  Bytes bytes = {std::byte{0}, std::byte{0x02}};  // plain, compressed
  ByteWriter writer(bytes);
  writer.Varint(uint64_t{1} << 40);  // declared size
  writer.Fixed<uint64_t>(0);
  EXPECT_EQ(DecodeBlock(PhysicalType::kBytes, 1, bytes).status().code(), StatusCode::kCorruption);
}

TEST(BlockTest, KeepsConstantAndDictionaryShape) {
  const auto constant = OwnedColumn::Of<int32_t>(PhysicalType::kInt32, {4, 4, 4});
  const auto decoded = DecodeBlock(PhysicalType::kInt32, 3, EncodeBlock(constant.span(), {}));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->shape(), DecodedBlock::Shape::kConstant);
  EXPECT_EQ(*reinterpret_cast<const int32_t*>(decoded->ValueAt(2)), 4);

  const auto words = OwnedColumn::OfStrings({"a", "b", "a", "a"});
  const auto dictionary = DecodeBlock(PhysicalType::kBytes, 4, EncodeBlock(words.span(), {}));
  ASSERT_TRUE(dictionary.ok());
  EXPECT_EQ(dictionary->shape(), DecodedBlock::Shape::kDictionary);
  EXPECT_EQ(dictionary->dictionary_size(), 2u);
  EXPECT_EQ(dictionary->codes()[1], 1u);
}

TEST(BlockTest, EveryCodecHasANameOfItsOwn) {
  std::set<std::string_view> names;
  for (int codec = 0; codec < kCodecCount; ++codec) {
    names.insert(CodecName(static_cast<CodecId>(codec)));
  }
  EXPECT_EQ(names.size(), size_t{kCodecCount});
  EXPECT_EQ(names.count("unknown") + names.count(""), 0u);
}

CodecId CodecOf(const OwnedColumn& column) {
  return DescribeBlock(EncodeBlock(column.span(), {}))->codec;
}

TEST(BlockTest, PicksTheCodecThatFitsTheData) {
  std::mt19937_64 random(3);
  std::vector<int64_t> slowing, ids, noise, runs;
  std::vector<double> gauge, counter, irrational, halves;
  for (int i = 0; i < 5000; ++i) {
    slowing.push_back(1'700'000'000'000 + int64_t{i} * i);
    ids.push_back((ids.empty() ? 0 : ids.back()) + static_cast<int64_t>(random() % 16));
    noise.push_back(static_cast<int64_t>(random()));
    runs.push_back(static_cast<int64_t>(i / 500) * 1'000'003 % 777'777);
    gauge.push_back(20 + static_cast<double>(random() % 400) / 100);
    counter.push_back((counter.empty() ? 0 : counter.back()) + static_cast<double>(random() % 40));
    // Few bits, but far behind the point.
    halves.push_back(std::ldexp(static_cast<double>(1 + random() % 16), -60));
    irrational.push_back(1 + std::ldexp(static_cast<double>(random()), -64));
  }
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kInt64, slowing)), CodecId::kDeltaOfDelta);
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kInt64, ids)), CodecId::kDeltaBitPack);
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kInt64, noise)), CodecId::kPlain);
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kInt64, runs)), CodecId::kRle);
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kFloat64, gauge)), CodecId::kAlp);
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kFloat64, counter)), CodecId::kDecimal);
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kFloat64, irrational)), CodecId::kAlpRd);
  EXPECT_EQ(CodecOf(OwnedColumn::Of(PhysicalType::kFloat64, halves)), CodecId::kGorilla);
}

TEST(BlockFormatTest, WritesTheExamplesOfTheFormatDocument) {
  auto constant = OwnedColumn::Of<int64_t>(PhysicalType::kInt64, {10, 10, 0, 10});
  constant.SetNull(2);
  EXPECT_EQ(ToHex(EncodeBlock(constant.span(), {})),
            ToHex(FormatExample("block.md", "a constant with a null")));
  const auto words = OwnedColumn::OfStrings({"GET", "PUT", "GET", "GET", "PUT", "GET"});
  EXPECT_EQ(ToHex(EncodeBlock(words.span(), {})), ToHex(FormatExample("block.md", "a dictionary")));
}

}  // namespace
}  // namespace luma::encoding
