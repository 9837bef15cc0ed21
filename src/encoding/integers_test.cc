#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <utility>
#include <vector>

#include "encoding/bit_packing.h"
#include "encoding/delta_bit_pack.h"
#include "encoding/delta_of_delta.h"
#include "encoding/for_bit_pack.h"
#include "encoding/patched_packing.h"
#include "encoding/testing/format_example.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

using testing::FormatExample;
using testing::TestSeed;
using testing::ToHex;
using Values = std::vector<uint64_t>;

Values RandomValues(size_t count, int width, std::mt19937_64& random) {
  Values values(count);
  for (uint64_t& value : values) value = width == 0 ? 0 : random() >> (64 - width);
  return values;
}

TEST(BitPackingTest, ReturnsEveryWidthAndLength) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int width = 0; width <= kBitWidthMax; ++width) {
    for (const size_t count : {0, 1, 7, 63, 64, 65, 128, 200}) {
      const Values values = RandomValues(count, width, random);
      Bytes packed;
      PackBits(values, width, packed);
      ASSERT_EQ(packed.size(), PackedBytes(count, width));
      Values unpacked(count);
      UnpackBits(packed, width, unpacked);
      ASSERT_EQ(unpacked, values) << "width " << width;
    }
  }
}

TEST(BitPackingTest, ZigZagKeepsSmallMagnitudesSmall) {
  EXPECT_EQ(ZigZag(0), 0u);
  EXPECT_EQ(ZigZag(static_cast<uint64_t>(-1)), 1u);
  EXPECT_EQ(ZigZag(1), 2u);
  for (const uint64_t value : {uint64_t{0}, uint64_t{1} << 63, ~uint64_t{0}, uint64_t{12345}}) {
    EXPECT_EQ(UnZigZag(ZigZag(value)), value);
  }
}

TEST(PatchedPackingTest, OneOutlierDoesNotWidenTheChunk) {
  Values values(kChunkValues, 3);
  values[17] = uint64_t{1} << 40;
  Bytes patched;
  PackPatched(values, Patching::kAllow, patched);
  EXPECT_LE(patched.size(), 1 + PackedBytes(kChunkValues, 2) + 1 + 1 + 6);
  Bytes wide;
  PackPatched(values, Patching::kNone, wide);
  EXPECT_EQ(wide.size(), 1 + PackedBytes(kChunkValues, 41));
}

struct IntegerCodec {
  std::function<void(std::span<const uint64_t>, Bytes&)> encode;
  std::function<bool(ByteReader&, std::span<uint64_t>)> decode;
};
const IntegerCodec kCodecs[] = {
    {[](auto values, Bytes& out) { EncodeForBitPack(values, Patching::kAllow, out); },
     DecodeForBitPack},
    {[](auto values, Bytes& out) { EncodeForBitPack(values, Patching::kNone, out); },
     DecodeForBitPack},
    {[](auto values, Bytes& out) { EncodeDeltaBitPack(values, Patching::kAllow, out); },
     DecodeDeltaBitPack},
    {[](auto values, Bytes& out) { EncodeDeltaBitPack(values, Patching::kNone, out); },
     DecodeDeltaBitPack},
    {EncodeDeltaOfDelta, DecodeDeltaOfDelta},
};

TEST(IntegerCodecsTest, ReturnRandomWordsOfEveryWidth) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (const IntegerCodec& codec : kCodecs) {
    for (const size_t count : {0, 1, 2, 3, 127, 128, 129, 130, 1000}) {
      const Values values = RandomValues(count, static_cast<int>(random() % 65), random);
      Bytes bytes;
      codec.encode(values, bytes);
      ByteReader reader(bytes);
      Values decoded(count);
      ASSERT_TRUE(codec.decode(reader, decoded));
      ASSERT_EQ(reader.remaining(), 0u);
      ASSERT_EQ(decoded, values);
    }
  }
}

TEST(IntegerCodecsTest, NoticeEveryTruncation) {
  std::mt19937_64 random(5);
  const Values values = RandomValues(300, 20, random);
  for (const IntegerCodec& codec : kCodecs) {
    Bytes bytes;
    codec.encode(values, bytes);
    for (size_t length = 0; length < bytes.size(); ++length) {
      ByteReader reader(ByteSpan(bytes).first(length));
      Values decoded(values.size());
      ASSERT_FALSE(codec.decode(reader, decoded) && reader.ok()) << "length " << length;
    }
  }
}

TEST(DeltaOfDeltaTest, RegularTimestampsCostAByteForEach128) {
  Values timestamps;
  for (uint64_t i = 0; i < 16384; ++i) timestamps.push_back(1'700'000'000'000 + i * 15'000);
  Bytes bytes;
  EncodeDeltaOfDelta(timestamps, bytes);
  EXPECT_LE(bytes.size(), 16384 / kChunkValues + 10);
}

TEST(IntegerFormatsTest, WriteTheExamplesOfTheFormatDocument) {
  Bytes bytes;
  EncodeDeltaOfDelta(Values{1000, 1015, 1030, 1045, 1061, 1075}, bytes);
  EXPECT_EQ(ToHex(bytes), ToHex(FormatExample("integers.md", "a delta of delta")));
  bytes.clear();
  EncodeForBitPack(Values{7, 9, 8, 7, 10, 7, 7, 1007}, Patching::kAllow, bytes);
  EXPECT_EQ(ToHex(bytes), ToHex(FormatExample("integers.md", "a frame of reference")));
  bytes.clear();
  EncodeDeltaBitPack(Values{100, 107, 113, 120}, Patching::kAllow, bytes);
  EXPECT_EQ(ToHex(bytes), ToHex(FormatExample("integers.md", "a delta")));
}

// Whether a frame of reference of 8 values from 0, three bits of each packed, takes these patches:
// pairs of a position and of the bits above.
bool TakesPatches(const std::vector<std::pair<uint8_t, uint64_t>>& patches) {
  Bytes bytes = {std::byte{0}, std::byte{0x83}, std::byte{1}, std::byte{2}, std::byte{3}};
  ByteWriter writer(bytes);
  writer.Fixed(static_cast<uint8_t>(patches.size()));
  for (const auto& [position, high] : patches) {
    writer.Fixed(position);
    writer.Varint(high);
  }
  Values values(8);
  ByteReader reader(bytes);
  return DecodeForBitPack(reader, values) && reader.ok() && reader.remaining() == 0;
}

TEST(PatchedPackingTest, NoticesPatchesThatNoWriterWrites) {
  EXPECT_TRUE(TakesPatches({{1, 5}, {7, (uint64_t{1} << 61) - 1}}));
  EXPECT_FALSE(TakesPatches({})) << "none";
  EXPECT_FALSE(TakesPatches({{8, 5}})) << "of no value";
  EXPECT_FALSE(TakesPatches({{7, 5}, {1, 5}})) << "in another order";
  EXPECT_FALSE(TakesPatches({{1, 5}, {1, 5}})) << "of one value twice";
  EXPECT_FALSE(TakesPatches({{1, 0}})) << "without a bit";
  EXPECT_FALSE(TakesPatches({{1, uint64_t{1} << 61}})) << "with more bits than there are";
}

TEST(PatchedPackingTest, NoticesPaddingThatIsNotZero) {
  for (const int packed : {0x07, 0x0f}) {  // three values of a bit
    const Bytes bytes = {std::byte{0}, std::byte{1}, static_cast<std::byte>(packed)};
    Values values(3);
    ByteReader reader(bytes);
    EXPECT_EQ(DecodeForBitPack(reader, values), packed == 0x07);
  }
}

}  // namespace
}  // namespace luma::encoding
