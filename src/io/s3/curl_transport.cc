#include "io/s3/curl_transport.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <csignal>
#include <utility>

namespace luma::io {
namespace {

constexpr long kConnectMillisMax = 10'000;
constexpr size_t kHeaderValueBytesMax = 1'024;

// One exchange, as libcurl's callbacks see it.
struct Exchange {
  CURL* handle;
  const HttpRequest& request;
  HttpResponse response;
  bool is_too_long = false;
};

int StatusOf(CURL* handle) {
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  return static_cast<int>(status);
}

// Fewer bytes taken than given make libcurl end the exchange.
size_t TakeBody(char* data, size_t, size_t size, void* context) {
  auto& exchange = *static_cast<Exchange*>(context);
  Bytes& body = exchange.response.body;
  const bool is_success = StatusOf(exchange.handle) / 100 == 2;
  const uint64_t room =
      (is_success ? exchange.request.response_bytes_max : kErrorBodyBytesMax) - body.size();
  if (is_success && size > room) {
    exchange.is_too_long = true;
    return 0;
  }
  const ByteSpan bytes = AsBytes({data, std::min<size_t>(size, room)});
  body.insert(body.end(), bytes.begin(), bytes.end());
  return size;
}

bool IsName(std::string_view text, std::string_view lower_case_name) {
  return std::ranges::equal(text, lower_case_name, [](char a, char b) {
    return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
  });
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  return text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
}

std::optional<uint64_t> NumberOf(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

// A wait beyond a day is as good as for ever.
std::optional<std::chrono::seconds> WaitOf(std::string_view text) {
  const std::optional<uint64_t> seconds = NumberOf(text);
  if (!seconds) return std::nullopt;
  return std::chrono::seconds(std::min<uint64_t>(*seconds, 86'400));
}

size_t TakeHeader(char* data, size_t, size_t size, void* context) {
  HttpResponse& response = static_cast<Exchange*>(context)->response;
  const std::string_view line(data, size);
  const size_t colon = std::min(line.find(':'), line.size());
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = Trimmed(line.substr(std::min(colon + 1, line.size())));
  if (value.size() > kHeaderValueBytesMax) return size;
  if (IsName(name, "etag")) response.etag = value;
  if (IsName(name, "content-range")) response.content_range = value;
  if (IsName(name, "content-length")) response.content_length = NumberOf(value);
  if (IsName(name, "retry-after")) response.retry_after = WaitOf(value);
  return size;
}

// Anything but 0 ends the exchange.
int IsToEnd(void* context, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Exchange*>(context)->request.is_cancelled() ? 1 : 0;
}

class HeaderList {
 public:
  explicit HeaderList(const HttpRequest& request) {
    for (const auto& [name, value] : request.headers) Add(name + ": " + value);
    Add("Expect:");  // otherwise libcurl waits for the server's consent before a large body
    if (!request.body.empty()) Add("Content-Type: application/octet-stream");
  }
  ~HeaderList() { curl_slist_free_all(list_); }
  HeaderList(const HeaderList&) = delete;
  HeaderList& operator=(const HeaderList&) = delete;
  curl_slist* get() const { return list_; }

 private:
  void Add(const std::string& line) { list_ = curl_slist_append(list_, line.c_str()); }
  curl_slist* list_ = nullptr;
};

void SetMethod(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  } else if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_POST, 1L);
    curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_POSTFIELDS, AsText(request.body).data());
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method != "GET") {
    curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

void SetLimits(CURL* handle, const HttpRequest& request) {
  const auto timeout = static_cast<long>(request.timeout.count());
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);  // signals and threads do not mix
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, timeout);
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS,
                   std::clamp(timeout / 3, 1L, kConnectMillisMax));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, std::max(timeout / 3'000, 1L));
  curl_easy_setopt(handle, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
}

void SetTls(CURL* handle, const std::string& ca_file) {
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYPEER, 1L);
  curl_easy_setopt(handle, CURLOPT_SSL_VERIFYHOST, 2L);
  curl_easy_setopt(handle, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  if (!ca_file.empty()) curl_easy_setopt(handle, CURLOPT_CAINFO, ca_file.c_str());
}

Status StatusOfCurl(CURLcode code, const HttpRequest& request) {
  const char* text = curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
      return Status::Unavailable("object store cannot be reached: error=", text);
    case CURLE_URL_MALFORMAT:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return Status::InvalidArgument("object store cannot be used: error=", text);
    case CURLE_ABORTED_BY_CALLBACK:
      return Status::Cancelled("request was given up: method=", request.method);
    default:
      return Status::Timeout("object store gave no whole answer: method=", request.method,
                             " error=", text);
  }
}

}  // namespace

CurlTransport::CurlTransport(std::string ca_file) : ca_file_(std::move(ca_file)) {
  static const bool initialized = [] {
    // With CURLOPT_NOSIGNAL libcurl leaves SIGPIPE alone, and OpenSSL writes to closed connections.
    std::signal(SIGPIPE, SIG_IGN);
    return curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
  }();
  LUMA_CHECK(initialized);
}

CurlTransport::~CurlTransport() = default;

void CurlTransport::HandleDeleter::operator()(void* handle) const { curl_easy_cleanup(handle); }

CurlTransport::Handle CurlTransport::Take() {
  MutexLock lock(mutex_);
  if (idle_.empty()) return Handle(curl_easy_init());
  Handle handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void CurlTransport::GiveBack(Handle handle) {
  curl_easy_reset(handle.get());  // keeps the connection
  MutexLock lock(mutex_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(handle));
}

Result<HttpResponse> CurlTransport::Perform(const HttpRequest& request) {
  Handle handle = Take();
  LUMA_CHECK(handle != nullptr);  // only for want of memory
  const HeaderList headers(request);
  Exchange exchange{.handle = handle.get(), .request = request, .response = {}};
  SetMethod(handle.get(), request);
  SetLimits(handle.get(), request);
  SetTls(handle.get(), ca_file_);
  curl_easy_setopt(handle.get(), CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(handle.get(), CURLOPT_PATH_AS_IS, 1L);  // the path is signed as it is
  curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &TakeBody);
  curl_easy_setopt(handle.get(), CURLOPT_WRITEDATA, &exchange);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERFUNCTION, &TakeHeader);
  curl_easy_setopt(handle.get(), CURLOPT_HEADERDATA, &exchange);
  curl_easy_setopt(handle.get(), CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFOFUNCTION, &IsToEnd);
  curl_easy_setopt(handle.get(), CURLOPT_XFERINFODATA, &exchange);
  const CURLcode code = curl_easy_perform(handle.get());
  exchange.response.status = StatusOf(handle.get());
  GiveBack(std::move(handle));
  if (exchange.is_too_long) {
    return Status::TooLarge("object store sent more than was asked for: status=",
                            exchange.response.status, " asked=", request.response_bytes_max);
  }
  if (code != CURLE_OK) return StatusOfCurl(code, request);
  return std::move(exchange.response);
}

}  // namespace luma::io
