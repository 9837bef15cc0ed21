// An S3 service in memory behind HttpTransport, with faults, for tests of the client. It checks no
// signatures: the real service of tests/integration does.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/mutex.h"
#include "io/s3/http_transport.h"
#include "io/s3/s3_conditions.h"

namespace luma::io {

struct FakeS3Options {
  bool honours_if_none_match = true;
  IfMatchForm if_match = IfMatchForm::kBare;
  bool honours_ranges = true;
  size_t list_page_keys = 3;
};

// What happens to one exchange.
struct FakeS3Fault {
  enum class Kind : uint8_t {
    kNone,
    kStatus,      // answered `status` with <Code>`code`</Code>; nothing happened
    kNotReached,  // no connection
    kAnswerLost,  // it took effect, and no answer came
  };
  Kind kind = Kind::kNone;
  int status = 500;
  std::string code = "InternalError";
  std::optional<std::chrono::seconds> retry_after = std::nullopt;
};

// Threads: any.
class FakeS3 final : public HttpTransport {
 public:
  using Script = std::function<FakeS3Fault(const HttpRequest& request)>;

  explicit FakeS3(FakeS3Options options = {}) : options_(options) {}

  Result<HttpResponse> Perform(const HttpRequest& request) override LUMA_EXCLUDES(mutex_);

  void SetScript(Script script) LUMA_EXCLUDES(mutex_);
  size_t object_count() const LUMA_EXCLUDES(mutex_);
  size_t unfinished_uploads() const LUMA_EXCLUDES(mutex_);
  int exchanges() const LUMA_EXCLUDES(mutex_);

 private:
  using Query = std::map<std::string, std::string>;
  using Parts = std::map<int, Bytes>;

  HttpResponse Handle(const HttpRequest& request) LUMA_REQUIRES(mutex_);
  HttpResponse HandleBucket(const Query& query) LUMA_REQUIRES(mutex_);
  HttpResponse ListUploads(const std::string& prefix) LUMA_REQUIRES(mutex_);
  HttpResponse HandleUpload(const HttpRequest& request, const std::string& key, const Query& query)
      LUMA_REQUIRES(mutex_);
  HttpResponse Put(const HttpRequest& request, const std::string& key) LUMA_REQUIRES(mutex_);
  HttpResponse Get(const HttpRequest& request, const std::string& key) LUMA_REQUIRES(mutex_);
  bool ConditionsHold(const HttpRequest& request, const std::string& key) LUMA_REQUIRES(mutex_);

  const FakeS3Options options_;
  mutable Mutex mutex_;
  Script script_ LUMA_GUARDED_BY(mutex_);
  int exchanges_ LUMA_GUARDED_BY(mutex_) = 0;
  int next_upload_ LUMA_GUARDED_BY(mutex_) = 1;
  std::map<std::string, Bytes> objects_ LUMA_GUARDED_BY(mutex_);
  std::map<std::string, Parts> uploads_ LUMA_GUARDED_BY(mutex_);  // by id, "<number>~<key>"
};

}  // namespace luma::io
