#include "prom/push/influx_write.h"

#include <gmock/gmock.h>

#include "prom/testing/push_fixture.h"

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class InfluxWriteTest : public PushFixture {
 protected:
  InfluxWriteTest() { influx_.AddRoutes(router_); }

  net::HttpResponse Write(std::string body, std::string_view target = "/write?db=telegraf") {
    return Send("POST", target, std::move(body));
  }
  std::string ErrorOf(std::string body) { return Write(std::move(body)).body; }

  InfluxWrite influx_{
      sink_, clock_, {.body_bytes_max = 1 << 20, .decoded_bytes_max = 1 << 20, .budget = &budget_}};
};

TEST_F(InfluxWriteTest, FieldsAreSeriesAndTagsAreLabels) {
  const net::HttpResponse response = Write(
      "cpu,host=a,Zone=eu usage_idle=98.5,busy=true,note=\"x\" 1699999999999999999\n"
      "mem,host=a value=5i\n");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(Header(response, "X-Influxdb-Version"), "1.8.10");
  EXPECT_THAT(
      Stored(),
      ElementsAre("cpu_busy{Zone=\"eu\", db=\"telegraf\", host=\"a\"} 1 @1699999999999",
                  "cpu_usage_idle{Zone=\"eu\", db=\"telegraf\", host=\"a\"} 98.5 @1699999999999",
                  "mem_value{db=\"telegraf\", host=\"a\"} 5 @1700000000123"));
  EXPECT_EQ(influx_.counters().strings_ignored, 1u);
  EXPECT_EQ(influx_.counters().samples_stored, 3u);
}

TEST_F(InfluxWriteTest, DatabasesAndExtraLabels) {
  Write("a,db=own v=1");
  Write("b,host=x v=1", "/influx/api/v2/write?bucket=b1&org=o&extra_label=host=y&extra_label=dc=1");
  Write("c v=1", "/influx/write");
  EXPECT_THAT(Stored(), ElementsAre("a_v{db=\"own\"} 1 @1700000000123",
                                    "b_v{db=\"b1\", dc=\"1\", host=\"y\"} 1 @1700000000123",
                                    "c_v 1 @1700000000123"));
}

TEST_F(InfluxWriteTest, EveryPrecision) {
  const std::pair<std::string, std::string> cases[] = {{"", "1699999200000000999"},
                                                       {"ns", "1699999200000999999"},
                                                       {"n", "1699999200000000000"},
                                                       {"us", "1699999200000999"},
                                                       {"u", "1699999200000000"},
                                                       {"ms", "1699999200000"},
                                                       {"s", "1699999200"},
                                                       {"m", "28333320"},
                                                       {"h", "472222"}};
  for (const auto& [precision, timestamp] : cases) {
    Write("m" + precision + " v=1 " + timestamp, "/write?precision=" + precision);
  }
  EXPECT_EQ(Stored().size(), std::size(cases));
  for (const std::string& sample : Stored()) EXPECT_THAT(sample, HasSubstr("@1699999200000"));
  EXPECT_EQ(Write("m v=1 1", "/write?precision=days").status, 400);
}

TEST_F(InfluxWriteTest, TimesBeforeTheEpochAreRoundedDown) {
  Write("m v=1 -1");
  EXPECT_THAT(Stored(), ElementsAre("m_v{db=\"telegraf\"} 1 @-1"));
}

TEST_F(InfluxWriteTest, WithoutATimestampThePresentIsRoundedToThePrecision) {
  Write("m v=1", "/write?precision=m");
  EXPECT_THAT(Stored(), ElementsAre("m_v 1 @1699999980000"));
}

TEST_F(InfluxWriteTest, GoodLinesOfABadRequestAreStored) {
  const net::HttpResponse response = Write("a v=1\nb v=oops\nc v=1\nd\n");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.content_type, "application/json");
  EXPECT_EQ(response.body,
            "{\"error\":\"partial write: unable to parse 'b v=oops': invalid boolean (line 2) "
            "dropped=2\"}\n");
  EXPECT_THAT(Header(response, "X-Influxdb-Error"), HasSubstr("partial write"));
  EXPECT_EQ(Stored().size(), 2u);
  EXPECT_EQ(influx_.counters().lines_refused, 2u);
  EXPECT_EQ(influx_.counters().requests_refused, 1u);
}

TEST_F(InfluxWriteTest, ErrorsOfVersionTwoHaveACode) {
  const net::HttpResponse response = Write("a v=1\nbad\n", "/api/v2/write?bucket=b&org=o");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.body,
            "{\"code\":\"invalid\",\"message\":\"partial write: unable to parse 'bad': missing "
            "fields (line 2) dropped=1\"}\n");
}

