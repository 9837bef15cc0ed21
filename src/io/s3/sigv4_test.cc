// The vectors that AWS publishes: its "Signature Version 4 test suite" (service "service") and the
// examples in the S3 API reference, "Signature Calculations for the Authorization Header".
#include "io/s3/sigv4.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::io {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

const S3Credentials kSuiteCredentials{.access_key = "AKIDEXAMPLE",
                                      .secret_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                                      .session_token = ""};
const S3Credentials kS3Credentials{.access_key = "AKIAIOSFODNN7EXAMPLE",
                                   .secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                                   .session_token = ""};
constexpr char kS3Date[] = "20130524T000000Z";

TEST(SigV4Test, SignsTheTestSuitesVanillaRequests) {
  const std::vector<NameValue> headers = {{"Host", "example.amazonaws.com"},
                                          {"X-Amz-Date", "20150830T123600Z"}};
  const auto sign = [&](std::string_view query) {
    return Authorization({.method = "GET",
                          .path = "/",
                          .query = query,
                          .headers = headers,
                          .payload_sha256 = Sha256Hex({}),
                          .amz_date = "20150830T123600Z"},
                         {.region = "us-east-1", .service = "service"}, kSuiteCredentials);
  };
  EXPECT_EQ(sign(""),
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            "SignedHeaders=host;x-amz-date, "
            "Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
  EXPECT_THAT(sign(CanonicalQuery({{"Param2", "value2"}, {"Param1", "value1"}})),
              EndsWith("b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"));
}

// Signs a request of the S3 reference's examples.
std::string SignS3(std::string_view method, std::string_view path, std::string_view query,
                   std::vector<NameValue> headers, std::string_view payload) {
  const std::string hash = Sha256Hex(AsBytes(payload));
  headers.insert(headers.end(), {{"Host", "examplebucket.s3.amazonaws.com"},
                                 {"x-amz-content-sha256", hash},
                                 {"x-amz-date", kS3Date}});
  return Authorization({.method = method,
                        .path = path,
                        .query = query,
                        .headers = headers,
                        .payload_sha256 = hash,
                        .amz_date = kS3Date},
                       {.region = "us-east-1"}, kS3Credentials);
}

TEST(SigV4Test, SignsTheExamplesOfTheS3Reference) {
  EXPECT_THAT(SignS3("GET", "/test.txt", "", {{"Range", "bytes=0-9"}}, ""),
              EndsWith("f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
  EXPECT_THAT(SignS3("PUT", "/" + UriEncode("test$file.text", true), "",
                     {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                      {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                     "Welcome to Amazon S3."),
              EndsWith("98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
  EXPECT_THAT(SignS3("GET", "/", CanonicalQuery({{"lifecycle", ""}}), {}, ""),
              EndsWith("fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
  EXPECT_THAT(SignS3("GET", "/", CanonicalQuery({{"prefix", "J"}, {"max-keys", "2"}}), {}, ""),
              EndsWith("34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(SigV4Test, TheSecretIsNotInTheHeader) {
  EXPECT_THAT(SignS3("GET", "/", "", {}, ""), testing::Not(HasSubstr(kS3Credentials.secret_key)));
}

TEST(SigV4Test, EncodesPathsAndQueries) {
  EXPECT_EQ(UriEncode("a/b=c d~-._\xc3\xa9", true), "a/b%3Dc%20d~-._%C3%A9");
  EXPECT_EQ(UriEncode("a/b", false), "a%2Fb");
  EXPECT_EQ(CanonicalQuery({{"b", "2"}, {"a", "x/y"}, {"uploads", ""}}), "a=x%2Fy&b=2&uploads=");
}

TEST(SigV4Test, DatesAreUtc) {
  EXPECT_EQ(AmzDate(1'369'353'600'000), kS3Date);
  EXPECT_EQ(AmzDate(0), "19700101T000000Z");
}

}  // namespace
}  // namespace luma::io
