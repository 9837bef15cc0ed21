#include "io/s3/s3_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

#include "base/log.h"
#include "base/metrics.h"
#include "io/s3/s3_xml.h"

namespace luma::io {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kRetryDelayMax{5'000};

struct S3Metrics {
  Counter& tries = MetricsRegistry::Default().AddCounter(
      "luma_s3_tries_total", "Requests sent to the S3 service, repeats included.");
  Counter& failed_tries = MetricsRegistry::Default().AddCounter(
      "luma_s3_failed_tries_total", "Requests without an answer, or answered to try again.");
};

S3Metrics& Metrics() {
  static S3Metrics metrics;
  return metrics;
}

bool IsAnswer(const S3Request& request, const HttpResponse& response, const S3Error& error) {
  switch (response.status) {
    case 404:
      return error.code != "NoSuchBucket";
    case 412:
    case 416:
      return true;
    default:  // an error inside a 200: the store began to answer before it knew
      return response.status / 100 == 2 && (request.method != "POST" || error.code.empty());
  }
}

bool SaysTryAgain(const HttpResponse& response, const S3Error& error) {
  static constexpr int kStatuses[] = {200, 408, 429, 500, 502, 503, 504};
  static constexpr std::string_view kCodes[] = {
      "RequestTimeout", "OperationAborted", "ConditionalRequestConflict",
      "XAmzContentSHA256Mismatch", "BadDigest"};  // the last two: bytes changed on the way
  return std::ranges::find(kStatuses, response.status) != std::end(kStatuses) ||
         std::ranges::find(kCodes, error.code) != std::end(kCodes);
}

// The text after the fixed part of a message.
std::string Details(const S3Request& request, const HttpResponse& response, const S3Error& error) {
  return fmt::format("method={} key={} status={} code={} message={}", request.method, request.key,
                     response.status, error.code, error.message);
}

// OK for an answer; kTimeout for what is worth another try.
Status Judge(const S3Request& request, const HttpResponse& response) {
  const bool has_error = response.status / 100 != 2 || request.method == "POST";
  const S3Error error = has_error ? ParseS3Error(AsText(response.body)) : S3Error{};
  if (IsAnswer(request, response, error)) return Status::Ok();
  const std::string details = Details(request, response, error);
  if (SaysTryAgain(response, error)) return Status::Timeout("object store failed: ", details);
  if (error.code == "RequestTimeTooSkewed") {
    return Status::PermissionDenied(
        "the clocks of this machine and of the object store differ too much: ", details);
  }
  switch (response.status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return Status::InvalidArgument(
          "object store sends elsewhere, the region or the endpoint is wrong: ", details);
    case 401:
    case 403:
      return Status::PermissionDenied("object store refuses the credentials: ", details);
    case 404:
      return Status::InvalidArgument("object store has no such bucket: ", details);
    case 501:
      return Status::Unsupported("object store cannot do this: ", details);
    default:
      return Status::IoError("object store refuses the request: ", details);
  }
}

// kUnavailable: not seen by the store; kTimeout: it may have taken effect.
bool IsWorthRepeating(const Status& failure) {
  return failure.code() == StatusCode::kUnavailable || failure.code() == StatusCode::kTimeout;
}

}  // namespace

Result<std::unique_ptr<S3Client>> S3Client::Create(S3Options options,
                                                   std::unique_ptr<HttpTransport> transport,
                                                   const Clock& clock) {
  std::unique_ptr<S3Client> client(new S3Client(std::move(options), std::move(transport), clock));
  LUMA_RETURN_IF_ERROR(client->ReadEndpoint());
  return client;
}

Status S3Client::ReadEndpoint() {
  std::string endpoint = options_.endpoint;
  if (endpoint.empty()) endpoint = fmt::format("https://s3.{}.amazonaws.com", options_.region);
  if (endpoint.ends_with('/')) endpoint.pop_back();
  const size_t scheme_end = endpoint.find("://");
  const std::string scheme = endpoint.substr(0, scheme_end);
  if (scheme != "https" && scheme != "http") {
    return Status::InvalidArgument("endpoint of S3 is no http:// or https://");
  }
  host_ = endpoint.substr(scheme_end + 3);
  if (host_.empty() || host_.find_first_of("/?#@ \r\n") != std::string::npos) {
    // Not repeated here: people put credentials before an @.
    return Status::InvalidArgument("endpoint of S3 is no scheme://host:port");
  }
  const std::string_view default_port = scheme == "https" ? ":443" : ":80";
  if (host_.ends_with(default_port)) host_.resize(host_.size() - default_port.size());
  if (!options_.path_style) host_ = options_.bucket + "." + host_;
  origin_ = scheme + "://" + host_;
  return Status::Ok();
}

std::string S3Client::PathOf(const std::string& key) const {
  const std::string bucket = options_.path_style ? "/" + options_.bucket : "";
  return key.empty() && options_.path_style ? bucket : bucket + "/" + UriEncode(key, true);
}

Result<HttpResponse> S3Client::Try(const S3Request& request, milliseconds timeout,
                                   uint64_t cancels) {
  const std::string amz_date = AmzDate(clock_.NowMillis());
  const std::string payload_sha256 = Sha256Hex(request.body);
  const std::string path = PathOf(request.key);
  const std::string query = CanonicalQuery(request.query);
  std::vector<NameValue> headers = request.headers;
  headers.emplace_back("Host", host_);
  headers.emplace_back("X-Amz-Date", amz_date);
  headers.emplace_back("X-Amz-Content-Sha256", payload_sha256);  // the store checks the body too
  if (!options_.credentials.session_token.empty()) {
    headers.emplace_back("X-Amz-Security-Token", options_.credentials.session_token);
  }
  headers.emplace_back("Authorization",
                       Authorization({.method = request.method,
                                      .path = path,
                                      .query = query,
                                      .headers = headers,
                                      .payload_sha256 = payload_sha256,
                                      .amz_date = amz_date},
                                     {.region = options_.region}, options_.credentials));
  return transport_->Perform({.method = request.method,
                              .url = origin_ + path + (query.empty() ? "" : "?" + query),
                              .headers = std::move(headers),
                              .body = request.body,
                              .response_bytes_max = request.response_bytes_max,
                              .timeout = timeout,
                              .is_cancelled = [&] { return cancels_ != cancels; }});
}

bool S3Client::Pause(int tries, milliseconds at_least, nanoseconds deadline, uint64_t cancels) {
  static thread_local std::minstd_rand random{std::random_device{}()};
  const auto doubled = options_.retry_delay * (1 << std::min(tries - 1, 10));
  const int64_t half = std::min<milliseconds>(doubled, kRetryDelayMax).count() / 2 + 1;
  const milliseconds delay =
      at_least + milliseconds(half + std::uniform_int_distribution<int64_t>(0, half)(random));
  if (clock_.Monotonic() + delay >= deadline) return false;
  const auto end = std::chrono::steady_clock::now() + delay;
  MutexLock lock(mutex_);
  while (cancels_ == cancels && std::chrono::steady_clock::now() < end) {
    cancelled_.WaitFor(mutex_, end - std::chrono::steady_clock::now());
  }
  return true;
}

void S3Client::CancelCalls() {
  MutexLock lock(mutex_);
  ++cancels_;
  cancelled_.NotifyAll();
}

Result<S3Answer> S3Client::Send(const S3Request& request) {
  const uint64_t cancels = cancels_;
  const milliseconds patience = request.patience.value_or(options_.request_timeout);
  const nanoseconds deadline = clock_.Monotonic() + patience;
  bool is_unclear = false;
  for (int tries = 1; cancels_ == cancels; ++tries) {
    const auto left = duration_cast<milliseconds>(deadline - clock_.Monotonic());
    Metrics().tries.Add();
    Result<HttpResponse> response = Try(request, std::max(left, milliseconds(1)), cancels);
    const Status failure = response.ok() ? Judge(request, *response) : response.status();
    if (failure.ok()) return S3Answer{*std::move(response), is_unclear};
    if (!IsWorthRepeating(failure)) return failure;
    Metrics().failed_tries.Add();
    LUMA_LOG(kDebug, "io", "s3 try failed: tries={} {}", tries, failure.message());
    is_unclear |= failure.code() == StatusCode::kTimeout;
    const milliseconds at_least =
        response.ok() ? response->retry_after.value_or(std::chrono::seconds(0)) : milliseconds(0);
    if (!Pause(tries, at_least, deadline, cancels)) {
      return Status::Unavailable("object store did not answer in time: key=", request.key,
                                 " tries=", tries, " last: ", failure.message());
    }
  }
  return Status::Cancelled("request was given up: method=", request.method, " key=", request.key);
}

}  // namespace luma::io
