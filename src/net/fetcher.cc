#include "net/fetcher.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <future>
#include <thread>
#include <unordered_map>
#include <utility>

#include "base/check.h"
#include "base/mutex.h"
#include "net/url.h"

namespace luma::net {
namespace {

using namespace std::string_view_literals;

constexpr long kRedirectsMax = 10;
constexpr size_t kBodyRoomMin = 16 << 10;
constexpr int kPollMillisMax = 1'000;

struct TlsVersion {
  std::string_view name;
  long lowest;
  long highest;
};
constexpr std::array<TlsVersion, 4> kTlsVersions = {{
    {"TLS10", CURL_SSLVERSION_TLSv1_0, CURL_SSLVERSION_MAX_TLSv1_0},
    {"TLS11", CURL_SSLVERSION_TLSv1_1, CURL_SSLVERSION_MAX_TLSv1_1},
    {"TLS12", CURL_SSLVERSION_TLSv1_2, CURL_SSLVERSION_MAX_TLSv1_2},
    {"TLS13", CURL_SSLVERSION_TLSv1_3, CURL_SSLVERSION_MAX_TLSv1_3},
}};

long TlsVersionBits(const TlsOptions& tls) {
  long lowest = CURL_SSLVERSION_TLSv1_2;
  long highest = CURL_SSLVERSION_MAX_DEFAULT;
  for (const TlsVersion& version : kTlsVersions) {
    if (version.name == tls.version_min) lowest = version.lowest;
    if (version.name == tls.version_max) highest = version.highest;
  }
  return lowest | highest;
}

bool IsLinkLocalV4(uint32_t address) {
  constexpr uint32_t kAlibabaMetadata = 0x64'64'64'c8;  // 100.100.100.200
  constexpr uint32_t kAzureWireServer = 0xa8'3f'81'10;  // 168.63.129.16
  return (address >> 16) == 0xa9fe || address == kAlibabaMetadata || address == kAzureWireServer;
}

// Where the addresses of a transition mechanism carry the IPv4 address that they lead to.
struct EmbeddedV4 {
  std::string_view prefix;
  std::array<uint8_t, 4> at;
  uint8_t mask = 0;  // that its bytes are hidden with
};
constexpr std::array<EmbeddedV4, 11> kEmbeddedV4 = {{
    {"\0\0\0\0\0\0\0\0\0\0\xff\xff"sv, {12, 13, 14, 15}},    // mapped
    {"\0\0\0\0\0\0\0\0\0\0\0\0"sv, {12, 13, 14, 15}},        // compatible
    {"\0\0\0\0\0\0\0\0\xff\xff\0\0"sv, {12, 13, 14, 15}},    // translated (SIIT)
    {"\0\x64\xff\x9b\0\0\0\0\0\0\0\0"sv, {12, 13, 14, 15}},  // NAT64, RFC 6052
    {"\0\x64\xff\x9b\0\1"sv, {6, 7, 9, 10}},                 // NAT64, RFC 8215: a /48,
    {"\0\x64\xff\x9b\0\1"sv, {7, 9, 10, 11}},                // or a longer prefix in it
    {"\0\x64\xff\x9b\0\1"sv, {9, 10, 11, 12}},
    {"\0\x64\xff\x9b\0\1"sv, {12, 13, 14, 15}},
    {"\x20\x02"sv, {2, 3, 4, 5}},                // 6to4
    {"\x20\x01\0\0"sv, {4, 5, 6, 7}},            // Teredo: its server
    {"\x20\x01\0\0"sv, {12, 13, 14, 15}, 0xff},  // Teredo: the client
}};

bool HasPrefix(const in6_addr& address, std::string_view prefix) {
  return std::memcmp(address.s6_addr, prefix.data(), prefix.size()) == 0;
}

uint32_t EmbeddedIn(const in6_addr& address, const EmbeddedV4& form) {
  uint32_t embedded = 0;
  for (const uint8_t at : form.at) {
    embedded = (embedded << 8) | static_cast<uint8_t>(address.s6_addr[at] ^ form.mask);
  }
  return embedded;
}

bool IsLinkLocalV6(const in6_addr& address) {
  constexpr std::string_view kAmazonMetadata = "\xfd\0\x0e\xc2"sv;  // fd00:ec2::/32
  if (IN6_IS_ADDR_LINKLOCAL(&address) || HasPrefix(address, kAmazonMetadata)) return true;
  return std::ranges::any_of(kEmbeddedV4, [&address](const EmbeddedV4& form) {
    return HasPrefix(address, form.prefix) && IsLinkLocalV4(EmbeddedIn(address, form));
  });
}

// One transfer. Belongs to the thread of the fetcher once it has been queued.
struct Transfer {
  Transfer(FetchRequest wanted, Fetcher::Done callback)
      : request(std::move(wanted)), done(std::move(callback)) {}
  ~Transfer() {
    curl_easy_cleanup(handle);
    curl_slist_free_all(headers);
    curl_slist_free_all(connect_to);
  }
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  FetchRequest request;
  Fetcher::Done done;
  FetchResponse response = {};
  bool allow_link_local = false;
  MemoryAccount* memory = nullptr;
  bool too_large = false;
  bool no_memory = false;
  bool refused = false;
  CURL* handle = nullptr;
  curl_slist* headers = nullptr;
  curl_slist* connect_to = nullptr;
  std::array<char, CURL_ERROR_SIZE> error = {};
};

// Makes room for so many bytes of the body. False when they cannot be booked.
bool MakeRoom(Transfer& transfer, uint64_t bytes) {
  std::string& body = transfer.response.body;
  if (bytes <= body.capacity()) return true;
  const uint64_t room = std::max<uint64_t>({bytes, 2 * body.capacity(), kBodyRoomMin});
  std::shared_ptr<const void> booked;
  if (transfer.memory != nullptr) {
    booked = transfer.memory->Take(room);
    if (booked == nullptr) return false;
  }
  body.reserve(room);
  transfer.response.memory = std::move(booked);
  return true;
}

size_t OnBody(char* data, size_t, size_t bytes, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  std::string& body = transfer.response.body;
  if (bytes > transfer.request.body_bytes_max - body.size()) {
    transfer.too_large = true;
    return 0;  // ends the transfer
  }
  if (!MakeRoom(transfer, body.size() + bytes)) {
    transfer.no_memory = true;
    return 0;
  }
  body.append(data, bytes);
  return bytes;
}

// The one place where an address is known and nothing has been sent to it: after a name was looked
// up, and again for every redirect.
curl_socket_t OnSocket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!transfer.allow_link_local && IsLinkLocal(address->addr)) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                address->protocol);
}

