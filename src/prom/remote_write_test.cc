#include "prom/remote_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <thread>

#include "prom/testing/api_fixture.h"
#include "prom/testing/write_request_builder.h"

namespace luma::prom {
namespace {

using testing::HasSubstr;

class RemoteWriteTest : public ApiFixture {
 protected:
  std::string OneSample(std::string_view name, UnixMillis time = kTestNow) {
    return Snappy(SeriesField({{"__name__", name}}, {{time, 1}}));
  }
  std::vector<SeriesSamples> Stored() { return metrics_.Select({}, {}, {}).value(); }
};

TEST_F(RemoteWriteTest, StoresAndAnswers204) {
  const net::TestHttpResponse response = Write(OneSample("up"));
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.body, "");
  ASSERT_EQ(Stored().size(), 1u);
  EXPECT_EQ(Stored()[0].labels.metric_name(), "up");
  EXPECT_EQ(Write(Snappy("")).status, 204);
}

TEST_F(RemoteWriteTest, ContentTypeAndEncodingMustFit) {
  const std::string body = OneSample("up");
  const auto status = [&](std::string_view type, std::string_view encoding) {
    return Write(body, "Content-Type: " + std::string(type) +
                           "\r\nContent-Encoding: " + std::string(encoding) + "\r\n")
        .status;
  };
  EXPECT_EQ(status("application/x-protobuf", "snappy"), 204);
  EXPECT_EQ(status("application/x-protobuf; proto=prometheus.WriteRequest", "Snappy"), 204);
  EXPECT_EQ(status("application/x-protobuf;proto=io.prometheus.write.v2.Request", "snappy"), 400)
      << "a message of version 1.0";
  EXPECT_EQ(status("application/x-protobuf;proto=io.prometheus.write.v9.Request", "snappy"), 415);
  EXPECT_EQ(status("application/json", "snappy"), 415);
  EXPECT_EQ(status("application/x-protobuf", "gzip"), 415);
  EXPECT_EQ(Write(body, "").status, 204);
}

// Sample, histogram and exemplar counts, as the headers of version 2.0 tell them.
std::string Written(const net::TestHttpResponse& response) {
  std::string text;
  for (const std::string_view what : {"Samples", "Histograms", "Exemplars"}) {
    const std::string name = "X-Prometheus-Remote-Write-" + std::string(what) + "-Written";
    text += std::string(response.Header(name)) + " ";
  }
  return text;
}

TEST_F(RemoteWriteTest, VersionTwoTellsWhatWasWritten) {
  RequestV2Builder request;
  request.AddSeries(request.Labels({{"__name__", "up"}}) + request.Sample(kTestNow, 1) +
                    request.Sample(kTestNow + 1, 2) +
                    request.Exemplar({{"trace_id", "abc"}}, 1, kTestNow) +
                    request.Metadata(2, "help", "unit"));
  request.AddSeries(request.Labels({{"__name__", "h"}}) +
                    BytesField(3, HistogramMessage(kTestNow, {1, 2})));
  const net::TestHttpResponse written = WriteV2(Snappy(request.Message()));
  EXPECT_EQ(written.status, 204);
  EXPECT_EQ(Written(written), "2 1 1 ");
  EXPECT_EQ(Stored().size(), 2u);

  request.AddSeries(request.Labels({{"job", "a"}}) + request.Sample(kTestNow, 1));
  request.AddSeries(request.Labels({{"__name__", "up"}}) +
                    request.Sample(kTestNow + 2 * 86'400'000, 1));
  const net::TestHttpResponse partly = WriteV2(Snappy(request.Message()));
  EXPECT_EQ(partly.status, 400);
  EXPECT_THAT(partly.body, HasSubstr("series=1 (series has no metric name) samples=1 (sample too"));
  EXPECT_EQ(Written(partly), "2 1 1 ");
  EXPECT_EQ(write_.counters().exemplars_stored, 2u);
}

TEST_F(RemoteWriteTest, VersionTwoTellsThatNothingWasWritten) {
  const net::TestHttpResponse bad = WriteV2("garbage");
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(Written(bad), "0 0 0 ");
  metrics_.FailWrites(Status::DiskFull("no space"));
  RequestV2Builder request;
  request.AddSeries(request.Labels({{"__name__", "up"}}) + request.Sample(kTestNow, 1));
  const net::TestHttpResponse full = WriteV2(Snappy(request.Message()));
  EXPECT_EQ(full.status, 503);
  EXPECT_EQ(full.Header("Retry-After"), "5");
  EXPECT_EQ(Written(full), "0 0 0 ");
  metrics_.FailWrites(Status::Ok());
  EXPECT_EQ(Written(Write(OneSample("up"))), "   ") << "version 1.0 has no such headers";
}

TEST_F(RemoteWriteTest, BadBodiesAre400AndStoreNothing) {
  const std::string two =
      SeriesField({{"__name__", "up"}}, {{1, 1}}) + SeriesField({{"__name__", "down"}}, {{1, 1}});
  for (const std::string& bad :
       {std::string(), std::string("\xff\xff\xff\xff\xff\xff garbage"), two,
        Snappy(two.substr(0, two.size() - 3)), Snappy("\x0a\xff\xff\xff\xff\x0fnot protobuf"),
        std::string("\xff\xff\xff\xff\x0f\0a", 7), std::string("\x80\x80\x80\x80\x04\0a", 7)}) {
    const net::TestHttpResponse response = Write(bad);
    EXPECT_EQ(response.status, 400);
    EXPECT_FALSE(response.body.empty());
  }
  EXPECT_TRUE(Stored().empty());
}

TEST_F(RemoteWriteTest, TooLargeIs413BeforeAnythingIsDecompressed) {
  EXPECT_EQ(Write(Snappy(std::string((32 << 20) + 1, 'x'))).status, 413);
}

TEST_F(RemoteWriteTest, WhatCannotBeStoredIs400AndTheRestIsStored) {
  const net::TestHttpResponse unnamed =
      Write(Snappy(SeriesField({{"job", "a"}}, {{kTestNow, 1}}) +
                   SeriesField({{"__name__", "up"}}, {{kTestNow, 1}})));
  EXPECT_EQ(unnamed.status, 400);
  EXPECT_THAT(unnamed.body, HasSubstr("series=1 (series has no metric name)"));
  EXPECT_EQ(Stored().size(), 1u);

  const net::TestHttpResponse future = Write(OneSample("up", kTestNow + 2 * 86'400'000));
  EXPECT_EQ(future.status, 400);
  EXPECT_THAT(future.body, HasSubstr("samples=1 (sample too far in the future)"));

  const std::string series =
      BytesField(1, LabelMessage({"__name__", "h"})) +
      BytesField(4, HistogramMessage(kTestNow, {1, 2}) + std::string("\x08\x09", 2));
  const net::TestHttpResponse histogram = Write(Snappy(BytesField(1, series)));
  EXPECT_EQ(histogram.status, 400);
  EXPECT_THAT(histogram.body, HasSubstr("histograms=1 (count of a histogram does not fit"));
  EXPECT_EQ(write_.counters().series_refused, 1u);
  EXPECT_EQ(write_.counters().samples_refused, 1u);
  EXPECT_EQ(write_.counters().histograms_refused, 1u);
  EXPECT_EQ(write_.counters().requests_refused, 3u);
}

TEST_F(RemoteWriteTest, WhatStorageMayTakeLaterIsRetried) {
  const struct {
    Status status;
    int http;
    std::string_view retry_after;
  } cases[] = {{Status::OutOfMemory("over budget"), 503, "1"},
               {Status::TooManyRequests("too fast"), 429, "1"},
               {Status::DiskFull("no space"), 503, "5"},
               {Status::Unavailable("stopping"), 503, "1"},
               {Status::IoError("fsync failed"), 500, ""},
               {Status::Conflict("another one was first"), 500, ""},
               {Status::ReadOnly("read-only"), 500, ""}};
  for (const auto& test : cases) {
    metrics_.FailWrites(test.status);
    const net::TestHttpResponse response = Write(OneSample("up"));
    EXPECT_EQ(response.status, test.http) << test.status;
    EXPECT_EQ(response.Header("Retry-After"), test.retry_after);
  }
  EXPECT_EQ(write_.counters().requests_failed, std::size(cases));
  metrics_.FailWrites(Status::Ok());
  EXPECT_EQ(Write(OneSample("up")).status, 204);
}

TEST_F(RemoteWriteTest, ARequestThatDoesNotFitInMemoryIsRetried) {
  budget_.SetLimit(10);
  const net::TestHttpResponse refused = Write(OneSample("up"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.Header("Retry-After"), "1");
  budget_.SetLimit(1 << 20);
  EXPECT_EQ(Write(OneSample("up")).status, 204);
  while (budget_.booked_bytes() > 0) std::this_thread::yield();  // until the handler has returned
}

TEST_F(RemoteWriteTest, ParallelSendersLoseNothing) {
  std::vector<std::thread> senders;
  for (int sender = 0; sender < 4; ++sender) {
    senders.emplace_back([this, sender] {
      net::TestHttpClient client(server_->port());
      for (int i = 0; i < 25; ++i) {
        const std::string name = "m" + std::to_string(sender) + "_" + std::to_string(i);
        EXPECT_EQ(client
                      .Request("POST", "/api/v1/write", OneSample(name),
                               "Content-Type: application/x-protobuf\r\n"
                               "Content-Encoding: snappy\r\n")
                      .status,
                  204);
      }
    });
  }
  for (std::thread& sender : senders) sender.join();
  EXPECT_EQ(Stored().size(), 100u);
}

// Answers later, from another thread, as storage with group commit does.
class LateSink final : public MetricsSink {
 public:
  void Write(const SeriesBatch& batch, WriteCallback done) override {
    WriteSummary summary;
    summary.samples_stored = batch.sample_count();
    thread_ = std::thread([done = std::move(done), summary] { done(summary); });
  }
  ~LateSink() override { thread_.join(); }

 private:
  std::thread thread_;
};

TEST(RemoteWriteHandlerTest, TheAnswerWaitsForStorage) {
  LateSink sink;
  RemoteWriteHandler handler(sink);
  std::promise<int> status;
  net::HttpRequest request;
  request.headers = {{"content-type", "application/x-protobuf"}, {"content-encoding", "snappy"}};
  request.body = Snappy(SeriesField({{"__name__", "up"}}, {{1, 1}}));
  handler.Handle(std::move(request), net::Responder([&status](net::HttpResponse response) {
                   status.set_value(response.status);
                 }));
  EXPECT_EQ(status.get_future().get(), 204);
  EXPECT_EQ(handler.counters().samples_stored, 1u);
}

}  // namespace
}  // namespace luma::prom
