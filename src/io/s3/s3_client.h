// Signed requests to one bucket, repeated until there is an answer or no time is left.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"
#include "io/s3/http_transport.h"
#include "io/s3/s3_options.h"
#include "io/s3/sigv4.h"

namespace luma::io {

struct S3Request {
  std::string method;
  std::string key;  // empty: the bucket
  std::vector<NameValue> query = {};
  std::vector<NameValue> headers = {};
  ByteSpan body = {};
  uint64_t response_bytes_max = kErrorBodyBytesMax;
  // How long to repeat it; none: S3Options::request_timeout.
  std::optional<std::chrono::milliseconds> patience = std::nullopt;
};

struct S3Answer {
  HttpResponse http;
  // An earlier try may have taken effect without its answer arriving: a condition that fails now
  // may have been made to fail by this very request.
  bool earlier_try_unclear = false;
};

// Repeats after connections that failed or broke, answers 408, 429 and 5xx, and errors within a 200
// of a POST, with delays that double and are half random.
// A Retry-After lengthens a delay, and ends the repeating when there is less time than that.
// Threads: every method from any thread; Send blocks. Lifetime: `clock` must outlive it.
class S3Client {
 public:
  // Errors: kInvalidArgument for an endpoint that is no "http[s]://host[:port]".
  static Result<std::unique_ptr<S3Client>> Create(S3Options options,
                                                  std::unique_ptr<HttpTransport> transport,
                                                  const Clock& clock);

  // Answers 2xx, 404 for a key or an upload, 412 and 416. Errors: kUnavailable when no try was
  // answered in time, kPermissionDenied, kUnsupported, kInvalidArgument for a missing bucket or a
  // wrong region, else kIoError. Messages have the store's code and text, never a secret.
  Result<S3Answer> Send(const S3Request& request) LUMA_EXCLUDES(mutex_);
  // Calls of Send under way end within about a second, with kCancelled.
  void CancelCalls() LUMA_EXCLUDES(mutex_);

  const S3Options& options() const { return options_; }

 private:
  S3Client(S3Options options, std::unique_ptr<HttpTransport> transport, const Clock& clock)
      : options_(std::move(options)), transport_(std::move(transport)), clock_(clock) {}

  Status ReadEndpoint();
  std::string PathOf(const std::string& key) const;
  // `cancels` is what cancels_ was when the call began.
  Result<HttpResponse> Try(const S3Request& request, std::chrono::milliseconds timeout,
                           uint64_t cancels);
  // Waits before the next try, for `at_least`; false when the time is up.
  bool Pause(int tries, std::chrono::milliseconds at_least, std::chrono::nanoseconds deadline,
             uint64_t cancels) LUMA_EXCLUDES(mutex_);

  const S3Options options_;
  const std::unique_ptr<HttpTransport> transport_;
  const Clock& clock_;
  std::string origin_;  // "https://host:port", the bucket in it unless path_style
  std::string host_;    // as the header Host has it
  Mutex mutex_;
  CondVar cancelled_;
  std::atomic<uint64_t> cancels_{0};
};

}  // namespace luma::io
