#include "net/link_local.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

namespace luma::net {
namespace {

using namespace std::string_view_literals;

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

// Of those services of clouds that have one.
constexpr std::array<std::string_view, 4> kMetadataNames = {
    "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"};

bool IsMetadataName(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  return std::ranges::any_of(kMetadataNames, [host](std::string_view name) {
    return std::ranges::equal(name, host, [](char a, char b) {
      return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b);
    });
  });
}

}  // namespace

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

bool IsLinkLocalHost(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const std::string text(host.substr(0, host.find('%')));  // without the zone of an IPv6 address
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return IsLinkLocalV4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) return IsLinkLocalV6(v6);
  return IsMetadataName(host);
}

}  // namespace luma::net
