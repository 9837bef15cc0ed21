// Objects in a bucket of S3 or of a service that speaks it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "io/object_store.h"
#include "io/s3/s3_client.h"
#include "io/s3/s3_conditions.h"
#include "io/s3/s3_xml.h"

namespace luma::io {

// What a store declares about lengths is never trusted: answers are bounded by what was asked for,
// and an answer with fewer bytes than declared is repeated. The signature covers the body of every
// request, so a put whose bytes changed on the way is refused by the store.
//
// Versions are ETags. Conditional puts need a store that honours If-None-Match and If-Match; that
// is tried out before the first one (S3Options::probe_prefix), and a store that ignores them makes
// PutIfAbsent or Replace kUnsupported. When an answer to a conditional put is lost and the repeat
// finds that the condition fails, the object is read: with the same bytes the put counts as done,
// with others it is kUnavailable, since it may have been done and replaced since.
//
// Memory: one object for Put and Get (at most kS3GetBytesMax), one part for PutFile.
// Threads: every method from any thread.
class S3ObjectStore final : public ObjectStore {
 public:
  // Does no I/O, so a store that is away is found out by the first call. Lifetime: `clock`
  // must outlive it. Errors: kInvalidArgument for an endpoint that cannot be.
  static Result<std::unique_ptr<S3ObjectStore>> Open(S3Options options, const Clock& clock);
  // With a transport of the caller's, for tests.
  static Result<std::unique_ptr<S3ObjectStore>> Open(S3Options options, const Clock& clock,
                                                     std::unique_ptr<HttpTransport> transport);

  Status Put(const std::string& key, ByteSpan bytes) override;
  Result<ObjectDigest> PutFile(const std::string& key, FileSystem& fs, const Path& path) override;
  Status PutIfAbsent(const std::string& key, ByteSpan bytes) override;
  Result<ObjectVersion> Replace(const std::string& key, ByteSpan bytes,
                                const ObjectVersion& expected) override;
  // kTooLarge above kS3GetBytesMax.
  Result<VersionedBytes> GetVersioned(const std::string& key) override;
  Result<Bytes> GetRange(const std::string& key, uint64_t offset, uint64_t length) override;
  Result<ObjectInfo> Head(const std::string& key) override;
  // Objects whose keys are none by io/object_store.h were not made here and are left out.
  Result<std::vector<ObjectInfo>> List(const std::string& prefix) override;
  Status Delete(const std::string& key) override;
  // Aborts multipart uploads.
  Result<uint64_t> RemoveLeftovers(const std::string& prefix) override;
  void CancelCalls() override { client_->CancelCalls(); }

 private:
  explicit S3ObjectStore(std::unique_ptr<S3Client> client) : client_(std::move(client)) {}

  Result<S3Conditions> Conditions() LUMA_EXCLUDES(probe_mutex_);
  // After a condition failed on a repeat: the version of the object if it has these bytes.
  Result<ObjectVersion> VersionIfOurs(const std::string& key, ByteSpan bytes);
  Result<std::vector<S3PendingUpload>> ListUploads(const std::string& prefix);
  Result<ObjectDigest> PutParts(const std::string& key, const RandomAccessFile& file,
                                uint64_t size);

  const std::unique_ptr<S3Client> client_;
  Mutex probe_mutex_;
  std::optional<S3Conditions> conditions_ LUMA_GUARDED_BY(probe_mutex_);
};

inline constexpr uint64_t kS3GetBytesMax = 256 << 20;

}  // namespace luma::io
