#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

#include "base/bytes.h"
#include "base/crc32c.h"
#include "base/failpoint.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status.h"

namespace luma {
namespace {

TEST(StatusTest, CarriesCodeMessageSqlStateAndPosition) {
  const Status status = Status::NotFound("no table: name=", "t", " tried=", 3);
  EXPECT_EQ(status.ToString(), "kNotFound: no table: name=t tried=3");
  EXPECT_EQ(status.sqlstate(), "42704");
  const Status changed = status.WithSqlState("42P01").WithSqlPosition(7).WithContext("select");
  EXPECT_EQ(changed.sqlstate(), "42P01");
  EXPECT_EQ(changed.sql_position(), 7);
  EXPECT_EQ(changed.message(), "select: no table: name=t tried=3");
  EXPECT_TRUE(Status::Ok().WithSqlState("42P01").ok());
}

Result<int> Half(int value) {
  if (value % 2 != 0) return Status::InvalidArgument("odd: value=", value);
  return value / 2;
}
Result<int> Quarter(int value) {
  LUMA_ASSIGN_OR_RETURN(const int half, Half(value));
  return Half(half);
}

TEST(StatusTest, AssignOrReturnStopsAtTheFirstError) {
  EXPECT_EQ(Quarter(8).value(), 2);
  EXPECT_EQ(Quarter(6).status().message(), "odd: value=3");
}

TEST(ResultTest, TheValueOfATemporaryOutlivesIt) {
  const auto words = [] { return Result<std::vector<std::string>>({"a", "b"}); };
  std::string joined;
  for (const std::string& word : *words()) joined += word;  // a reference would dangle here
  EXPECT_EQ(joined, "ab");
  static_assert(!std::is_reference_v<decltype(*words())>);
  static_assert(!std::is_reference_v<decltype(words().value())>);
}

TEST(BytesTest, ReaderReturnsWhatWriterWrote) {
  Bytes bytes;
  ByteWriter writer(bytes);
  writer.Fixed<uint32_t>(0xdeadbeef);
  writer.Varint(300);
  writer.Varint(UINT64_MAX);
  writer.SignedVarint(INT64_MIN);
  writer.LengthPrefixed("text");
  ByteReader reader(bytes);
  EXPECT_EQ(reader.Fixed<uint32_t>(), 0xdeadbeef);
  EXPECT_EQ(reader.Varint(), 300u);
  EXPECT_EQ(reader.Varint(), UINT64_MAX);
  EXPECT_EQ(reader.SignedVarint(), INT64_MIN);
  EXPECT_EQ(reader.LengthPrefixed(), "text");
  EXPECT_TRUE(reader.ok());
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(BytesTest, ReaderFailsPastTheEndAndStaysFailed) {
  const Bytes bytes = {std::byte{0x05}, std::byte{'a'}};
  ByteReader reader(bytes);
  EXPECT_EQ(reader.LengthPrefixed(), "");
  EXPECT_FALSE(reader.ok());
  EXPECT_EQ(reader.Fixed<uint8_t>(), 0);
  EXPECT_EQ(reader.remaining(), 0u);
}

TEST(Crc32cTest, MatchesTheVectorsOfRfc3720) {
  EXPECT_EQ(Crc32c(AsBytes("123456789")), 0xe3069283u);
  EXPECT_EQ(Crc32c(Bytes(32)), 0x8a9136aau);
  EXPECT_EQ(Crc32c(Bytes(32, std::byte{0xff})), 0x62a8ab43u);
  EXPECT_EQ(Crc32c(AsBytes("6789"), Crc32c(AsBytes("12345"))), 0xe3069283u);
}

Status PassThrough(std::string_view name) {
  LUMA_FAILPOINT(name);
  return Status::Ok();
}

TEST(FailpointTest, FailsAtTheNthHitOnly) {
  ASSERT_TRUE(failpoint::Arm("flush.rename:2:error").ok());
  EXPECT_TRUE(PassThrough("flush.rename").ok());
  EXPECT_EQ(PassThrough("flush.rename").code(), StatusCode::kIoError);
  EXPECT_TRUE(PassThrough("flush.rename").ok());
  ASSERT_TRUE(failpoint::Arm("").ok());
  EXPECT_EQ(failpoint::Arm("flush.rename:x").code(), StatusCode::kInvalidArgument);
}

TEST(FailpointTest, CrashLeavesTheProcess) {
  EXPECT_EXIT(
      {
        static_cast<void>(failpoint::Arm("wal.sync:1"));
        static_cast<void>(PassThrough("wal.sync"));
      },
      testing::ExitedWithCode(86), "");
}

}  // namespace
}  // namespace luma
