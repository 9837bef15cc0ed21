#include "prom/push/page_import.h"

#include <gmock/gmock.h>
#include <snappy.h>

#include "prom/testing/push_fixture.h"
#include "prom/write_request.h"

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::MatchesRegex;
using testing::SizeIs;

constexpr std::string_view kImport = "/api/v1/import/prometheus";

class PageImportTest : public PushFixture {
 protected:
  PageImportTest() { import_.AddRoutes(router_); }

  net::HttpResponse Import(std::string body, std::string_view parameters = "",
                           std::vector<net::HttpHeader> headers = {}) {
    return Send("POST", std::string(kImport) + std::string(parameters), std::move(body),
                std::move(headers));
  }

  WrittenMetadata metadata_;
  PageImport import_{sink_, clock_, {.budget = &budget_}, &metadata_};
};

TEST_F(PageImportTest, StoresAPage) {
  const net::HttpResponse response = Import(
      "# TYPE up gauge\n# HELP up Is it up?\n"
      "up{job=\"a\"} 1\r\n"
      "rows_total 5 1699999999000\n");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_THAT(Stored(),
              ElementsAre("rows_total 5 @1699999999000", "up{job=\"a\"} 1 @1700000000123"));
  ASSERT_THAT(metadata_.All(), SizeIs(1));
  EXPECT_EQ(metadata_.All()[0].help, "Is it up?");
  EXPECT_EQ(Import("").status, 204);
}

TEST_F(PageImportTest, ParametersGiveTimeAndLabels) {
  Import("a{x=\"1\",y=\"1\"} 1\nb 1 5\n", "?timestamp=7&extra_label=y=2&extra_label=z=3%3D4");
  EXPECT_THAT(Stored(),
              ElementsAre("a{x=\"1\", y=\"2\", z=\"3=4\"} 1 @7", "b{y=\"2\", z=\"3=4\"} 1 @5"));
  EXPECT_EQ(Import("a 1", "?timestamp=now").status, 400);
  EXPECT_EQ(Import("a 1", "?timestamp=5.5").status, 400);
  EXPECT_EQ(Import("a 1", "?extra_label=nothing").status, 400);
  EXPECT_EQ(Import("a 1", "?extra_label=%zz").status, 400);
  EXPECT_THAT(Import("a 1", "?extra_label=__name__=b").body, HasSubstr("the name of a metric"));
}

TEST_F(PageImportTest, PathsOfAPushgateway) {
  const std::string path(kImport);
  const auto push = [&](std::string_view method, const std::string& rest) {
    return Send(method, path + rest, "m{job=\"of page\",instance=\"i\"} 1").status;
  };
  EXPECT_EQ(push("POST", "/metrics/job/batch"), 204);
  EXPECT_EQ(push("PUT", "/metrics/job/a/instance/b/dir@base64/L3Zhci90bXA="), 204);
  EXPECT_EQ(push("POST", "/metrics/job@base64/YS9i?extra_label=job=c"), 204);
  EXPECT_EQ(push("POST", "/metrics/job@base64/YS9i/instance@base64/="), 204)
      << "an empty value is no label";
  EXPECT_THAT(Stored(),
              ElementsAre("m{dir=\"/var/tmp\", instance=\"b\", job=\"a\"} 1 @1700000000123",
                          "m{instance=\"i\", job=\"batch\"} 1 @1700000000123",
                          "m{instance=\"i\", job=\"c\"} 1 @1700000000123",
                          "m{job=\"a/b\"} 1 @1700000000123"));
  EXPECT_EQ(push("POST", "/metrics/job/"), 404);
  for (const char* odd :
       {"/metrics/job/a/instance", "/metrics/job/a/b/c/", "/metrics/job/a/b/x/y"}) {
    EXPECT_EQ(push("POST", odd), 400) << odd;
  }
  EXPECT_EQ(push("POST", "/metrics/job/a//b"), 400);
  EXPECT_EQ(push("POST", "/metrics/job/a/__x/b"), 400);
  EXPECT_EQ(push("POST", "/metrics/job/a/__name__/b"), 400);
  EXPECT_EQ(push("POST", "/metrics/job/a/dir@base64/%"), 400);
}

TEST_F(PageImportTest, TheContentTypeSaysWhichFormatItIs) {
  const std::string page = "# TYPE a counter\na_total 1 1699999999.5 # {t=\"x\"} 0.5\n# EOF\n";
  const std::vector<net::HttpHeader> open = {
      {"Content-Type", "application/openmetrics-text; version=1.0.0; charset=utf-8"}};
  EXPECT_EQ(Import(page, "", open).status, 204);
  EXPECT_THAT(Stored(), ElementsAre("a_total 1 @1699999999500"));
  EXPECT_EQ(Import("a 1\n", "", open).status, 400) << "without # EOF";
  EXPECT_EQ(Import("b 1\n", "", {{"Content-Type", "application/x-www-form-urlencoded"}}).status,
            204)
      << "what curl says of any body";
}

