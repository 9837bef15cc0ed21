#include "pgwire/array_format.h"

#include <gtest/gtest.h>

#include "pgwire/binary_from_text.h"

namespace luma::pgwire {
namespace {

std::string Hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  for (const char byte : bytes) {
    hex.push_back(kDigits[static_cast<uint8_t>(byte) >> 4]);
    hex.push_back(kDigits[static_cast<uint8_t>(byte) & 15]);
  }
  return hex;
}

std::string ArrayHex(std::string_view text, uint32_t oid) {
  std::string bytes;
  const Status status = AppendArrayBinary(text, ArrayElementOid(oid), bytes);
  return status.ok() ? Hex(bytes) : std::string(status.sqlstate());
}

std::string ValueHex(std::string_view text, uint32_t oid) {
  std::string bytes;
  const Status status = AppendBinaryFromText(text, oid, bytes);
  return status.ok() ? Hex(bytes) : std::string(status.sqlstate());
}

// The layout is that of PostgreSQL's array_send: dimensions, null flag, element type, then size and
// lower bound of each dimension.
TEST(ArrayFormatTest, ArraysHaveTheirDimensionsNullsAndElements) {
  EXPECT_EQ(ArrayHex("{1,2,NULL}", 1007),
            "000000010000000100000017"
            "0000000300000001"
            "0000000400000001"
            "0000000400000002"
            "ffffffff");
  EXPECT_EQ(ArrayHex("{{1,2},{3,4}}", 1005),
            "000000020000000000000015"
            "0000000200000001"
            "0000000200000001"
            "000000020001000000020002000000020003000000020004");
}

TEST(ArrayFormatTest, ArraysWithoutElementsHaveNoDimensions) {
  EXPECT_EQ(ArrayHex("{}", 1007), "000000000000000000000017");
  EXPECT_EQ(ArrayHex("{{},{}}", 1007), "000000000000000000000017");
}

TEST(ArrayFormatTest, QuotedElementsAreTakenLiterally) {
  EXPECT_EQ(ArrayHex(R"({"a,\"}","NULL",""})", 1009),
            "000000010000000000000019"
            "0000000300000001"
            "00000004612c227d"
            "000000044e554c4c"
            "00000000");
}

TEST(ArrayFormatTest, WhatPostgresCannotHoldIsRefused) {
  EXPECT_EQ(ArrayHex("{{1},{2,3}}", 1007), "0A000");
  EXPECT_EQ(ArrayHex("{{1},NULL}", 1007), "0A000");
  EXPECT_EQ(ArrayHex("{NULL,{1}}", 1007), "0A000");
  EXPECT_EQ(ArrayHex("{{},1}", 1007), "0A000");
  EXPECT_EQ(ArrayHex("{{{{{{{1}}}}}}}", 1007), "0A000");
}

TEST(ArrayFormatTest, TornTextsAreErrors) {
  for (const char* text : {"", "{", "{1", "{1,", "{\"a", "{1}}", "{1}x", "1"}) {
    EXPECT_EQ(ArrayHex(text, 1007), "22P03") << text;
  }
}

// PostgreSQL 15's own answers (typsend functions).
TEST(BinaryFromTextTest, ValuesHaveTheFormOfTheirType) {
  EXPECT_EQ(ValueHex("t", 16), "01");
  EXPECT_EQ(ValueHex("\\x00ff", 17), "00ff");
  EXPECT_EQ(ValueHex("-2", 20), "fffffffffffffffe");
  EXPECT_EQ(ValueHex("4294967295", 26), "ffffffff");
  EXPECT_EQ(ValueHex("1.5", 700), "3fc00000");
  EXPECT_EQ(ValueHex("-Infinity", 701), "fff0000000000000");
  EXPECT_EQ(ValueHex("2000-01-02", 1082), "00000001");
  EXPECT_EQ(ValueHex("1999-12-31", 1082), "ffffffff");
  EXPECT_EQ(ValueHex("0001-01-01 (BC)", 1082), "fff4da8b");
  EXPECT_EQ(ValueHex("infinity", 1082), "7fffffff");
  EXPECT_EQ(ValueHex("00:00:01.5", 1083), "000000000016e360");
  EXPECT_EQ(ValueHex("2000-01-01 00:00:01", 1114), "00000000000f4240");
  EXPECT_EQ(ValueHex("2000-01-01 02:00:00+02", 1184), "0000000000000000");
  EXPECT_EQ(ValueHex("-infinity", 1114), "8000000000000000");
  EXPECT_EQ(ValueHex("12:00:00+02:30", 1266), "0000000a0eebb000ffffdcd8");
  EXPECT_EQ(ValueHex("-12345.678", 1700),
            "000300014000000300010929"
            "1a7c");
  EXPECT_EQ(ValueHex("0.00", 1700), "0000000000000002");
  EXPECT_EQ(ValueHex("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 2950),
            "a0eebc999c0b4ef8bb6d6bb9bd380a11");
  EXPECT_EQ(ValueHex("{}", 3802), "017b7d");
}

TEST(BinaryFromTextTest, OtherTextsAreErrors) {
  for (const uint32_t oid :
       {16, 17, 20, 21, 23, 26, 700, 701, 1082, 1083, 1114, 1184, 1266, 1700, 2950}) {
    EXPECT_EQ(ValueHex("nonsense", oid), "22P03") << oid;
    EXPECT_EQ(ValueHex("", oid), "22P03") << oid;
  }
  EXPECT_EQ(ValueHex("32768", 21), "22P03");
  EXPECT_EQ(ValueHex("9999999-01-01 00:00:00", 1114), "22P03");
  EXPECT_EQ(ValueHex("9999999-01-01", 1082), "22P03");
  EXPECT_EQ(ValueHex("99999999:00:00", 1083), "22P03");
}

}  // namespace
}  // namespace luma::pgwire
