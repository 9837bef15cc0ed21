#include "pgwire/value_format.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "pgwire/datetime_text.h"
#include "pgwire/float_text.h"

namespace luma::pgwire {
namespace {

using sql::ValueKind;

// Texts and bytes are what PostgreSQL 15.20 answers for the same values (TimeZone UTC).
struct Golden {
  ValueKind kind;
  std::string value;  // as it lies in a column
  std::string text;
  std::string binary_hex;
  uint8_t scale = 0;
};

template <typename T>
std::string Raw(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

std::string Decimal(std::string_view digits) {
  __extension__ using Wide = __int128;
  const bool negative = digits.starts_with('-');
  Wide value = 0;
  for (const char c : digits.substr(negative ? 1 : 0)) value = value * 10 + (c - '0');
  if (negative) value = -value;
  return Raw(Int128{static_cast<uint64_t>(value), static_cast<int64_t>(value >> 64)});
}

// From PostgreSQL's counts, which start at 2000-01-01.
std::string Date(int32_t days) { return Raw(days + kPostgresEpochDays); }
std::string Timestamp(uint64_t micros) {
  return Raw(static_cast<int64_t>(micros) + kPostgresEpochMicros);
}
std::string Interval(int32_t months, int32_t days, int64_t micros) {
  return Raw(IntervalValue{months, days, micros});
}
std::string Text(std::string_view text) { return Raw(StringRef(text)); }

constexpr int64_t kHour = 3'600'000'000;

const std::vector<Golden>& Goldens() {
  static const std::vector<Golden> goldens = {
      {ValueKind::kBool, Raw(uint8_t{1}), "t", "01"},
      {ValueKind::kBool, Raw(uint8_t{0}), "f", "00"},
      {ValueKind::kInt16, Raw(int16_t{-2}), "-2", "fffe"},
      {ValueKind::kInt32, Raw(int32_t{INT32_MAX}), "2147483647", "7fffffff"},
      {ValueKind::kInt64, Raw(int64_t{INT64_MIN}), "-9223372036854775808", "8000000000000000"},
      {ValueKind::kFloat64, Raw(0.0), "0", "0000000000000000"},
      {ValueKind::kFloat64, Raw(1e15), "1e+15", "430c6bf526340000"},
      {ValueKind::kFloat64, Raw(1e14), "100000000000000", "42d6bcc41e900000"},
      {ValueKind::kFloat64, Raw(123456789012345678.0), "1.2345678901234568e+17",
       "437b69b4ba630f35"},
      {ValueKind::kFloat64, Raw(0.0001), "0.0001", "3f1a36e2eb1c432d"},
      {ValueKind::kFloat64, Raw(0.00001), "1e-05", "3ee4f8b588e368f1"},
      {ValueKind::kFloat64, Raw(1.5), "1.5", "3ff8000000000000"},
      {ValueKind::kFloat64, Raw(-0.1), "-0.1", "bfb999999999999a"},
      {ValueKind::kFloat64, Raw(-0.0), "-0", "8000000000000000"},
      {ValueKind::kFloat64, std::string("\0\0\0\0\0\0\xf8\x7f", 8), "NaN", "7ff8000000000000"},
      {ValueKind::kFloat64, Raw(-1.0 / 0.0), "-Infinity", "fff0000000000000"},
      {ValueKind::kFloat64, Raw(5e-324), "5e-324", "0000000000000001"},
      {ValueKind::kFloat64, Raw(1.7976931348623157e308), "1.7976931348623157e+308",
       "7fefffffffffffff"},
      {ValueKind::kFloat64, Raw(100.0), "100", "4059000000000000"},
      {ValueKind::kFloat64, Raw(123456.789), "123456.789", "40fe240c9fbe76c9"},
      {ValueKind::kFloat64, Raw(1e22), "1e+22", "4480f0cf064dd592"},
      {ValueKind::kFloat32, Raw(1000000.0f), "1e+06", "49742400"},
      {ValueKind::kFloat32, Raw(123456.0f), "123456", "47f12000"},
      {ValueKind::kFloat32, Raw(1234567.0f), "1.234567e+06", "4996b438"},
      {ValueKind::kFloat32, Raw(0.1f), "0.1", "3dcccccd"},
      {ValueKind::kFloat32, Raw(3.4028235e38f), "3.4028235e+38", "7f7fffff"},
      {ValueKind::kFloat32, Raw(1e-5f), "1e-05", "3727c5ac"},
      {ValueKind::kDecimal, Decimal("0"), "0.00", "0000000000000002", 2},
      {ValueKind::kDecimal, Decimal("150"), "1.50", "000200000000000200011388", 2},
      {ValueKind::kDecimal, Decimal("-12345678"), "-1234.5678", "000200004000000404d2162e", 4},
      {ValueKind::kDecimal, Decimal("10000"), "10000", "00010001000000000001"},
      {ValueKind::kDecimal, Decimal("999999990001"), "99999999.0001",
       "0003000100000004270f270f0001", 4},
      {ValueKind::kDecimal, Decimal("1"), "0.00001", "0001fffe0000000503e8", 5},
      {ValueKind::kDecimal, Decimal("12345678901234567890123456789012345678"),
       "12345678901234567890123456789012345678",
       "000a000900000000000c0d801ed204d2162e23340d801ed204d2162e"},
      {ValueKind::kDecimal, Decimal("-500"), "-0.500", "0001ffff400000031388", 3},
      {ValueKind::kDecimal, Decimal("1000000000000"), "100000000.0000", "00010002000000040001", 4},
      {ValueKind::kDate, Date(0), "2000-01-01", "00000000"},
      {ValueKind::kDate, Date(-1), "1999-12-31", "ffffffff"},
      {ValueKind::kDate, Date(static_cast<int32_t>(0xfff49d7b)), "0044-03-15 BC", "fff49d7b"},
      {ValueKind::kDate, Date(0x002c95d4), "10000-01-01", "002c95d4"},
      {ValueKind::kDate, Date(static_cast<int32_t>(0xfff4dbf9)), "0001-01-01", "fff4dbf9"},
      {ValueKind::kDate, Date(static_cast<int32_t>(0xfff4dbf8)), "0001-12-31 BC", "fff4dbf8"},
      {ValueKind::kDate, Date(0x2279), "2024-02-29", "00002279"},
      {ValueKind::kDate, Raw(int32_t{INT32_MAX}), "infinity", "7fffffff"},
      {ValueKind::kDate, Raw(int32_t{-INT32_MAX}), "-infinity", "80000000"},
      {ValueKind::kTime, Raw(int64_t{0}), "00:00:00", "0000000000000000"},
      {ValueKind::kTime, Raw(24 * kHour), "24:00:00", "000000141dd76000"},
      {ValueKind::kTime, Raw(int64_t{0x0000000a8be62608}), "12:34:56.789", "0000000a8be62608"},
      {ValueKind::kTime, Raw(int64_t{0x000000141dc81dc1}), "23:59:59.000001", "000000141dc81dc1"},
      {ValueKind::kTimestamp, Timestamp(0x0002b583416e1d20), "2024-02-29 12:34:56.5",
       "0002b583416e1d20"},
      {ValueKind::kTimestamp, Timestamp(0xfffca2fec4c81fff), "1969-12-31 23:59:59.999999",
       "fffca2fec4c81fff"},
      {ValueKind::kTimestamp, Timestamp(0xff1af9dfca4398c0), "0044-03-15 01:02:03 BC",
       "ff1af9dfca4398c0"},
      {ValueKind::kTimestamp, Timestamp(0x0487daf95414a000), "12345-06-07 00:00:00",
       "0487daf95414a000"},
      {ValueKind::kTimestamp, Raw(int64_t{INT64_MAX}), "infinity", "7fffffffffffffff"},
      {ValueKind::kTimestamp, Raw(int64_t{-INT64_MAX}), "-infinity", "8000000000000000"},
      {ValueKind::kTimestampTz, Timestamp(0x0002bcd19bb5f000), "2024-06-01 12:00:00+00",
       "0002bcd19bb5f000"},
      {ValueKind::kTimestampTz, Timestamp(0xff1fc63d1bb4f090), "0001-01-01 00:00:00.25+00 BC",
       "ff1fc63d1bb4f090"},
      {ValueKind::kTimestampTz, Raw(int64_t{INT64_MAX}), "infinity", "7fffffffffffffff"},
      {ValueKind::kInterval, Interval(0, 0, 0), "00:00:00", "00000000000000000000000000000000"},
      {ValueKind::kInterval, Interval(14, 3, 0x036c97ca88), "1 year 2 mons 3 days 04:05:06.789",
       "000000036c97ca88000000030000000e"},
      {ValueKind::kInterval, Interval(-12, 0, 0), "-1 years", "000000000000000000000000fffffff4"},
      {ValueKind::kInterval, Interval(-1, 3, 0), "-1 mons +3 days",
       "000000000000000000000003ffffffff"},
      {ValueKind::kInterval, Interval(0, -3, 4 * kHour), "-3 days +04:00:00",
       "000000035a4e9000fffffffd00000000"},
      {ValueKind::kInterval, Interval(0, 1, -1'000'000), "1 day -00:00:01",
       "fffffffffff0bdc00000000100000000"},
      {ValueKind::kInterval, Interval(25, 0, 0), "2 years 1 mon",
       "00000000000000000000000000000019"},
      {ValueKind::kInterval, Interval(0, 0, -500'000), "-00:00:00.5",
       "fffffffffff85ee00000000000000000"},
      {ValueKind::kInterval, Interval(0, 0, 100 * kHour), "100:00:00",
       "00000053d1ac10000000000000000000"},
      {ValueKind::kInterval, Interval(0, -1, 0), "-1 days", "0000000000000000ffffffff00000000"},
      {ValueKind::kUuid, Raw(Int128{0xbb6d6bb9bd380a11, 0x20eebc999c0b4ef8}),
       "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"},
      {ValueKind::kBlob, Text(std::string_view("\x00\xff\x10", 3)), "\\x00ff10", "00ff10"},
      {ValueKind::kText, Text("abc"), "abc", "616263"},
  };
  return goldens;
}

int16_t LengthOf(ValueKind kind) {
  if (kind == ValueKind::kInt16) return 2;
  return kind == ValueKind::kInt32 ? int16_t{4} : int16_t{8};
}

std::string Hex(std::string_view bytes) {
  std::string hex;
  for (const char byte : bytes) {
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(byte) >> 4]);
    hex.push_back("0123456789abcdef"[static_cast<uint8_t>(byte) & 15]);
  }
  return hex;
}

struct Cell {
  sql::ResultColumn column;
  std::vector<uint64_t> aligned = {0, 0};
  ColumnSpan span;
};

Cell CellOf(const Golden& golden) {
  Cell cell;
  cell.column.kind = golden.kind;
  cell.column.decimal_scale = golden.scale;
  cell.column.type_length = LengthOf(golden.kind);
  std::memcpy(cell.aligned.data(), golden.value.data(), golden.value.size());
  cell.span.count = 1;
  cell.span.values = reinterpret_cast<const std::byte*>(cell.aligned.data());
  return cell;
}

TEST(ValueFormatTest, TextIsThatOfPostgres) {
  for (const Golden& golden : Goldens()) {
    const Cell cell = CellOf(golden);
    std::string text;
    AppendTextValue(cell.column, cell.span, 0, FormatSettings(), text);
    EXPECT_EQ(text, golden.text);
  }
}

TEST(ValueFormatTest, BinaryIsThatOfPostgres) {
  for (const Golden& golden : Goldens()) {
    const Cell cell = CellOf(golden);
    std::string binary;
    EXPECT_TRUE(AppendBinaryValue(cell.column, cell.span, 0, binary).ok());
    EXPECT_EQ(Hex(binary), golden.binary_hex) << golden.text;
  }
}

TEST(ValueFormatTest, ExtraFloatDigitsZeroRoundsToFifteenDigits) {
  std::string text;
  AppendFloat8(0.1 + 0.2, 0, text);
  text += " ";
  AppendFloat8(0.1 + 0.2, 1, text);
  text += " ";
  AppendFloat4(0.1f, -3, text);
  EXPECT_EQ(text, "0.3 0.30000000000000004 0.1");
}

TEST(ValueFormatTest, BinaryOfARenderedTypeIsRefusedUnlessItIsKnown) {
  sql::ResultColumn column;
  column.kind = ValueKind::kRendered;
  column.type_oid = 1007;  // int4[]
  EXPECT_TRUE(CheckBinaryFormat(column).ok());
  column.type_oid = 1560;  // bit
  EXPECT_EQ(CheckBinaryFormat(column).code(), StatusCode::kUnsupported);
  column.type_oid = 114;  // json
  EXPECT_TRUE(CheckBinaryFormat(column).ok());
  column.type_oid = 3802;  // jsonb
  EXPECT_TRUE(CheckBinaryFormat(column).ok());
}

TEST(ValueFormatTest, BinaryJsonbHasItsVersion) {
  Golden golden{ValueKind::kRendered, Text("{}"), "{}", "017b7d"};
  Cell cell = CellOf(golden);
  cell.column.type_oid = 3802;
  std::string binary;
  EXPECT_TRUE(AppendBinaryValue(cell.column, cell.span, 0, binary).ok());
  EXPECT_EQ(Hex(binary), golden.binary_hex);
}

TEST(ValueFormatTest, OidIsFourBytesAlthoughItIsKeptInEight) {
  Golden golden{ValueKind::kInt64, Raw(int64_t{16384}), "16384", "00004000"};
  Cell cell = CellOf(golden);
  cell.column.type_length = 4;
  std::string binary;
  EXPECT_TRUE(AppendBinaryValue(cell.column, cell.span, 0, binary).ok());
  EXPECT_EQ(Hex(binary), golden.binary_hex);
}

TEST(TimeZoneTest, OffsetsFollowTheTransitions) {
  const Result<TimeZone> berlin = TimeZone::Load("Europe/Berlin");
  ASSERT_TRUE(berlin.ok()) << berlin.status();
  constexpr int64_t kMicros = 1'000'000;
  EXPECT_EQ(berlin->OffsetSecondsAt(1717200000 * kMicros), 7200);  // 2024-06-01
  EXPECT_EQ(berlin->OffsetSecondsAt(1704067200 * kMicros), 3600);  // 2024-01-01
  EXPECT_EQ(berlin->OffsetSecondsAt(1711846799 * kMicros), 3600);  // one second before the change
  EXPECT_EQ(berlin->OffsetSecondsAt(1711846800 * kMicros), 7200);
}

TEST(TimeZoneTest, NamesCannotLeaveTheFolder) {
  for (const char* name :
       {"../../../etc/passwd", "/etc/passwd", "", "Europe/../Europe/Berlin", "a b"}) {
    EXPECT_EQ(TimeZone::Load(name).status().code(), StatusCode::kInvalidArgument) << name;
  }
}

TEST(TimeZoneTest, TornFilesAreErrors) {
  EXPECT_FALSE(TimeZone::Decode("").ok());
  EXPECT_FALSE(TimeZone::Decode("TZif2").ok());
  EXPECT_FALSE(TimeZone::Decode(std::string("TZif") + std::string(40, '\xff')).ok());
}

}  // namespace
}  // namespace luma::pgwire