TEST_F(PageImportTest, OfAPageThatCannotBeReadNothingIsStored) {
  const net::HttpResponse response = Import("a 1\nb 1\nc x\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body, "nothing was stored: bad exposition: bad value: line=3\n");
  EXPECT_EQ(Import("a 1\nb{x=\"1\",x=\"2\"} 1\n").body,
            "nothing was stored: bad exposition: duplicate label name: line=2\n");
  EXPECT_EQ(Import("a{b=\"\xff\"} 1\n").status, 400);
  EXPECT_THAT(Stored(), IsEmpty());
  EXPECT_THAT(metadata_.All(), IsEmpty());
  EXPECT_EQ(import_.counters().requests_refused, 3u);
}

TEST_F(PageImportTest, SamplesThatCannotBeStoredAreToldOf) {
  const net::HttpResponse response = Import("a 1\nb 1 9999999999999\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("partly refused: samples=1 (sample too far"));
  EXPECT_THAT(Stored(), SizeIs(1));
  sink_.refused = 2;
  const net::HttpResponse limited = Import("a 2\n");
  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(Header(limited, "Retry-After"), "1");
  EXPECT_EQ(limited.body, "partly refused: new_series=2 (too many series: limit=1)\n");
  sink_.refused = 1;
  EXPECT_THAT(Import("a 3\nb 1 9999999999999\n").body,
              MatchesRegex("partly refused: samples=1 \\(sample too far.*\\) new_series=1 "
                           "\\(too many series: limit=1\\)\n"));
}

TEST_F(PageImportTest, ExemplarsThatCannotBeStoredAreCountedAndNoError) {
  const std::vector<net::HttpHeader> open = {{"Content-Type", "application/openmetrics-text"}};
  sink_.exemplars_refused = 1;
  const std::string page =
      "a_total 1 # {t=\"x\"} 0.5\nb_total 1 # {t=\"" + std::string(200, 'x') + "\"} 0.5\n# EOF\n";
  EXPECT_EQ(Import(page, "", open).status, 204);
  EXPECT_EQ(import_.counters().exemplars_refused, 2u);
  sink_.exemplars_refused = 0;
  std::string many;
  for (size_t i = 0; i <= kExemplarsPerRequestMax; ++i) many += "a_total 1 # {} 0.5\n";
  EXPECT_EQ(Import(many + "# EOF\n", "", open).status, 204);
  EXPECT_EQ(import_.counters().exemplars_refused, 3u);
}

TEST_F(PageImportTest, WhatStorageCannotTakeNowIsToBeRepeated) {
  metrics_.FailWrites(Status::Unavailable("stopping"));
  const net::HttpResponse response = Import("# TYPE a gauge\na 1\n");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Header(response, "Retry-After"), "1");
  EXPECT_THAT(metadata_.All(), IsEmpty()) << "only what is stored is told of";
}

TEST_F(PageImportTest, CompressedBodies) {
  std::string page;
  for (int i = 0; i < 200; ++i) page += "m{i=\"" + std::to_string(i) + "\"} 1\n";
  for (const auto coding : {net::ContentCoding::kGzip, net::ContentCoding::kZstd}) {
    net::HttpResponse packed{.body = page};
    net::Compress(coding, packed);
    EXPECT_EQ(Import(packed.body, "", packed.headers).status, 204);
  }
  std::string packed;
  snappy::Compress(page.data(), page.size(), &packed);
  EXPECT_EQ(Import(packed, "", {{"Content-Encoding", "snappy"}}).status, 204);
  EXPECT_THAT(Stored(), SizeIs(200));
  EXPECT_EQ(Import(page, "", {{"Content-Encoding", "snappy"}}).status, 400);
  EXPECT_EQ(Import(page, "", {{"Content-Encoding", "deflate"}}).status, 415);
}

// Each line is searched for each of them.
TEST_F(PageImportTest, LabelsOfARequestAreBounded) {
  std::string path = "/metrics/job/a";
  std::string parameters = "?timestamp=5";
  for (size_t i = 1; i < kPushedLabelsMax; ++i) {
    path += "/p" + std::to_string(i) + "/x";
    parameters += "&extra_label=e" + std::to_string(i) + "=x";
  }
  EXPECT_EQ(Import("a 1", path + parameters + "&extra_label=last=x").status, 204);
  EXPECT_THAT(Import("a 1", path + "/more/x").body, HasSubstr("too many labels: limit=64 in=path"));
  const net::HttpResponse refused =
      Import("a 1", parameters + "&extra_label=last=x&extra_label=more=x");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("too many labels: limit=64 in=extra_label"));
  EXPECT_THAT(Stored(), SizeIs(1));
}

// A line of metadata takes many times its length.
TEST_F(PageImportTest, MetadataIsBookedAndLeftOutWithoutMemory) {
  std::string page = "a 1\n";
  for (int i = 0; i < 1'000; ++i) page += "# HELP m" + std::to_string(i) + " x\n";
  budget_.SetLimit(400'000);
  EXPECT_EQ(Import(page).status, 204);
  EXPECT_THAT(metadata_.All(), IsEmpty());
  budget_.SetLimit(4'000'000);
  EXPECT_EQ(Import(page).status, 204);
  EXPECT_THAT(metadata_.All(), SizeIs(1'000));
  EXPECT_EQ(budget_.booked_bytes(), 0u);
}

// A short line and a long label would be gigabytes of labels.
TEST_F(PageImportTest, PagesThatMultiplyAreBooked) {
  std::string page;
  for (int i = 0; i < 50'000; ++i) page += "a" + std::to_string(i) + " 1\n";
  const net::HttpResponse response = Import(page, "?extra_label=x=" + std::string(6'000, 'x'));
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("memory budget exceeded"));
  EXPECT_EQ(budget_.booked_bytes(), 0u);
}

}  // namespace
}  // namespace luma::prom
