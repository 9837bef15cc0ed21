#include "net/proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace luma::net {
namespace {

constexpr std::array<std::string_view, 4> kSchemes = {"http://", "https://", "socks5://",
                                                      "socks5h://"};

struct Address {
  std::array<uint8_t, 16> bytes = {};
  size_t bits = 0;  // 32 or 128
};

std::optional<Address> ReadAddress(std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) text = text.substr(1, text.size() - 2);
  const std::string copy(text);
  Address address;
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1) {
    address.bits = 32;
  } else if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1) {
    address.bits = 128;
  } else {
    return std::nullopt;
  }
  return address;
}

bool IsLoopback(const Address& address) {
  constexpr uint8_t kLoopbackNet = 127;
  if (address.bits == 32) return address.bytes[0] == kLoopbackNet;
  return std::memcmp(address.bytes.data(), &in6addr_loopback, sizeof(in6addr_loopback)) == 0;
}

bool HaveSameBits(const Address& a, const Address& b, size_t count) {
  if (a.bits != b.bits || count > a.bits) return false;
  const size_t whole = count / 8;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), whole) != 0) return false;
  const auto mask = static_cast<uint8_t>(0xff00 >> (count % 8));
  return count % 8 == 0 || (a.bytes[whole] & mask) == (b.bytes[whole] & mask);
}

std::string Lowered(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return lowered;
}

std::string_view Trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

struct Destination {
  std::string host;  // lower case
  std::string_view port;
  std::optional<Address> address;  // when the host is one
};

bool IsInNetwork(const Destination& to, std::string_view entry, size_t slash) {
  const std::optional<Address> network = ReadAddress(entry.substr(0, slash));
  size_t bits = 0;
  const std::string_view count = entry.substr(slash + 1);
  const auto [stop, error] = std::from_chars(count.data(), count.data() + count.size(), bits);
  const bool is_read = network && error == std::errc() && stop == count.data() + count.size();
  return is_read && to.address && HaveSameBits(*network, *to.address, bits);
}

// Takes ":8080" off the end of "host:8080" or "[::1]:8080"; of an IPv6 address without brackets it
// takes nothing.
std::string_view TakePort(std::string_view& entry) {
  const size_t colon = entry.rfind(':');
  if (colon == std::string_view::npos) return {};
  const bool is_port = entry.find(':') == colon || entry.substr(0, colon).ends_with(']');
  if (!is_port) return {};
  const std::string_view port = entry.substr(colon + 1);
  entry = entry.substr(0, colon);
  return port;
}

// A name stands for itself and what is below it; one that begins with a dot only for the latter.
bool IsOfDomain(std::string_view host, std::string_view domain) {
  if (domain.starts_with("*.")) domain.remove_prefix(1);
  if (domain.starts_with('.')) return host.ends_with(domain);
  return host == domain || (host.ends_with(domain) && host.size() > domain.size() &&
                            host[host.size() - domain.size() - 1] == '.');
}

bool Matches(const Destination& to, std::string_view entry) {
  if (entry == "*") return true;
  if (const size_t slash = entry.find('/'); slash != std::string_view::npos) {
    return IsInNetwork(to, entry, slash);
  }
  const std::string_view port = TakePort(entry);
  if (entry.empty() || (!port.empty() && port != to.port)) return false;
  if (const std::optional<Address> address = ReadAddress(entry)) {
    return to.address && HaveSameBits(*address, *to.address, address->bits);
  }
  return IsOfDomain(to.host, entry);
}

bool IsExcluded(const Destination& to, std::string_view no_proxy) {
  const bool is_here = to.host == "localhost" || (to.address && IsLoopback(*to.address));
  if (is_here) return true;
  const std::string entries = Lowered(no_proxy);
  std::string_view rest = entries;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find(','), rest.size());
    if (Matches(to, Trimmed(rest.substr(0, end)))) return true;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return false;
}

std::string FromEnvironment(const char* name, const char* lower_name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') value = std::getenv(lower_name);
  return value == nullptr ? "" : value;
}

// A program that a web server runs has headers of requests in its environment: Proxy would be
// there.
bool IsCgi() { return std::getenv("REQUEST_METHOD") != nullptr; }

std::string EnvironmentProxy(std::string_view scheme) {
  if (scheme != "https" && IsCgi()) return "";
  std::string url = scheme == "https" ? FromEnvironment("HTTPS_PROXY", "https_proxy")
                                      : FromEnvironment("HTTP_PROXY", "http_proxy");
  if (!url.empty() && url.find("://") == std::string::npos) url.insert(0, "http://");
  return url;
}

}  // namespace

bool IsProxyUrl(std::string_view url) {
  return std::ranges::any_of(kSchemes, [url](std::string_view scheme) {
    return url.starts_with(scheme) && url.size() > scheme.size();
  });
}

std::string ProxyFor(const ProxyOptions& options, std::string_view scheme, std::string_view host,
                     std::string_view port) {
  std::string url = options.from_environment ? EnvironmentProxy(scheme) : options.url;
  const std::string no_proxy =
      options.from_environment ? FromEnvironment("NO_PROXY", "no_proxy") : options.no_proxy;
  // A proxy that is named alone is for everything.
  if (url.empty() || (no_proxy.empty() && !options.from_environment)) return url;
  const Destination to{.host = Lowered(host), .port = port, .address = ReadAddress(host)};
  return IsExcluded(to, no_proxy) ? "" : url;
}

}  // namespace luma::net
