// The contract of ObjectStore on a real S3 service, and what only a real one can show. Run by
// tests/integration/test_object_store.py, which starts the service. The environment says where it
// is: LUMA_S3_ENDPOINT, LUMA_S3_BUCKET, LUMA_S3_CA_FILE, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
// Each test works below a prefix of its own.
#include "io/s3/s3_object_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>

#include "io/object_store_contract.h"
#include "io/s3/curl_transport.h"
#include "io/s3/s3_credentials.h"
#include "io/s3/s3_upload.h"
#include "io/sim_disk.h"

namespace luma::io {
namespace {

std::string Variable(const std::string& name) { return ProcessEnvironment()(name); }

S3Options Options() {
  const auto credentials = FindS3Credentials(ProcessEnvironment(), FileSystem::Posix());
  EXPECT_TRUE(credentials.ok()) << credentials.status();
  return {.bucket = Variable("LUMA_S3_BUCKET"),
          .endpoint = Variable("LUMA_S3_ENDPOINT"),
          .ca_file = Variable("LUMA_S3_CA_FILE"),
          .credentials = credentials.ok() ? *credentials : S3Credentials{},
          .probe_prefix = "probe/"};
}

std::unique_ptr<S3ObjectStore> OpenStore(const S3Options& options) {
  auto store = S3ObjectStore::Open(options, Clock::System());
  EXPECT_TRUE(store.ok()) << store.status();
  return store.ok() ? *std::move(store) : nullptr;
}

// An empty store: everything below a prefix that no other one has.
class BelowPrefix final : public ObjectStore {
 public:
  BelowPrefix(std::unique_ptr<ObjectStore> store, std::string prefix)
      : store_(std::move(store)), prefix_(std::move(prefix)) {}

  Status Put(const std::string& key, ByteSpan bytes) override {
    return store_->Put(Full(key), bytes);
  }
  Result<ObjectDigest> PutFile(const std::string& key, FileSystem& fs, const Path& path) override {
    return store_->PutFile(Full(key), fs, path);
  }
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override {
    return store_->PutIfAbsent(Full(key), bytes);
  }
  Result<ObjectVersion> Replace(const std::string& key, ByteSpan bytes,
                                const ObjectVersion& expected) override {
    return store_->Replace(Full(key), bytes, expected);
  }
  Result<VersionedBytes> GetVersioned(const std::string& key) override {
    return store_->GetVersioned(Full(key));
  }
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override {
    return store_->GetRange(Full(key), offset, length);
  }
  Result<ObjectInfo> Head(const std::string& key) override { return store_->Head(Full(key)); }
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override {
    LUMA_ASSIGN_OR_RETURN(auto objects, store_->List(prefix_ + prefix));
    for (ObjectInfo& object : objects) object.key.erase(0, prefix_.size());
    return objects;
  }
  Status Delete(const std::string& key) override { return store_->Delete(Full(key)); }

 private:
  // A key that is none stays one that is none.
  std::string Full(const std::string& key) const {
    return CheckObjectKey(key).ok() ? prefix_ + key : key;
  }

