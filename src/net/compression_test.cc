#include "net/compression.h"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <string>

namespace luma::net {
namespace {

std::string Inflated(const std::string& gzip, size_t bytes) {
  std::string out(bytes, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(gzip.data()));
  stream.avail_in = static_cast<uInt>(gzip.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  inflateEnd(&stream);
  return out;
}

HttpResponse Answer(const std::string& accept, const std::string& body,
                    std::vector<HttpHeader> headers = {}) {
  HttpResponse answer;
  const HttpHandler handler = WithCompression([&](const HttpRequest&, const Responder& responder) {
    responder.Send({.body = body, .headers = headers});
  });
  HttpRequest request;
  request.headers = {{"Accept-Encoding", accept}};
  handler(std::move(request),
          Responder([&answer](HttpResponse response) { answer = std::move(response); }));
  return answer;
}

TEST(CompressionTest, TheClientsPreferenceDecides) {
  EXPECT_EQ(ChooseCoding(""), ContentCoding::kIdentity);
  EXPECT_EQ(ChooseCoding("identity, br"), ContentCoding::kIdentity);
  EXPECT_EQ(ChooseCoding("gzip"), ContentCoding::kGzip);
  EXPECT_EQ(ChooseCoding("br, GZIP;q=0.5 , zstd ;q=0.2"), ContentCoding::kGzip);
  EXPECT_EQ(ChooseCoding("gzip, zstd"), ContentCoding::kZstd);
  EXPECT_EQ(ChooseCoding("gzip;q=0, zstd;q=0"), ContentCoding::kIdentity);
  EXPECT_EQ(ChooseCoding(",;q=,gzip;q=x"), ContentCoding::kGzip);
}

TEST(CompressionTest, LongBodiesAreCompressed) {
  const std::string body(10'000, 'x');
  const HttpResponse gzip = Answer("gzip", body);
  EXPECT_LT(gzip.body.size(), 200u);
  ASSERT_EQ(gzip.headers.size(), 2u);
  EXPECT_EQ(gzip.headers[0].value, "gzip");
  EXPECT_EQ(Inflated(gzip.body, body.size()), body);
  const HttpResponse zstd = Answer("zstd", body);
  std::string out(body.size(), '\0');
  EXPECT_EQ(ZSTD_decompress(out.data(), out.size(), zstd.body.data(), zstd.body.size()),
            body.size());
  EXPECT_EQ(out, body);
}

TEST(CompressionTest, WhatDoesNotPayStaysAsItIs) {
  EXPECT_EQ(Answer("gzip", "short").body, "short");
  const std::string body(10'000, 'x');
  EXPECT_EQ(Answer("br", body).body, body);
  const HttpResponse coded = Answer("gzip", body, {{"content-encoding", "snappy"}});
  EXPECT_EQ(coded.body, body);
  EXPECT_EQ(coded.headers.size(), 1u);
  std::string noise;
  for (uint64_t i = 0, state = 1; i < 4'000; ++i) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    noise.push_back(static_cast<char>(state >> 56));
  }
  EXPECT_EQ(Answer("gzip", noise).body, noise);
  EXPECT_EQ(Answer("zstd", noise).body, noise);
}

TEST(CompressionTest, ARequestThatNobodyAnswersGetsA500) {
  int status = 0;
  HttpRequest request;
  request.headers = {{"Accept-Encoding", "gzip"}};
  WithCompression([](const HttpRequest&, const Responder&) {})(
      std::move(request),
      Responder([&status](const HttpResponse& response) { status = response.status; }));
  EXPECT_EQ(status, 500);
}

}  // namespace
}  // namespace luma::net