template <typename T>
void Set(CURL* handle, CURLoption option, T value) {
  curl_easy_setopt(handle, option, value);
}

void SetText(CURL* handle, CURLoption option, const std::string& text) {
  if (!text.empty()) Set(handle, option, text.c_str());
}

void SetBlob(CURL* handle, CURLoption option, const std::string& text) {
  if (text.empty()) return;
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
  Set(handle, option, &blob);
}

// The certificate is asked of, and checked for, another name than the host of the URL: the URL gets
// that name, and its connections go to the host.
void SetServerName(Transfer& transfer, const std::string& name) {
  CURLU* const url = curl_url();
  char* host = nullptr;
  char* port = nullptr;
  char* renamed = nullptr;
  const bool is_read =
      curl_url_set(url, CURLUPART_URL, transfer.request.url.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT) == CURLUE_OK &&
      curl_url_set(url, CURLUPART_HOST, name.c_str(), 0) == CURLUE_OK &&
      curl_url_get(url, CURLUPART_URL, &renamed, 0) == CURLUE_OK;
  if (is_read) {
    const std::string where = std::string("::") + host + ":" + port;
    transfer.connect_to = curl_slist_append(nullptr, where.c_str());
    Set(transfer.handle, CURLOPT_CONNECT_TO, transfer.connect_to);
    const std::string host_header = std::string("Host: ") + host + ":" + port;
    transfer.headers = curl_slist_append(transfer.headers, host_header.c_str());
    Set(transfer.handle, CURLOPT_URL, renamed);
  }
  curl_free(renamed);
  curl_free(port);
  curl_free(host);
  curl_url_cleanup(url);
}

void SetTls(Transfer& transfer, const TlsOptions& tls) {
  CURL* const handle = transfer.handle;
  SetText(handle, CURLOPT_CAINFO, tls.ca_file);
  SetBlob(handle, CURLOPT_CAINFO_BLOB, tls.ca_text);
  SetText(handle, CURLOPT_SSLCERT, tls.certificate_file);
  SetBlob(handle, CURLOPT_SSLCERT_BLOB, tls.certificate_text);
  SetText(handle, CURLOPT_SSLKEY, tls.key_file);
  SetBlob(handle, CURLOPT_SSLKEY_BLOB, tls.key_text);
  Set(handle, CURLOPT_SSL_VERIFYPEER, tls.skip_verify ? 0L : 1L);
  Set(handle, CURLOPT_SSL_VERIFYHOST, tls.skip_verify ? 0L : 2L);
  Set(handle, CURLOPT_SSLVERSION, TlsVersionBits(tls));
  if (!tls.server_name.empty()) SetServerName(transfer, tls.server_name);
}

