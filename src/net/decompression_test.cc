#include "net/decompression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zstd.h>

namespace luma::net {
namespace {

using testing::HasSubstr;

std::string Compressed(ContentCoding coding, const std::string& text) {
  HttpResponse response{.body = text};
  Compress(coding, response);
  EXPECT_EQ(response.headers.size(), 2u) << "it was compressed";
  return response.body;
}

std::string Zeros(size_t bytes) { return std::string(bytes, '0'); }

class DecompressionTest : public testing::TestWithParam<ContentCoding> {
 protected:
  Status Unpack(std::string_view body, const DecompressionLimits& limits = {}) {
    return Decompress(GetParam(), body, limits, out_);
  }
  std::string Pack(const std::string& text) { return Compressed(GetParam(), text); }

  std::string out_;
};

TEST_P(DecompressionTest, GivesBackWhatWasCompressed) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += std::to_string(i) + ",";
  ASSERT_TRUE(Unpack(Pack(text)).ok());
  EXPECT_EQ(out_, text);
  ASSERT_TRUE(Unpack(Pack(text) + Pack(Zeros(2000))).ok()) << "one after another";
  EXPECT_EQ(out_, text + Zeros(2000));
}

TEST_P(DecompressionTest, TheBoundIsExact) {
  const std::string packed = Pack(Zeros(100'000));
  EXPECT_TRUE(Unpack(packed, {.bytes_max = 100'000}).ok());
  EXPECT_EQ(out_.size(), 100'000u);
  EXPECT_EQ(Unpack(packed, {.bytes_max = 99'999}).code(), StatusCode::kTooLarge);
}

TEST_P(DecompressionTest, ABombTakesNoMoreThanItsBound) {
  const std::string bomb = Pack(Zeros(64 << 20));
  EXPECT_LT(bomb.size(), size_t{1} << 20);
  EXPECT_EQ(Unpack(bomb, {.bytes_max = 1 << 20}).code(), StatusCode::kTooLarge);
  EXPECT_LE(out_.capacity(), size_t{4} << 20);
}

TEST_P(DecompressionTest, MemoryIsBookedBeforeItIsTaken) {
  uint64_t booked = 0;
  const BookBytes book = [&](uint64_t bytes) {
    booked += bytes;
    return booked <= (1 << 20) ? Status::Ok() : Status::OutOfMemory("no more");
  };
  const Status status = Unpack(Pack(Zeros(8 << 20)), {.book = book});
  EXPECT_EQ(status.code(), StatusCode::kOutOfMemory);
  EXPECT_LE(out_.size(), size_t{1} << 20);
}

TEST_P(DecompressionTest, BytesThatAreNoContentAreErrors) {
  const std::string packed = Pack(Zeros(5000));
  for (size_t cut = 0; cut < packed.size(); ++cut) {
    EXPECT_EQ(Unpack(packed.substr(0, cut)).code(), StatusCode::kInvalidArgument) << cut;
  }
  EXPECT_EQ(Unpack("plain text, not compressed").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(Unpack(packed + "garbage").code(), StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(Codings, DecompressionTest,
                         testing::Values(ContentCoding::kGzip, ContentCoding::kZstd),
                         [](const auto& coding) {
                           return coding.param == ContentCoding::kGzip ? "gzip" : "zstd";
                         });

TEST(DecompressionTest, LargeWindowsOfZstdAreRefused) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 25);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0);
  const std::string text = Zeros(40 << 20);
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  const size_t bytes =
      ZSTD_compress2(context, packed.data(), packed.size(), text.data(), text.size());
  ZSTD_freeCCtx(context);
  ASSERT_EQ(ZSTD_isError(bytes), 0u);
  packed.resize(bytes);
  std::string out;
  const Status status =
      Decompress(ContentCoding::kZstd, packed, {.bytes_max = 64 << 20, .book = nullptr}, out);
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(status.message()), HasSubstr("too much memory"));
}

}  // namespace
}  // namespace luma::net
