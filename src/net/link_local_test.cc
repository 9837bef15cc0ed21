#include "net/link_local.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

namespace luma::net {
namespace {

TEST(IsLinkLocalTest, KnowsTheAddresses) {
  const auto is_local = [](int family, const char* text) {
    sockaddr_storage storage{};
    storage.ss_family = static_cast<sa_family_t>(family);
    void* const to = family == AF_INET
                         ? static_cast<void*>(&reinterpret_cast<sockaddr_in&>(storage).sin_addr)
                         : static_cast<void*>(&reinterpret_cast<sockaddr_in6&>(storage).sin6_addr);
    EXPECT_EQ(inet_pton(family, text, to), 1);
    return IsLinkLocal(reinterpret_cast<const sockaddr&>(storage));
  };
  for (const char* text : {"169.254.169.254", "169.254.0.1", "100.100.100.200"}) {
    EXPECT_TRUE(is_local(AF_INET, text)) << text;
  }
  for (const char* text : {"127.0.0.1", "10.0.0.1", "169.253.0.1"}) {
    EXPECT_FALSE(is_local(AF_INET, text)) << text;
  }
  for (const char* text :
       {"fe80::1", "fd00:ec2::254", "::ffff:169.254.169.254", "::169.254.169.254",
        "::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b::100.100.100.200",
        "64:ff9b:1:a9fe:a9:fe00::", "64:ff9b:1:7a9:fe:a9fe::", "64:ff9b:1:7:a9:fea9:fe00:0",
        "64:ff9b:1:7:8:9:169.254.0.1", "2002:a9fe:a9fe::1",
        "2001:0:a9fe:a9fe::", "2001:0:1:2:3:4:5601:5601"}) {
    EXPECT_TRUE(is_local(AF_INET6, text)) << text;
  }
  for (const char* text : {"::1", "fd00::1", "2001:db8::1", "::10.0.0.1", "::ffff:10.0.0.1",
                           "64:ff9b::10.0.0.1", "64:ff9b:1:a00:1::", "2002:a00:1::1",
                           "2001:0:a00:1::f5ff:fffe", "2001:db8::169.254.169.254"}) {
    EXPECT_FALSE(is_local(AF_INET6, text)) << text;
  }
}

TEST(IsLinkLocalHostTest, KnowsAddressesAndTheNamesOfMetadataServices) {
  for (const char* host : {"169.254.169.254", "[fe80::1%25eth0]", "[::ffff:169.254.0.1]",
                           "metadata.google.internal", "Metadata.Google.Internal."}) {
    EXPECT_TRUE(IsLinkLocalHost(host)) << host;
  }
  for (const char* host : {"127.0.0.1", "[::1]", "example.org", "metadata", ""}) {
    EXPECT_FALSE(IsLinkLocalHost(host)) << host;
  }
}

}  // namespace
}  // namespace luma::net
