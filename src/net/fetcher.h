// An HTTP client for many servers asked again and again: connections are kept, bodies may come
// compressed, TLS, and addresses that no server should be sent to are refused.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "net/memory_account.h"
#include "net/proxy.h"

namespace luma::net {

struct TokenOptions;  // token.h

struct TlsOptions {
  // Of each pair the text (PEM) or the file; all empty: the roots of the system, no certificate.
  std::string ca_text = {};
  std::string ca_file = {};
  std::string certificate_text = {};
  std::string certificate_file = {};
  std::string key_text = {};
  std::string key_file = {};
  std::string server_name = {};  // that the certificate must have; empty: the host of the URL
  bool skip_verify = false;
  std::string version_min = {};  // "TLS12"; empty: TLS 1.2
  std::string version_max = {};  // empty: the newest
  bool operator==(const TlsOptions&) const = default;
};
bool IsTlsVersion(std::string_view version);  // "TLS10" .. "TLS13"

struct FetchRequest {
  std::string url;
  std::vector<std::string> headers = {};  // "Name: value"
  std::string body = {};                  // empty: GET; else it is sent by POST
  // Both empty: none. Sent to the host of `url` only, not where a redirect leads.
  std::string username = {};
  std::string password = {};
  std::shared_ptr<const TlsOptions> tls = nullptr;      // null: the defaults
  std::shared_ptr<const ProxyOptions> proxy = nullptr;  // null: none; for redirects the same one
  // Null: none. Else the token is sent to the host of `url` as Authorization, which `headers` lack.
  std::shared_ptr<const TokenOptions> token = nullptr;
  std::chrono::milliseconds timeout{10'000};  // from connecting to the last byte
  uint64_t body_bytes_max = 64 << 20;         // decompressed
  uint64_t body_bytes_expected = 0;           // reserved for the body if there is memory
  bool accepts_gzip = true;
  bool follows_redirects = false;  // to http and https, ten of them at most
};

struct FetchResponse {
  int status = 0;
  std::string content_type;
  std::string body;                              // decompressed
  std::shared_ptr<const void> memory = nullptr;  // what the body is booked with
};

struct FetcherOptions {
  bool allow_link_local = false;
  size_t connections_max = 10'000;  // kept open at once, idle ones included
  MemoryAccount* memory = nullptr;  // of bodies, booked as they grow; null: they are not booked
};

// Runs all transfers on one thread of its own. Threads: Fetch and FetchAndWait from any thread,
// Stop from one.
class Fetcher {
 public:
  explicit Fetcher(FetcherOptions options = {});
  ~Fetcher();  // Stop()
  // Transfers under way and later ones end with kCancelled. Not from `done`.
  void Stop();

  using Done = std::function<void(Result<FetchResponse>)>;
  // Calls `done` once, on the fetcher's thread, where it must not block. A response of any status
  // is a value. Errors: kTooLarge for the body, kTimeout, kPermissionDenied for an address that is
  // refused (link_local.h), kInvalidArgument for a request that cannot be, kOutOfMemory for the
  // body, kUnavailable, kCancelled, and those of its token. They do not show the password that a
  // URL may have. What a name stands for that only a proxy looks up is not known here, hence not
  // refused.
  void Fetch(FetchRequest request, Done done);
  // Blocks; not from `done` of another.
  Result<FetchResponse> FetchAndWait(FetchRequest request);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace luma::net