void SetBody(Transfer& transfer) {
  const std::string& body = transfer.request.body;
  Set(transfer.handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  Set(transfer.handle, CURLOPT_POSTFIELDS, body.data());  // which it reads while it sends
  // Without this it asks first whether a large body is welcome, and waits a second for the answer.
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");
}

void SetRequest(Transfer& transfer) {
  CURL* const handle = transfer.handle;
  const FetchRequest& request = transfer.request;
  Set(handle, CURLOPT_URL, request.url.c_str());
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_PROXY, "");  // the environment of the server is nobody's wish
  Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  // A name that is still looked up when the time is over would hold up all transfers: let it go.
  Set(handle, CURLOPT_QUICK_EXIT, 1L);
  Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  Set(handle, CURLOPT_FOLLOWLOCATION, request.follows_redirects ? 1L : 0L);
  Set(handle, CURLOPT_MAXREDIRS, kRedirectsMax);
  if (request.accepts_gzip) Set(handle, CURLOPT_ACCEPT_ENCODING, "gzip");
  if (!request.username.empty() || !request.password.empty()) {
    Set(handle, CURLOPT_HTTPAUTH, static_cast<long>(CURLAUTH_BASIC));
    Set(handle, CURLOPT_USERNAME, request.username.c_str());
    Set(handle, CURLOPT_PASSWORD, request.password.c_str());
  }
  for (const std::string& header : request.headers) {
    transfer.headers = curl_slist_append(transfer.headers, header.c_str());
  }
  if (!request.body.empty()) SetBody(transfer);
  if (request.tls != nullptr) SetTls(transfer, *request.tls);
  Set(handle, CURLOPT_HTTPHEADER, transfer.headers);
}

void SetCallbacks(Transfer& transfer) {
  CURL* const handle = transfer.handle;
  Set(handle, CURLOPT_PRIVATE, &transfer);
  Set(handle, CURLOPT_ERRORBUFFER, transfer.error.data());
  Set(handle, CURLOPT_WRITEFUNCTION, OnBody);
  Set(handle, CURLOPT_WRITEDATA, &transfer);
  Set(handle, CURLOPT_OPENSOCKETFUNCTION, OnSocket);
  Set(handle, CURLOPT_OPENSOCKETDATA, &transfer);
}

Status StatusOf(const Transfer& transfer, CURLcode code) {
  const FetchRequest& request = transfer.request;
  const std::string url = WithoutPassword(request.url);
  const std::string_view reason =
      transfer.error[0] != '\0' ? transfer.error.data() : curl_easy_strerror(code);
  if (transfer.too_large) {
    return Status::TooLarge("body size limit exceeded: url=", url,
                            " limit=", request.body_bytes_max);
  }
  if (transfer.no_memory) {
    return Status::OutOfMemory("no memory for the body: url=", url,
                               " bytes=", transfer.response.body.size());
  }
  if (transfer.refused) {
    return Status::PermissionDenied("link-local address refused: url=", url);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Status::Timeout("no answer in time: url=", url, " timeout_ms=", request.timeout.count());
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Status::InvalidArgument("bad URL: url=", url);
  }
  return Status::Unavailable("cannot fetch: url=", url, " reason=", reason);
}

void Answer(Transfer& transfer, CURLcode code) {
  if (code != CURLE_OK) return transfer.done(StatusOf(transfer, code));
  long status = 0;
  char* type = nullptr;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  curl_easy_getinfo(transfer.handle, CURLINFO_CONTENT_TYPE, &type);
  transfer.response.status = static_cast<int>(status);
  if (type != nullptr) transfer.response.content_type = type;
  transfer.done(std::move(transfer.response));
}

}  // namespace

bool IsTlsVersion(std::string_view version) {
  return std::ranges::find(kTlsVersions, version, &TlsVersion::name) != kTlsVersions.end();
}

bool IsLinkLocal(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &address, sizeof(v4));
    return IsLinkLocalV4(ntohl(v4.sin_addr.s_addr));
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address, sizeof(v6));
    return IsLinkLocalV6(v6.sin6_addr);
  }
  return false;
}

