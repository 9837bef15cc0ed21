// Addresses that no server should be sent to by what it is told to fetch.
#pragma once

#include <string_view>

struct sockaddr;

namespace luma::net {

// True for addresses that only lead to the machine's own surroundings: link-local ones, where the
// metadata services of clouds are, and those such services have besides; also as IPv4 addresses in
// IPv6 ones (mapped, compatible, NAT64, 6to4, Teredo).
bool IsLinkLocal(const sockaddr& address);

// The same of the host of a URL as far as it can be told without looking a name up: for what is
// asked of a proxy. Names that clouds give their metadata services are known.
bool IsLinkLocalHost(std::string_view host);

}  // namespace luma::net
