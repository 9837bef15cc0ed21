#include "net/internal/transfer.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/check.h"
#include "net/link_local.h"
#include "net/proxy.h"
#include "net/url.h"

namespace luma::net {
namespace {

constexpr long kRedirectsMax = 10;
constexpr size_t kBodyRoomMin = 16 << 10;

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

// A URL as libcurl reads it: numbers for IPv4 addresses, however they were written.
struct UrlParts {
  std::string scheme;
  std::string host;
  std::string port;
};

std::string PartOf(CURLU* url, CURLUPart which) {
  char* text = nullptr;
  const CURLUcode code = curl_url_get(url, which, &text, CURLU_DEFAULT_PORT);
  const std::unique_ptr<char, void (*)(void*)> owned(text, curl_free);
  return code == CURLUE_OK ? text : "";
}

using UrlHandle = std::unique_ptr<CURLU, void (*)(CURLU*)>;

// Null for what is no URL.
UrlHandle ReadUrl(const char* text) {
  UrlHandle url(curl_url(), curl_url_cleanup);
  const bool is_read = curl_url_set(url.get(), CURLUPART_URL, text, 0) == CURLUE_OK;
  return is_read ? std::move(url) : UrlHandle(nullptr, curl_url_cleanup);
}

std::optional<UrlParts> PartsOf(const char* text) {
  const UrlHandle url = ReadUrl(text);
  if (url == nullptr) return std::nullopt;
  return UrlParts{.scheme = PartOf(url.get(), CURLUPART_SCHEME),
                  .host = PartOf(url.get(), CURLUPART_HOST),
                  .port = PartOf(url.get(), CURLUPART_PORT)};
}

bool HasLinkLocalHost(const char* url) {
  const std::optional<UrlParts> parts = PartsOf(url);
  return parts && IsLinkLocalHost(parts->host);
}

// Whether a proxy must not be asked for where the transfer has got to, by redirects too.
bool IsRefusedBehindProxy(const Transfer& transfer) {
  const char* url = nullptr;
  curl_easy_getinfo(transfer.handle, CURLINFO_EFFECTIVE_URL, &url);
  return transfer.has_proxy && !transfer.allow_link_local && url != nullptr &&
         HasLinkLocalHost(url);
}

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
// up, and again for every redirect. With a proxy the address is the proxy's.
curl_socket_t OnSocket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  const bool is_local = !transfer.allow_link_local && IsLinkLocal(address->addr);
  if (is_local || IsRefusedBehindProxy(transfer)) {
    transfer.refused = true;
    return CURL_SOCKET_BAD;
  }
  return socket(address->family, address->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                address->protocol);
}

// A connection to a proxy may serve many hosts.
int OnRequest(void* user, char*, char*, int, int) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!IsRefusedBehindProxy(transfer)) return CURL_PREREQFUNC_OK;
  transfer.refused = true;
  return CURL_PREREQFUNC_ABORT;
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
  const UrlHandle url = ReadUrl(transfer.request.url.c_str());
  if (url == nullptr) return;
  const std::string where =
      PartOf(url.get(), CURLUPART_HOST) + ":" + PartOf(url.get(), CURLUPART_PORT);
  if (curl_url_set(url.get(), CURLUPART_HOST, name.c_str(), 0) != CURLUE_OK) return;
  transfer.connect_to = curl_slist_append(nullptr, ("::" + where).c_str());
  Set(transfer.handle, CURLOPT_CONNECT_TO, transfer.connect_to);
  transfer.headers = curl_slist_append(transfer.headers, ("Host: " + where).c_str());
  Set(transfer.handle, CURLOPT_URL, PartOf(url.get(), CURLUPART_URL).c_str());
}

// A proxy with TLS is checked as servers are, but for the name.
void SetProxyTls(CURL* handle, const TlsOptions& tls) {
  SetText(handle, CURLOPT_PROXY_CAINFO, tls.ca_file);
  SetBlob(handle, CURLOPT_PROXY_CAINFO_BLOB, tls.ca_text);
  Set(handle, CURLOPT_PROXY_SSL_VERIFYPEER, tls.skip_verify ? 0L : 1L);
  Set(handle, CURLOPT_PROXY_SSL_VERIFYHOST, tls.skip_verify ? 0L : 2L);
  Set(handle, CURLOPT_PROXY_SSLVERSION, TlsVersionBits(tls));
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
  if (transfer.has_proxy) SetProxyTls(handle, tls);
  if (!tls.server_name.empty()) SetServerName(transfer, tls.server_name);
}