  const std::unique_ptr<ObjectStore> store_;
  const std::string prefix_;
};

std::unique_ptr<ObjectStore> MakeS3Store() {
  static std::atomic<int> stores{0};
  const std::string prefix = "contract/" + std::to_string(stores++) + "/";
  return std::make_unique<BelowPrefix>(OpenStore(Options()), prefix);
}

INSTANTIATE_TEST_SUITE_P(S3, ObjectStoreContract, testing::Values(&MakeS3Store));

TEST(S3ObjectStoreIntegration, ListsOfManyPagesAreWhole) {
  const auto store = OpenStore(Options());
  constexpr int kObjects = 1'005;  // a page has 1,000
  for (int i = 0; i < kObjects; ++i) {
    ASSERT_TRUE(store->Put("pages/" + std::to_string(100'000 + i), {}).ok());
  }
  const auto objects = store->List("pages/");
  ASSERT_TRUE(objects.ok()) << objects.status();
  ASSERT_EQ(objects->size(), static_cast<size_t>(kObjects));
  EXPECT_EQ(objects->back().key, "pages/101004");
}

TEST(S3ObjectStoreIntegration, KeysOfEveryAllowedCharacterAndLength) {
  const auto store = OpenStore(Options());
  const std::string odd = "odd/ABCxyz019._-=/..x/-/=/__/" + std::string(200, 'k') + "/a=b=c.d-e_f";
  const std::string longest = "odd/" + std::string(1'020, 'k');
  for (const std::string& key : {odd, longest}) {
    ASSERT_TRUE(store->Put(key, AsBytes(key)).ok()) << key;
    EXPECT_EQ(AsText(*store->Get(key)), key);
  }
  EXPECT_EQ(store->List("odd/")->size(), 2u);
}

TEST(S3ObjectStoreIntegration, WrongCredentialsAreAClearErrorWithoutTheSecret) {
  S3Options options = Options();
  options.credentials.secret_key = "SENSITIVE";
  const Status status = OpenStore(options)->Put("denied", AsBytes("x"));
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), testing::HasSubstr("SignatureDoesNotMatch"));
  EXPECT_THAT(status.message(), testing::Not(testing::HasSubstr("SENSITIVE")));
  options.credentials.access_key = "NOBODY";
  EXPECT_THAT(OpenStore(options)->Put("denied", AsBytes("x")).message(),
              testing::HasSubstr("InvalidAccessKeyId"));
}

TEST(S3ObjectStoreIntegration, AMissingBucketIsNotAMissingObject) {
  S3Options options = Options();
  options.bucket = "no-such-bucket";
  EXPECT_EQ(OpenStore(options)->Get("k").status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(OpenStore(options)->List("").status().code(), StatusCode::kInvalidArgument);
}

TEST(S3ObjectStoreIntegration, AClockThatIsFarOffIsNamed) {
  const ManualClock clock(Clock::System().NowMillis() + 3'600'000);
  const auto store = S3ObjectStore::Open(Options(), clock);
  const Status status = (*store)->Put("k", AsBytes("x"));
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied);
  EXPECT_THAT(status.message(), testing::HasSubstr("clocks"));
}

TEST(S3ObjectStoreIntegration, NobodyListeningIsUnavailableAfterThePatience) {
  S3Options options = Options();
  options.endpoint = "http://127.0.0.1:1";
  options.request_timeout = std::chrono::milliseconds(300);
  EXPECT_EQ(OpenStore(options)->Head("k").status().code(), StatusCode::kUnavailable);
}

// Behind TLS with a certificate that no authority of the system has signed.
TEST(S3BehindTls, AnUnknownAuthorityIsRefused) {
  const Status status = OpenStore(Options())->Put("k", AsBytes("x"));
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status;
}

// These are run behind a proxy that changes bytes or stalls, or speaks TLS.
class S3BehindFaults : public ::testing::Test {
 protected:
  S3BehindFaults() {
    S3Options options = Options();
    options.request_timeout = std::chrono::seconds(15);
    store_ = OpenStore(options);
    EXPECT_TRUE(disk_.CreateDirectories("/f").ok());
  }
  // Uploads files of one and of three parts, and reads them back.
  std::vector<Status> Upload() {
    std::vector<Status> verified;
    for (int i = 0; i < 6; ++i) {
      const std::string key = "upload/" + std::to_string(i);
      Bytes content((i % 2 == 0 ? 1'000 : 17 << 20) + i, std::byte{3});
      EXPECT_TRUE(WriteFileAtomically(disk_, "/f/file", content).ok());
      const auto put = store_->PutFile(key, disk_, "/f/file");
      EXPECT_TRUE(put.ok()) << put.status();
      if (put.ok()) verified.push_back(VerifyObject(*store_, key, *put));
    }
    return verified;
  }

  SimDisk disk_;
  std::unique_ptr<S3ObjectStore> store_;
};

TEST_F(S3BehindFaults, EveryUploadIsVerified) {
  for (const Status& status : Upload()) EXPECT_TRUE(status.ok()) << status;
}

TEST_F(S3BehindFaults, NoUploadVerifies) {
  for (const Status& status : Upload()) EXPECT_EQ(status.code(), StatusCode::kCorruption) << status;
}

TEST(S3ObjectStoreIntegration, UploadsThatWereCutOffAreAborted) {
  const auto store = OpenStore(Options());
  const auto client = S3Client::Create(
      Options(), std::make_unique<CurlTransport>(Options().ca_file), Clock::System());
  ASSERT_TRUE(client.ok()) << client.status();
  for (const char* const key : {"cut/a", "cut/a", "cut/b=1", "other/c"}) {
    auto upload = S3Upload::Begin(**client, key);
    ASSERT_TRUE(upload.ok()) << upload.status();
    ASSERT_TRUE(upload->AddPart(Bytes(5 << 20)).ok());
  }
  for (const auto& [prefix, expected] : {std::pair("cut/", 3u), std::pair("cut/", 0u),
                                         std::pair("other/", 1u), std::pair("other/", 0u)}) {
    const auto removed = store->RemoveLeftovers(prefix);
    ASSERT_TRUE(removed.ok()) << removed.status();
    EXPECT_EQ(*removed, expected) << prefix;
  }
}

}  // namespace
}  // namespace luma::io
