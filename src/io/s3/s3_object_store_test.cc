// The S3 client against a service in memory: the contract, and faults at every exchange.
#include "io/s3/s3_object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <utility>

#include "base/crc32c.h"
#include "io/object_store_contract.h"
#include "io/s3/fake_s3.h"
#include "io/sim_disk.h"

namespace luma::io {
namespace {

using Kind = FakeS3Fault::Kind;
using testing::HasSubstr;
using testing::Not;

constexpr std::chrono::milliseconds kPatience{1'000};
constexpr uint64_t kPartBytes = 1'000;

S3Options Options() {
  return {.bucket = "bucket",
          .endpoint = "http://s3.test",
          .credentials = {.access_key = "K", .secret_key = "SENSITIVE"},
          .probe_prefix = "probe/",
          .request_timeout = kPatience,
          .retry_delay = std::chrono::milliseconds(1),
          .part_bytes = kPartBytes};
}

// A store and the service behind it, which the store owns.
struct Stage {
  explicit Stage(FakeS3Options fake_options = {}, S3Options options = Options()) {
    auto transport = std::make_unique<FakeS3>(fake_options);
    fake = transport.get();
    auto opened = S3ObjectStore::Open(std::move(options), Clock::System(), std::move(transport));
    EXPECT_TRUE(opened.ok()) << opened.status();
    store = *std::move(opened);
  }
  // From the next exchange on.
  void Fail(FakeS3Fault fault, int exchanges = INT32_MAX) {
    fake->SetScript([fault, exchanges](const HttpRequest&) mutable {
      return exchanges-- > 0 ? fault : FakeS3Fault{};
    });
  }

  FakeS3* fake;
  std::unique_ptr<S3ObjectStore> store;
};

std::unique_ptr<ObjectStore> MakeStore() {
  S3Options options = Options();
  options.part_bytes = 8 << 20;
  return Stage({}, options).store;
}
std::unique_ptr<ObjectStore> MakeStoreOfQuotedVersions() {
  S3Options options = Options();
  options.part_bytes = 8 << 20;
  return Stage({.if_match = IfMatchForm::kQuoted}, options).store;
}
// Every third exchange fails, in one way after the other.
std::unique_ptr<ObjectStore> MakeShakyStore() {
  S3Options options = Options();
  options.part_bytes = 8 << 20;
  options.request_timeout = std::chrono::seconds(60);
  Stage stage({}, options);
  EXPECT_TRUE(stage.store->PutIfAbsent("warm/up", AsBytes("x")).ok());  // conditions are known
  EXPECT_TRUE(stage.store->Delete("warm/up").ok());
  stage.fake->SetScript([calls = 0](const HttpRequest&) mutable -> FakeS3Fault {
    static constexpr Kind kKinds[] = {Kind::kStatus, Kind::kAnswerLost, Kind::kNotReached};
    const int call = ++calls;
    if (call % 3 != 0) return {};
    return {.kind = kKinds[call / 3 % 3], .status = call % 2 == 0 ? 500 : 503};
  });
  return std::move(stage.store);
}

INSTANTIATE_TEST_SUITE_P(FakeS3, ObjectStoreContract,
                         testing::Values(&MakeStore, &MakeStoreOfQuotedVersions, &MakeShakyStore));

TEST(S3ObjectStoreTest, AFaultOfOneExchangeIsNotSeen) {
  for (const Kind kind : {Kind::kStatus, Kind::kNotReached, Kind::kAnswerLost}) {
    Stage stage;
    stage.Fail({.kind = kind}, 1);
    EXPECT_TRUE(stage.store->Put("k", AsBytes("content")).ok());
    stage.Fail({.kind = kind}, 1);
    EXPECT_EQ(AsText(*stage.store->Get("k")), "content");
    stage.Fail({.kind = kind}, 1);
    EXPECT_EQ(AsText(*stage.store->GetRange("k", 1, 2)), "on");
    stage.Fail({.kind = kind}, 1);
    EXPECT_EQ(stage.store->List("")->size(), 1u);
    stage.Fail({.kind = kind}, 1);
    EXPECT_TRUE(stage.store->Delete("k").ok());
  }
}

TEST(S3ObjectStoreTest, AStoreThatStaysAwayIsUnavailableWhenTheTimeIsUp) {
  for (const Kind kind : {Kind::kStatus, Kind::kNotReached, Kind::kAnswerLost}) {
    Stage stage;
    stage.Fail({.kind = kind, .status = 503, .code = "SlowDown"});
    const Status status = stage.store->Put("t/k", AsBytes("x"));
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_THAT(status.message(), HasSubstr("key=t/k"));
    EXPECT_GT(stage.fake->exchanges(), 3);
  }
}

TEST(S3ObjectStoreTest, RefusalsAreNotRepeatedAndSayWhy) {
  const auto refused = [](int http_status, std::string code) {
    Stage stage;
    stage.Fail({.kind = Kind::kStatus, .status = http_status, .code = std::move(code)});
    const Status status = stage.store->Put("k", AsBytes("x"));
    EXPECT_EQ(stage.fake->exchanges(), 1);
    EXPECT_THAT(status.message(), Not(HasSubstr("SENSITIVE")));
    return status;
  };
  EXPECT_EQ(refused(403, "AccessDenied").code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(refused(403, "AccessDenied").message(), HasSubstr("code=AccessDenied"));
  EXPECT_THAT(refused(403, "RequestTimeTooSkewed").message(), HasSubstr("clocks"));
  EXPECT_EQ(refused(404, "NoSuchBucket").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(301, "PermanentRedirect").code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused(400, "EntityTooLarge").code(), StatusCode::kIoError);
}

TEST(S3ObjectStoreTest, AConditionalPutWhoseAnswerWasLostIsStillOurs) {
  Stage stage;
  ASSERT_TRUE(stage.store->PutIfAbsent("warm", AsBytes("up")).ok());  // conditions are known
  stage.Fail({.kind = Kind::kAnswerLost}, 1);
  EXPECT_TRUE(stage.store->PutIfAbsent("k", AsBytes("one")).ok());
  const auto one = stage.store->GetVersioned("k");
  stage.Fail({.kind = Kind::kAnswerLost}, 1);
  const auto two = stage.store->Replace("k", AsBytes("two"), one->version);
  ASSERT_TRUE(two.ok()) << two.status();
  EXPECT_EQ(*two, stage.store->GetVersioned("k")->version);
}

// With other bytes there, nobody can say whether ours were there before them. Asked again, the
// store can.
TEST(S3ObjectStoreTest, AConditionalPutThatOthersMayHaveReplacedIsUnclear) {
  Stage stage;
  ASSERT_TRUE(stage.store->Put("k", AsBytes("theirs")).ok());
  ASSERT_TRUE(stage.store->PutIfAbsent("warm", AsBytes("up")).ok());
  stage.Fail({.kind = Kind::kAnswerLost}, 1);
  EXPECT_EQ(stage.store->PutIfAbsent("k", AsBytes("ours")).code(), StatusCode::kUnavailable);
  EXPECT_EQ(stage.store->PutIfAbsent("k", AsBytes("ours")).code(), StatusCode::kAlreadyExists);
  stage.Fail({.kind = Kind::kAnswerLost}, 1);
  const auto replace = [&] { return stage.store->Replace("k", AsBytes("ours"), "another"); };
  EXPECT_EQ(replace().status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(replace().status().code(), StatusCode::kConflict);
  EXPECT_EQ(AsText(*stage.store->Get("k")), "theirs");
}

TEST(S3ObjectStoreTest, StoresThatIgnoreConditionsAreFoundOut) {
  Stage ignores_all({.honours_if_none_match = false, .if_match = IfMatchForm::kIgnored});
  EXPECT_EQ(ignores_all.store->PutIfAbsent("k", {}).code(), StatusCode::kUnsupported);
  EXPECT_EQ(ignores_all.store->Replace("k", {}, "v").status().code(), StatusCode::kUnsupported);
  EXPECT_EQ(ignores_all.fake->object_count(), 0u);  // the probe is gone too
  Stage only_creates({.if_match = IfMatchForm::kIgnored});
  EXPECT_TRUE(only_creates.store->PutIfAbsent("k", {}).ok());
  EXPECT_EQ(only_creates.store->Replace("k", {}, "v").status().code(), StatusCode::kUnsupported);
}

TEST(S3ObjectStoreTest, AProbeThatIsDisturbedIsRepeated) {
  Stage stage;
  stage.Fail({.kind = Kind::kAnswerLost}, 1);
  EXPECT_TRUE(stage.store->PutIfAbsent("k", AsBytes("x")).ok());
  EXPECT_EQ(stage.fake->object_count(), 1u);
}

TEST(S3ObjectStoreTest, ConditionsThatCouldNotBeTriedOutAreTriedLater) {
  Stage stage;
  stage.Fail({.kind = Kind::kStatus});
  EXPECT_EQ(stage.store->PutIfAbsent("k", AsBytes("x")).code(), StatusCode::kUnavailable);
  stage.fake->SetScript({});
  EXPECT_TRUE(stage.store->PutIfAbsent("k", AsBytes("x")).ok());
}

TEST(S3ObjectStoreTest, AStoreThatIgnoresRangesIsRefused) {
  Stage stage({.honours_ranges = false});
  ASSERT_TRUE(stage.store->Put("k", AsBytes("content")).ok());
  EXPECT_EQ(stage.store->GetRange("k", 0, 3).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(stage.store->GetRange("k", 2, 5).status().code(), StatusCode::kTooLarge);
  EXPECT_EQ(stage.store->GetRange("k", 2, 7).status().code(), StatusCode::kIoError);
  EXPECT_EQ(AsText(*stage.store->GetRange("k", 0, 7)), "content");
}

// Goal: a multipart upload is the whole object or nothing, whatever exchange fails for good.
// Method: from exchange k on every one fails; after the fault a second try succeeds.
TEST(S3ObjectStoreTest, AnUploadIsWholeOrAbsentWhicheverExchangeFails) {
  SimDisk disk;
  Bytes content(3 * kPartBytes + 5, std::byte{7});
  ASSERT_TRUE(WriteFileAtomically(disk, "/file", content).ok());
  const ObjectDigest digest{.size_bytes = content.size(), .crc32c = Crc32c(content)};
  S3Options options = Options();
  options.request_timeout = std::chrono::milliseconds(30);
  for (const Kind kind : {Kind::kStatus, Kind::kAnswerLost}) {
    int failed = 0;
    for (int k = 0; k < 6; ++k) {  // begin, 4 parts, complete
      Stage stage({}, options);
      stage.fake->SetScript([&, k, calls = 0](const HttpRequest& request) mutable {
        const bool fails = calls++ >= k && request.method != "DELETE";
        return fails ? FakeS3Fault{.kind = kind} : FakeS3Fault{};
      });
      const auto put = stage.store->PutFile("k", disk, "/file");
      failed += put.ok() ? 0 : 1;
      stage.fake->SetScript({});
      const Status seen = VerifyObject(*stage.store, "k", digest);
      const bool is_absent = stage.store->Head("k").status().code() == StatusCode::kNotFound;
      EXPECT_TRUE(seen.ok() || is_absent) << "exchange " << k << ": " << seen;
      ASSERT_TRUE(stage.store->PutFile("k", disk, "/file").ok());
      EXPECT_TRUE(VerifyObject(*stage.store, "k", digest).ok());
      const bool lost_begin = kind == Kind::kAnswerLost && k == 0;  // nobody knows the id
      if (!lost_begin) EXPECT_EQ(stage.fake->unfinished_uploads(), 0u) << "exchange " << k;
    }
    EXPECT_EQ(failed, 6);
  }
}

TEST(S3ObjectStoreTest, ACompletionWhoseAnswerWasLostCounts) {
  SimDisk disk;
  ASSERT_TRUE(WriteFileAtomically(disk, "/file", Bytes(2 * kPartBytes)).ok());
  Stage stage;
  stage.fake->SetScript([lost = false](const HttpRequest& request) mutable -> FakeS3Fault {
    const bool completes = request.method == "POST" && !request.body.empty();
    if (!completes || std::exchange(lost, true)) return {};
    return {.kind = Kind::kAnswerLost};
  });
  EXPECT_TRUE(stage.store->PutFile("k", disk, "/file").ok());
  EXPECT_EQ(stage.store->Head("k")->size_bytes, 2 * kPartBytes);
}

TEST(S3ObjectStoreTest, AnErrorInsideA200IsRepeated) {
  SimDisk disk;
  ASSERT_TRUE(WriteFileAtomically(disk, "/file", Bytes(2 * kPartBytes)).ok());
  Stage stage;
  stage.fake->SetScript([failed = false](const HttpRequest& request) mutable -> FakeS3Fault {
    const bool completes = request.method == "POST" && !request.body.empty();
    if (!completes || std::exchange(failed, true)) return {};
    return {.kind = Kind::kStatus, .status = 200};
  });
  EXPECT_TRUE(stage.store->PutFile("k", disk, "/file").ok());
  EXPECT_TRUE(stage.store->Head("k").ok());
}

TEST(S3ObjectStoreTest, BucketsAreInThePathOrInTheHostName) {
  const auto url_of = [](S3Options options) {
    Stage stage({}, std::move(options));
    std::string url, host;
    stage.fake->SetScript([&](const HttpRequest& request) -> FakeS3Fault {
      url = request.url;
      for (const auto& [name, value] : request.headers) {
        if (name == "Host") host = value;
      }
      return {};
    });
    EXPECT_TRUE(stage.store->Put("a/b=c", {}).ok());
    return url + " " + host;
  };
  S3Options options = Options();
  EXPECT_EQ(url_of(options), "http://s3.test/bucket/a/b%3Dc s3.test");
  options.endpoint = "http://s3.test:80/";
  options.path_style = false;
  EXPECT_EQ(url_of(options), "http://bucket.s3.test/a/b%3Dc bucket.s3.test");
  options.endpoint = "";
  options.region = "eu-central-1";
  EXPECT_EQ(url_of(options),
            "https://bucket.s3.eu-central-1.amazonaws.com/a/b%3Dc "
            "bucket.s3.eu-central-1.amazonaws.com");
}

TEST(S3ObjectStoreTest, AnEndpointThatCannotBeIsRefused) {
  for (const char* endpoint :
       {"s3.test", "ftp://s3.test", "http://", "http://a/b", "http://u@h", "http://a?b"}) {
    S3Options options = Options();
    options.endpoint = endpoint;
    EXPECT_EQ(S3ObjectStore::Open(options, Clock::System()).status().code(),
              StatusCode::kInvalidArgument)
        << endpoint;
  }
}

TEST(S3ObjectStoreTest, AnEndpointWithCredentialsIsNotRepeated) {
  for (const char* endpoint : {"http://user:SENSITIVE@host", "user:SENSITIVE@host"}) {
    S3Options options = Options();
    options.endpoint = endpoint;
    const Status status = S3ObjectStore::Open(options, Clock::System()).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr("SENSITIVE")));
  }
}

TEST(S3ObjectStoreTest, UploadsThatACrashCutOffAreAborted) {
  SimDisk disk;
  ASSERT_TRUE(WriteFileAtomically(disk, "/file", Bytes(3 * kPartBytes)).ok());
  S3Options options = Options();
  options.request_timeout = std::chrono::milliseconds(30);
  Stage stage({}, options);
  ASSERT_TRUE(stage.store->PutFile("ours/whole", disk, "/file").ok());
  stage.fake->SetScript([](const HttpRequest& request) -> FakeS3Fault {
    if (request.method == "POST" && request.body.empty()) return {};
    return {.kind = Kind::kStatus, .status = 403, .code = "AccessDenied"};
  });
  for (int i = 0; i < 8; ++i) {
    const std::string key = (i == 0 ? "theirs/" : "ours/") + std::to_string(i);
    EXPECT_FALSE(stage.store->PutFile(key, disk, "/file").ok());
  }
  stage.fake->SetScript({});
  EXPECT_EQ(stage.fake->unfinished_uploads(), 8u);
  EXPECT_EQ(*stage.store->RemoveLeftovers("ours/"), 7u);
  EXPECT_EQ(stage.fake->unfinished_uploads(), 1u);
  EXPECT_EQ(*stage.store->RemoveLeftovers("ours/"), 0u);
  EXPECT_TRUE(stage.store->Head("ours/whole").ok());
}

TEST(S3ObjectStoreTest, AServiceThatAsksForMoreTimeThanThereIsIsNotAskedAgain) {
  Stage stage;
  stage.Fail({.kind = Kind::kStatus, .status = 503, .retry_after = std::chrono::hours(1)});
  EXPECT_EQ(stage.store->Put("k", AsBytes("x")).code(), StatusCode::kUnavailable);
  EXPECT_EQ(stage.fake->exchanges(), 1);
}

TEST(S3ObjectStoreTest, ACallThatPausesBetweenTriesCanBeCancelled) {
  S3Options options = Options();
  options.request_timeout = std::chrono::hours(2);
  options.retry_delay = std::chrono::hours(1);
  Stage stage({}, options);
  stage.Fail({.kind = Kind::kNotReached}, 1);
  std::thread cancels([&] {
    while (stage.fake->exchanges() == 0) std::this_thread::yield();
    stage.store->CancelCalls();
  });
  EXPECT_EQ(stage.store->Put("k", AsBytes("x")).code(), StatusCode::kCancelled);
  cancels.join();
  EXPECT_TRUE(stage.store->Put("k", AsBytes("x")).ok()) << "later calls are not concerned";
}

}  // namespace
}  // namespace luma::io