std::string ProxyOf(const FetchRequest& request) {
  const std::optional<UrlParts> url = PartsOf(request.url.c_str());
  if (request.proxy == nullptr || !url) return "";
  std::string proxy = ProxyFor(*request.proxy, url->scheme, url->host, url->port);
  // As in Go: names are always looked up by the proxy.
  constexpr std::string_view kSocks5 = "socks5://";
  if (proxy.starts_with(kSocks5)) proxy.replace(0, kSocks5.size(), "socks5h://");
  return proxy;
}

void SetProxy(Transfer& transfer) {
  CURL* const handle = transfer.handle;
  const FetchRequest& request = transfer.request;
  const std::string proxy = ProxyOf(request);
  transfer.has_proxy = !proxy.empty();
  // The environment of the server is nobody's wish unless the request says so.
  Set(handle, CURLOPT_PROXY, proxy.c_str());
  Set(handle, CURLOPT_NOPROXY, "");
  Set(handle, CURLOPT_HEADEROPT, static_cast<long>(CURLHEADER_SEPARATE));
  if (!transfer.has_proxy || !request.url.starts_with("https")) return;
  for (const std::string& header : request.proxy->connect_headers) {
    transfer.proxy_headers = curl_slist_append(transfer.proxy_headers, header.c_str());
  }
  Set(handle, CURLOPT_PROXYHEADER, transfer.proxy_headers);
}

void SetBody(Transfer& transfer) {
  const std::string& body = transfer.request.body;
  Set(transfer.handle, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  Set(transfer.handle, CURLOPT_POSTFIELDS,
      body.data());  // which it reads while it sends
  // Without this it asks first whether a large body is welcome, and waits a second for the answer.
  transfer.headers = curl_slist_append(transfer.headers, "Expect:");
}

void SetRequest(Transfer& transfer) {
  CURL* const handle = transfer.handle;
  const FetchRequest& request = transfer.request;
  Set(handle, CURLOPT_URL, request.url.c_str());
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
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
  SetProxy(transfer);
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
  Set(handle, CURLOPT_PREREQFUNCTION, OnRequest);
  Set(handle, CURLOPT_PREREQDATA, &transfer);
}

Status RefusedStatus(const FetchRequest& request) {
  return Status::PermissionDenied("link-local address refused: url=", WithoutPassword(request.url));
}

Status StatusOf(const Transfer& transfer, CURLcode code) {
  const FetchRequest& request = transfer.request;
  const std::string url = WithoutPassword(request.url);
  // What is said about a proxy that cannot be used has its URL in it, password and all.
  const bool is_told = transfer.error[0] != '\0' && code != CURLE_COULDNT_RESOLVE_PROXY;
  const std::string_view reason = is_told ? transfer.error.data() : curl_easy_strerror(code);
  if (transfer.too_large) {
    return Status::TooLarge("body size limit exceeded: url=", url,
                            " limit=", request.body_bytes_max);
  }
  if (transfer.no_memory) {
    return Status::OutOfMemory("no memory for the body: url=", url,
                               " bytes=", transfer.response.body.size());
  }
  if (transfer.refused) {
    return RefusedStatus(request);
  }
  if (code == CURLE_OPERATION_TIMEDOUT) {
    return Status::Timeout("no answer in time: url=", url, " timeout_ms=", request.timeout.count());
  }
  if (code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL) {
    return Status::InvalidArgument("bad URL: url=", url);
  }
  return Status::Unavailable("cannot fetch: url=", url, " reason=", reason);
}

}  // namespace

Transfer::~Transfer() {
  curl_easy_cleanup(handle);
  curl_slist_free_all(headers);
  curl_slist_free_all(proxy_headers);
  curl_slist_free_all(connect_to);
}

Status Prepare(Transfer& transfer) {
  transfer.handle = curl_easy_init();
  LUMA_CHECK(transfer.handle != nullptr);
  static_cast<void>(MakeRoom(
      transfer, std::min(transfer.request.body_bytes_expected, transfer.request.body_bytes_max)));
  SetRequest(transfer);
  SetCallbacks(transfer);
  const bool is_refused = transfer.has_proxy && !transfer.allow_link_local &&
                          HasLinkLocalHost(transfer.request.url.c_str());
  return is_refused ? RefusedStatus(transfer.request) : Status::Ok();
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

void GiveUp(Transfer& transfer) {
  transfer.done(Status::Cancelled("fetch given up: url=", WithoutPassword(transfer.request.url)));
}

bool IsTlsVersion(std::string_view version) {
  return std::ranges::find(kTlsVersions, version, &TlsVersion::name) != kTlsVersions.end();
}

}  // namespace luma::net