class Fetcher::Impl {
 public:
  explicit Impl(FetcherOptions options) : options_(options) {
    static const CURLcode initialized = curl_global_init(CURL_GLOBAL_DEFAULT);
    LUMA_CHECK(initialized == CURLE_OK);
    multi_ = curl_multi_init();
    LUMA_CHECK(multi_ != nullptr);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, static_cast<long>(options.connections_max));
    thread_ = std::thread([this] { Run(); });
  }
  ~Impl() {
    Stop();
    curl_multi_cleanup(multi_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void Fetch(std::unique_ptr<Transfer> transfer) LUMA_EXCLUDES(mutex_) {
    transfer->allow_link_local = options_.allow_link_local;
    transfer->memory = options_.memory;
    {
      MutexLock lock(mutex_);
      if (!stopping_) queued_.push_back(std::move(transfer));
    }
    if (transfer != nullptr) return GiveUp(*transfer);
    curl_multi_wakeup(multi_);
  }

  void Stop() LUMA_EXCLUDES(mutex_) {
    {
      MutexLock lock(mutex_);
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    if (thread_.joinable()) thread_.join();
  }

 private:
  void Run() LUMA_EXCLUDES(mutex_) {
    while (true) {
      std::vector<std::unique_ptr<Transfer>> starting;
      const bool stops = TakeQueued(starting);
      for (auto& transfer : starting) Start(std::move(transfer));
      if (stops) break;
      int running = 0;
      curl_multi_perform(multi_, &running);
      FinishDone();
      curl_multi_poll(multi_, nullptr, 0, kPollMillisMax, nullptr);
    }
    for (const auto& [handle, transfer] : running_) {
      curl_multi_remove_handle(multi_, handle);
      GiveUp(*transfer);
    }
    running_.clear();
  }

  static void GiveUp(Transfer& transfer) {
    transfer.done(Status::Cancelled("fetch given up: url=", WithoutPassword(transfer.request.url)));
  }

  // True when it is time to stop: nothing is queued from then on.
  bool TakeQueued(std::vector<std::unique_ptr<Transfer>>& taken) LUMA_EXCLUDES(mutex_) {
    MutexLock lock(mutex_);
    taken.swap(queued_);
    return stopping_;
  }

  void Start(std::unique_ptr<Transfer> transfer) {
    transfer->handle = curl_easy_init();
    LUMA_CHECK(transfer->handle != nullptr);
    static_cast<void>(MakeRoom(*transfer, std::min(transfer->request.body_bytes_expected,
                                                   transfer->request.body_bytes_max)));
    SetRequest(*transfer);
    SetCallbacks(*transfer);
    CURL* const handle = transfer->handle;
    running_.emplace(handle, std::move(transfer));
    LUMA_CHECK(curl_multi_add_handle(multi_, handle) == CURLM_OK);
  }

  void FinishDone() {
    int left = 0;
    while (const CURLMsg* const message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE) continue;
      CURL* const handle = message->easy_handle;
      const CURLcode code = message->data.result;
      curl_multi_remove_handle(multi_, handle);
      const auto found = running_.find(handle);
      Answer(*found->second, code);
      running_.erase(found);
    }
  }

  const FetcherOptions options_;
  CURLM* multi_ = nullptr;
  // Belongs to the thread.
  std::unordered_map<CURL*, std::unique_ptr<Transfer>> running_;
  Mutex mutex_;
  std::vector<std::unique_ptr<Transfer>> queued_ LUMA_GUARDED_BY(mutex_);
  bool stopping_ LUMA_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

Fetcher::Fetcher(FetcherOptions options) : impl_(std::make_unique<Impl>(options)) {}
Fetcher::~Fetcher() = default;
void Fetcher::Stop() { impl_->Stop(); }

void Fetcher::Fetch(FetchRequest request, Done done) {
  impl_->Fetch(std::make_unique<Transfer>(std::move(request), std::move(done)));
}

Result<FetchResponse> Fetcher::FetchAndWait(FetchRequest request) {
  // Shared, since the waiting thread may be on before set_value has returned.
  const auto promise = std::make_shared<std::promise<Result<FetchResponse>>>();
  std::future<Result<FetchResponse>> response = promise->get_future();
  Fetch(std::move(request),
        [promise](Result<FetchResponse> outcome) { promise->set_value(std::move(outcome)); });
  return response.get();
}

}  // namespace luma::net
