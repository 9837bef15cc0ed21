#include "net/proxy.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace luma::net {
namespace {

constexpr const char* kProxy = "http://proxy:3128";

// True when `host`, on port 80, is asked without the proxy.
bool IsDirect(const std::string& no_proxy, std::string_view host, std::string_view port = "80") {
  return ProxyFor({.url = kProxy, .no_proxy = no_proxy}, "http", host, port).empty();
}

TEST(ProxyTest, AProxyAloneIsForEverything) {
  for (const char* host : {"example.org", "127.0.0.1", "localhost"}) {
    EXPECT_EQ(ProxyFor({.url = kProxy}, "https", host, "443"), kProxy) << host;
  }
  EXPECT_EQ(ProxyFor({}, "http", "example.org", "80"), "");
}

TEST(ProxyTest, NamesStandForWhatIsBelowThem) {
  EXPECT_TRUE(IsDirect("a.org, Example.org", "example.org"));
  EXPECT_TRUE(IsDirect("example.org", "www.EXAMPLE.org"));
  EXPECT_FALSE(IsDirect("example.org", "myexample.org"));
  EXPECT_FALSE(IsDirect(".example.org", "example.org"));
  EXPECT_TRUE(IsDirect(".example.org", "www.example.org"));
  EXPECT_TRUE(IsDirect("*.example.org", "www.example.org"));
  EXPECT_FALSE(IsDirect("*.example.org", "example.org"));
  EXPECT_TRUE(IsDirect("*", "example.org"));
}

TEST(ProxyTest, AddressesAndNetworksAreComparedAsSuch) {
  EXPECT_TRUE(IsDirect("10.1.2.3", "10.1.2.3"));
  EXPECT_FALSE(IsDirect("10.1.2.3", "10.1.2.30"));
  EXPECT_TRUE(IsDirect("10.0.0.0/9", "10.127.255.255"));
  EXPECT_FALSE(IsDirect("10.0.0.0/9", "10.128.0.0"));
  EXPECT_TRUE(IsDirect("fd00::/8", "[fd12::1]"));
  EXPECT_TRUE(IsDirect("::2", "[0:0::2]"));
  EXPECT_FALSE(IsDirect("fd00::/8", "10.0.0.1"));
  EXPECT_FALSE(IsDirect("10.0.0.0/x, 10.0.0.0/, 10.0.0.0/99, /8", "10.0.0.1"));
}

TEST(ProxyTest, APortNarrowsAnEntry) {
  EXPECT_TRUE(IsDirect("example.org:8080", "example.org", "8080"));
  EXPECT_FALSE(IsDirect("example.org:8080", "example.org", "80"));
  EXPECT_TRUE(IsDirect("[::2]:8080", "[::2]", "8080"));
  EXPECT_FALSE(IsDirect("10.0.0.1:8080", "10.0.0.1", "80"));
}

TEST(ProxyTest, TheMachineItselfNeedsNoProxyWhereThereAreExceptions) {
  for (const char* host : {"localhost", "127.0.0.2", "[::1]"}) {
    EXPECT_TRUE(IsDirect("example.org", host)) << host;
  }
}

TEST(ProxyTest, TheEnvironmentIsAskedWhenItIsWanted) {
  setenv("HTTP_PROXY", "plain:1", 1);
  setenv("https_proxy", "https://tls:2", 1);
  setenv("NO_PROXY", "example.org", 1);
  const ProxyOptions options{.from_environment = true};
  EXPECT_EQ(ProxyFor(options, "http", "a.org", "80"), "http://plain:1");
  EXPECT_EQ(ProxyFor(options, "https", "a.org", "443"), "https://tls:2");
  EXPECT_EQ(ProxyFor(options, "http", "www.example.org", "80"), "");
  EXPECT_EQ(ProxyFor(options, "http", "localhost", "80"), "");
  setenv("REQUEST_METHOD", "GET", 1);
  EXPECT_EQ(ProxyFor(options, "http", "a.org", "80"), "");
  for (const char* name : {"HTTP_PROXY", "https_proxy", "NO_PROXY", "REQUEST_METHOD"}) {
    unsetenv(name);
  }
  EXPECT_EQ(ProxyFor(options, "http", "a.org", "80"), "");
}

TEST(ProxyTest, OnlySomeSchemesAreThoseOfProxies) {
  for (const char* url : {"http://h", "https://h:1", "socks5://u:p@h", "socks5h://h"}) {
    EXPECT_TRUE(IsProxyUrl(url)) << url;
  }
  for (const char* url : {"h:3128", "ftp://h", "http://", "socks4://h", ""}) {
    EXPECT_FALSE(IsProxyUrl(url)) << url;
  }
}

}  // namespace
}  // namespace luma::net
