#include "encoding/fsst.h"

#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>
#include <vector>

#include "encoding/block.h"
#include "encoding/for_bit_pack.h"
#include "encoding/fsst_training.h"
#include "encoding/testing/format_example.h"
#include "encoding/testing/random_column.h"
#include "encoding/testing/test_seed.h"

namespace luma::encoding {
namespace {

using testing::FormatExample;
using testing::OwnedColumn;
using testing::TestSeed;
using testing::ToHex;
using Texts = std::vector<std::string>;

std::vector<StringRef> References(const Texts& texts) {
  return std::vector<StringRef>(texts.begin(), texts.end());
}

Bytes Encoded(const Texts& texts) {
  const std::vector<StringRef> strings = References(texts);
  Bytes bytes;
  EncodeFsst(strings, TrainSymbols(SampleStrings(strings)), bytes);
  return bytes;
}

// Nothing if the bytes are no such payload.
std::optional<Texts> Decoded(ByteSpan bytes, size_t count) {
  ByteReader reader(bytes);
  std::vector<StringRef> strings(count);
  AlignedBuffer heap;
  if (!DecodeFsst(reader, strings, heap) || reader.remaining() != 0) return std::nullopt;
  Texts texts;
  for (const StringRef& text : strings) texts.emplace_back(text.view());
  return texts;
}

std::string Hex(uint64_t word) {
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(word));
  return text;
}

Texts Urls(size_t count) {
  std::mt19937_64 random(1);
  static constexpr const char* kPages[] = {"items", "users", "search?q=", "orders/latest", ""};
  Texts urls;
  for (size_t i = 0; i < count; ++i) {
    urls.push_back("https://www.example.com/" + std::string(kPages[random() % 5]) + "/" +
                   std::to_string(random() % 100000));
  }
  return urls;
}

Texts TraceIds(size_t count) {
  std::mt19937_64 random(2);
  Texts ids;
  for (size_t i = 0; i < count; ++i) ids.push_back(Hex(random()) + Hex(random()));
  return ids;
}

SymbolTable TableOf(const Texts& symbols) {
  SymbolTable table;
  for (const std::string& symbol : symbols) {
    table.Add({LoadTextWord(symbol.data(), symbol.size()), static_cast<uint8_t>(symbol.size())});
  }
  return table;
}

int LongestOf(const SymbolTable& table, std::string_view text) {
  return table.Longest(LoadTextWord(text.data(), text.size()), text.size()).code;
}

TEST(SymbolTableTest, FindsTheLongestSymbolThatTheTextHasRoomFor) {
  const SymbolTable table = TableOf({"h", "ht", "http://w", std::string("a\0", 2)});
  EXPECT_EQ(LongestOf(table, "http://w"), 2);
  EXPECT_EQ(LongestOf(table, "http://"), 1);
  EXPECT_EQ(LongestOf(table, "h"), 0);
  EXPECT_EQ(LongestOf(table, "he"), 0);
  EXPECT_EQ(LongestOf(table, "a"), kEscapeCode);  // what lies behind the text is no zero byte of it
  EXPECT_EQ(LongestOf(table, "x"), kEscapeCode);
}

TEST(SymbolTableTest, TakesNoSymbolTwiceAndAtMost255) {
  SymbolTable table = TableOf({"a", "ab", "abc"});
  for (const Symbol& symbol : table.symbols()) EXPECT_FALSE(SymbolTable(table).Add(symbol));
  for (uint64_t byte = 0; byte < 256; ++byte) {
    for (uint64_t second = 0; second < 256; ++second) table.Add({byte | (second << 8), 2});
  }
  EXPECT_EQ(table.symbols().size(), kSymbolCountMax);
}

TEST(FsstTest, ReturnsRandomTextsOfEveryKind) {
  const uint64_t seed = TestSeed();
  LUMA_TRACE_SEED(seed);
  std::mt19937_64 random(seed);
  for (int round = 0; round < 200; ++round) {
    const uint64_t letters = 1 + random() % 256;
    const size_t longest = size_t{1} << (random() % 12);
    Texts texts(random() % 100);
    for (std::string& text : texts) {
      text.resize(random() % longest);
      for (char& letter : text) letter = static_cast<char>(random() % letters);
    }
    ASSERT_EQ(Decoded(Encoded(texts), texts.size()), texts);
  }
}

TEST(FsstTest, UrlsTakeLessThanHalfAndHexDigitsLittleMoreThanHalf) {
  size_t plain = 0;
  for (const std::string& url : Urls(2000)) plain += url.size();
  EXPECT_LT(Encoded(Urls(2000)).size(), plain * 2 / 5);
  EXPECT_LT(Encoded(TraceIds(2000)).size(), size_t{2000} * 32 * 3 / 5);
}

// Goal: codes of a string mean the same without those of its neighbours. Method: cut them out and
// put them into a payload of one string, with the same symbols.
TEST(FsstTest, AStringCanBeDecodedAlone) {
  const Texts texts = {"http://a.com/", "", "http://b.com/", "x"};
  const std::vector<StringRef> strings = References(texts);
  const SymbolTable table = TrainSymbols(SampleStrings(strings));
  for (const StringRef& text : strings) {
    Bytes alone;
    EncodeFsst({&text, 1}, table, alone);
    EXPECT_EQ(Decoded(alone, 1), Texts{std::string(text.view())});
  }
}

// One symbol, "ab", then what the arguments say.
Bytes Payload(uint64_t bytes, const std::vector<uint64_t>& sizes, const std::vector<int>& codes) {
  Bytes payload;
  ByteWriter writer(payload);
  for (const int count : {0, 1, 0, 0, 0, 0, 0, 0}) writer.Fixed(static_cast<uint8_t>(count));
  writer.Raw(AsBytes("ab"));
  writer.Varint(bytes);
  EncodeForBitPack(sizes, Patching::kAllow, payload);
  for (const int code : codes) writer.Fixed(static_cast<uint8_t>(code));
  return payload;
}

TEST(FsstTest, NoticesCodesThatNoWriterWrites) {
  EXPECT_EQ(Decoded(Payload(9, {1, 5}, {0, 0, 0, 255, 'x', 0}), 2), (Texts{"ab", "ababxab"}));
  EXPECT_FALSE(Decoded(Payload(2, {1}, {1}), 1)) << "a code without symbol";
  EXPECT_FALSE(Decoded(Payload(8, {4}, {0, 1, 0, 0}), 1)) << "among others";
  EXPECT_FALSE(Decoded(Payload(3, {2, 1}, {0, 255, 'x'}), 2)) << "an escape that ends a string";
  EXPECT_FALSE(Decoded(Payload(3, {1}, {0}), 1)) << "fewer bytes than declared";
  EXPECT_FALSE(Decoded(Payload(1, {1}, {0}), 1)) << "more bytes than declared";
  EXPECT_FALSE(Decoded(Payload(2, {1}, {0, 0}), 1)) << "codes left over";
  EXPECT_FALSE(Decoded(Payload(4, {3}, {0, 0}), 1)) << "codes missing";
  EXPECT_FALSE(Decoded(Payload(uint64_t{1} << 50, {2}, {0, 0}), 1)) << "more than codes can make";
}

TEST(FsstTest, NoticesMoreSymbolsThanCodes) {
  Bytes payload(8, std::byte{200});
  payload.resize(8 + 200 * 36, std::byte{'a'});
  EXPECT_FALSE(Decoded(payload, 1));
}

CodecId CodecOf(const Texts& texts, const EncodeOptions& options) {
  const auto column = OwnedColumn::OfStrings(texts);
  const Bytes bytes = EncodeBlock(column.span(), options);
  const auto block = DecodeBlock(PhysicalType::kBytes, column.span().count, bytes);
  AlignedBuffer scratch;
  EXPECT_TRUE(block.ok() && testing::SameRows(column.span(), block->Flatten(scratch)));
  return DescribeBlock(bytes)->codec;
}

TEST(FsstChoiceTest, TakesFsstWhereTheSlowerSecondPassWouldNotSaveAnEighth) {
  EXPECT_EQ(CodecOf(Urls(5000), {}), CodecId::kFsst);
  EXPECT_EQ(CodecOf(TraceIds(5000), {.second_pass_zstd = true}), CodecId::kFsst);
  // Lines that differ little: zstd makes a twentieth of them.
  Texts lines;
  for (int i = 0; i < 5000; ++i) {
    lines.push_back("level=info msg=\"a request was served as usual\" n=" + std::to_string(i));
  }
  EXPECT_EQ(CodecOf(lines, {.second_pass_zstd = true}), CodecId::kPlain);
}

// Goal: beside zstd too, FSST has to save an eighth of the plain strings. Method: letters that are
// whole codes of FSST and seven bits of zstd, and something for FSST to find.
TEST(FsstChoiceTest, SavingLessThanAnEighthIsNotWorthItBesideZstdEither) {
  std::mt19937_64 random(4);
  Texts texts(5000, std::string(160, '\0'));
  for (std::string& text : texts) {
    for (char& letter : text) letter = static_cast<char>(random() % 126);
    text += "constant";
  }
  EXPECT_EQ(CodecOf(texts, {}), CodecId::kPlain);
  EXPECT_EQ(CodecOf(texts, {.second_pass_zstd = true}), CodecId::kPlain);
}

TEST(FsstChoiceTest, LeavesNoiseAndShortBlocksPlain) {
  std::mt19937_64 random(3);
  Texts noise(5000, std::string(20, '\0'));
  for (std::string& text : noise) {
    for (char& letter : text) letter = static_cast<char>(random());
  }
  EXPECT_EQ(CodecOf(noise, {}), CodecId::kPlain);
  EXPECT_EQ(CodecOf(Urls(10), {}), CodecId::kPlain);
}

TEST(FsstChoiceTest, DictionariesOfManyStringsKeepThemAsFsst) {
  Texts twice = Urls(3000);
  twice.insert(twice.end(), twice.begin(), twice.end());
  EXPECT_EQ(CodecOf(twice, {}), CodecId::kFsstDictionary);
  EXPECT_EQ(CodecOf(Texts(5000, "GET"), {}), CodecId::kConstant);
}

TEST(FsstFormatTest, AndASecondPassIsCorrupt) {
  const Texts texts = Urls(100);
  const auto column = OwnedColumn::OfStrings(texts);
  Bytes bytes = EncodeBlock(column.span(), {.force = CodecId::kFsst});
  bytes[1] = std::byte{0x02};
  EXPECT_EQ(DecodeBlock(PhysicalType::kBytes, 100, bytes).status().code(), StatusCode::kCorruption);
}

TEST(FsstFormatTest, WritesTheExamplesOfTheFormatDocument) {
  const Texts texts = {"http://a.com/", "http://b.com/", "http://a.com/", "ftp"};
  EXPECT_EQ(ToHex(Encoded(texts)), ToHex(FormatExample("fsst.md", "FSST strings")));
}

}  // namespace
}  // namespace luma::encoding