TEST_F(InfluxWriteTest, NothingGoodIsNoPartialWrite) {
  EXPECT_EQ(ErrorOf("bad"), "{\"error\":\"unable to parse 'bad': missing fields (line 1)\"}\n");
  EXPECT_EQ(Write("").status, 204);
}

TEST_F(InfluxWriteTest, LabelsThatCannotBeRefuseTheirLine) {
  EXPECT_THAT(ErrorOf("a v=1\nm,t=1,t=2 v=1"),
              HasSubstr("duplicate label name (line 2) dropped=1"));
  EXPECT_THAT(ErrorOf("m,t=\xff v=1"), HasSubstr("UTF-8"));
  EXPECT_THAT(ErrorOf("m,__name__=x v=1"), HasSubstr("duplicate label name"));
  EXPECT_THAT(ErrorOf("m v=1 9223372036854775807\n"), HasSubstr("future"));
  EXPECT_THAT(Write("m v=1 9223372036854775807", "/write?precision=h").body,
              HasSubstr("time outside range"));
  EXPECT_THAT(Stored(), ElementsAre("a_v{db=\"telegraf\"} 1 @1700000000123"));
}

TEST_F(InfluxWriteTest, NewSeriesBeyondALimitAre429) {
  sink_.refused = 3;
  const net::HttpResponse one = Write("a v=1");
  EXPECT_EQ(one.status, 429);
  EXPECT_EQ(Header(one, "Retry-After"), "1");
  EXPECT_EQ(one.body, "{\"error\":\"partial write: too many series: limit=1 dropped=3\"}\n");
  EXPECT_THAT(Write("a v=1", "/api/v2/write?bucket=b").body, HasSubstr("too many requests"));
  EXPECT_EQ(influx_.counters().requests_failed, 2u);
}

TEST_F(InfluxWriteTest, WhatStorageCannotTakeNowIsToBeRepeated) {
  metrics_.FailWrites(Status::DiskFull("no space"));
  const net::HttpResponse full = Write("a v=1");
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(Header(full, "Retry-After"), "5");
  EXPECT_EQ(full.body, "{\"error\":\"no space\"}\n");
}

TEST_F(InfluxWriteTest, CompressedBodies) {
  std::string lines;
  for (int i = 0; i < 200; ++i) lines += "m,i=" + std::to_string(i) + " v=1\n";
  for (const auto coding : {net::ContentCoding::kGzip, net::ContentCoding::kZstd}) {
    net::HttpResponse packed{.body = lines};
    net::Compress(coding, packed);
    EXPECT_EQ(Send("POST", "/write", packed.body, packed.headers).status, 204);
  }
  EXPECT_EQ(Stored().size(), 200u);
  EXPECT_EQ(Send("POST", "/write", "m v=1", {{"Content-Encoding", "br"}}).status, 415);
  EXPECT_EQ(Send("POST", "/write", "m v=1", {{"Content-Encoding", "gzip"}}).status, 400);
  net::HttpResponse bomb{.body = std::string(2 << 20, '\n')};
  net::Compress(net::ContentCoding::kGzip, bomb);
  EXPECT_EQ(Send("POST", "/write", bomb.body, bomb.headers).status, 413);
}

// A line of one long tag and many fields would be gigabytes of labels.
TEST_F(InfluxWriteTest, LinesThatMultiplyAreBooked) {
  std::string line = "m,t=" + std::string(60'000, 'x') + " a=1";
  for (int i = 0; i < 50'000; ++i) line += ",f" + std::to_string(i) + "=1";
  const net::HttpResponse response = Write(line);
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.body, HasSubstr("memory budget exceeded"));
  EXPECT_THAT(Stored(), IsEmpty());
  EXPECT_EQ(budget_.booked_bytes(), 0u);
}

TEST_F(InfluxWriteTest, WhatSendersAskFirst) {
  const net::HttpResponse created = Send("POST", "/query", "q=CREATE+DATABASE+%22telegraf%22");
  EXPECT_EQ(created.status, 200);
  EXPECT_EQ(created.body, "{\"results\":[{\"statement_id\":0}]}\n");
  EXPECT_EQ(Send("GET", "/influx/query?q=create%20database%20x").status, 200);
  EXPECT_EQ(Send("GET", "/query?q=DROP+DATABASE+x").status, 400);
  EXPECT_EQ(Send("GET", "/ping").status, 204);
  EXPECT_EQ(Send("GET", "/ping?verbose=true").body, "{\"version\":\"1.8.10\"}\n");
  EXPECT_THAT(Send("GET", "/influx/health").body, HasSubstr("\"status\":\"pass\""));
}

}  // namespace
}  // namespace luma::prom
