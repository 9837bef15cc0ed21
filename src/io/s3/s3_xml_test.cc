#include "io/s3/s3_xml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace luma::io {
namespace {

using testing::ElementsAre;

TEST(S3XmlTest, GivesEveryElementWithItsPathAndText) {
  std::vector<std::string> seen;
  const Status status = ReadXml(
      "<?xml version=\"1.0\"?>\n<a xmlns=\"http://x/>\"><!-- <c> --><n:b q='>'>1 &lt;&#65;&#xe9;"
      "</n:b><empty/></a>\n",
      [&](std::string_view path, std::string_view text) {
        seen.push_back(std::string(path) + "=" + std::string(text));
      });
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_THAT(seen, ElementsAre("a/b=1 <A\xc3\xa9", "a/empty=", "a="));
}

TEST(S3XmlTest, WhatIsNotWellFormedIsCorruption) {
  const auto ignore = [](std::string_view, std::string_view) {};
  const std::string deep = "<a><a><a><a><a><a><a><a><a>";
  const std::string long_text = "<a>" + std::string(kXmlTextBytesMax + 1, 'x') + "</a>";
  const std::string long_name = "<" + std::string(kXmlNameBytesMax + 1, 'x') + "/>";
  for (const std::string& xml :
       {std::string("<a>"), std::string("<a></b>"), std::string("</a>"), std::string("<a"),
        std::string("<>"), std::string("<a>&nbsp;</a>"), std::string("<a>&#xd800;</a>"),
        std::string("<a>&amp</a>"), std::string("<!DOCTYPE a [<!ENTITY b \"c\">]><a/>"),
        std::string("<!-- x"), deep, long_text, long_name}) {
    EXPECT_EQ(ReadXml(xml, ignore).code(), StatusCode::kCorruption) << xml.substr(0, 60);
  }
}

constexpr std::string_view kPage =
    "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>b</Name>"
    "<Contents><Key>t/a=1</Key><Size>7</Size><ETag>&quot;x&quot;</ETag></Contents>"
    "<Contents><Key>t/b&amp;c</Key><Size>18446744073709551615</Size></Contents>"
    "<IsTruncated>true</IsTruncated><NextContinuationToken>tok/en=</NextContinuationToken>"
    "</ListBucketResult>";

TEST(S3XmlTest, ReadsAPageOfAList) {
  const auto page = ParseListPage(kPage);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->objects.size(), 2u);
  EXPECT_EQ(page->objects[0].key, "t/a=1");
  EXPECT_EQ(page->objects[0].size_bytes, 7u);
  EXPECT_EQ(page->objects[1].key, "t/b&c");
  EXPECT_EQ(page->objects[1].size_bytes, UINT64_MAX);
  EXPECT_EQ(page->continuation_token, "tok/en=");
}

TEST(S3XmlTest, EveryCutOfAPageIsCorruption) {
  for (size_t size = 0; size < kPage.size(); ++size) {
    EXPECT_EQ(ParseListPage(kPage.substr(0, size)).status().code(), StatusCode::kCorruption);
  }
}

TEST(S3XmlTest, APageThatSaysThatMoreFollowsMustSayWhere) {
  EXPECT_FALSE(
      ParseListPage("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>").ok());
  EXPECT_TRUE(
      ParseListPage("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>").ok());
  EXPECT_FALSE(ParseListPage("<Error><Code>SlowDown</Code></Error>").ok());
}

TEST(S3XmlTest, ReadsUploadIdsAndErrors) {
  EXPECT_EQ(*ParseUploadId("<InitiateMultipartUploadResult><UploadId>2~x</UploadId>"
                           "</InitiateMultipartUploadResult>"),
            "2~x");
  EXPECT_FALSE(ParseUploadId("<InitiateMultipartUploadResult/>").ok());
  const S3Error error = ParseS3Error("<Error><Code>SlowDown</Code><Message>a\nb</Message></Error>");
  EXPECT_EQ(error.code, "SlowDown");
  EXPECT_EQ(error.message, "a b");
  EXPECT_EQ(ParseS3Error("<html>oh no").code, "");
}

TEST(S3XmlTest, WritesTheCompletionOfAnUpload) {
  EXPECT_EQ(CompleteUploadXml({"\"e1\"", "e2"}),
            "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>&quot;e1&quot;</ETag>"
            "</Part><Part><PartNumber>2</PartNumber><ETag>e2</ETag></Part>"
            "</CompleteMultipartUpload>");
}

TEST(S3XmlTest, ReadsAListOfUploads) {
  constexpr std::string_view kUploads =
      "<ListMultipartUploadsResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Bucket>b"
      "</Bucket><Upload><Key>t/a</Key><UploadId>2~x</UploadId><Owner><ID>o</ID></Owner></Upload>"
      "<Upload><Key>t/b&amp;c</Key><UploadId>y</UploadId></Upload></ListMultipartUploadsResult>";
  const auto uploads = ParseUploads(kUploads);
  ASSERT_TRUE(uploads.ok()) << uploads.status();
  ASSERT_EQ(uploads->size(), 2u);
  EXPECT_EQ((*uploads)[0].key, "t/a");
  EXPECT_EQ((*uploads)[0].id, "2~x");
  EXPECT_EQ((*uploads)[1].key, "t/b&c");
  for (size_t size = 0; size < kUploads.size(); ++size) {
    EXPECT_EQ(ParseUploads(kUploads.substr(0, size)).status().code(), StatusCode::kCorruption);
  }
  for (const char* const bad : {"<a/>",
                                "<ListMultipartUploadsResult><Upload><Key>k</Key></Upload>"
                                "</ListMultipartUploadsResult>"}) {
    EXPECT_EQ(ParseUploads(bad).status().code(), StatusCode::kCorruption) << bad;
  }
}

}  // namespace
}  // namespace luma::io
