#include "prom/scrape/dns_discovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>

namespace luma::prom {
namespace {

using testing::ElementsAre;
using testing::Pair;
using testing::UnorderedElementsAre;

std::string Short(int value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}
std::string Name(const std::string& label) {
  return std::string(1, static_cast<char>(label.size())) + label + std::string(1, '\0');
}
// A message with answers only; all are for the name "x".
std::string Message(const std::vector<std::pair<int, std::string>>& answers) {
  std::string message = Short(1) + Short(0x8180) + Short(0) +
                        Short(static_cast<int>(answers.size())) + Short(0) + Short(0);
  for (const auto& [type, data] : answers) {
    message += Name("x") + Short(type) + Short(1) + Short(0) + Short(60) +
               Short(static_cast<int>(data.size())) + data;
  }
  return message;
}

Result<std::vector<TargetGroup>> Parse(const std::string& message, DnsDiscoveryConfig config) {
  return ParseDnsAnswer({reinterpret_cast<const unsigned char*>(message.data()), message.size()},
                        "x", config);
}

constexpr int kA = 1;
constexpr int kCname = 5;
constexpr int kSrv = 33;

// Goal: a stop does not wait for a resolver that does not answer.
// Method: the resolver asks for the stop itself, and answers only once Discover has returned.
TEST(DnsDiscoveryTest, NobodyWaitsForTheResolverOnceAStopIsRequested) {
  struct Shared {
    std::stop_source stop;
    std::promise<void> returned;
    std::shared_future<void> has_returned = returned.get_future().share();
    std::atomic<int> asked{0};
  };
  const auto shared = std::make_shared<Shared>();
  DnsDiscoverer discoverer({.names = {"slow.invalid", "next.invalid"}},
                           [shared](const std::string&, const DnsDiscoveryConfig&) {
                             ++shared->asked;
                             shared->stop.request_stop();
                             shared->has_returned.wait();
                             return std::vector<TargetGroup>();
                           });
  EXPECT_EQ(discoverer.Discover(shared->stop.get_token()).status().code(), StatusCode::kCancelled);
  EXPECT_EQ(shared->asked, 1);
  shared->returned.set_value();
}

TEST(DnsDiscoveryTest, ReadsAddresses) {
  const std::string address("\x7f\x00\x00\x01", 4);
  const auto groups = Parse(Message({{kCname, Name("y")}, {kA, address}}),
                            {.names = {"x"}, .type = DnsDiscoveryConfig::Type::kA, .port = 9100});
  ASSERT_TRUE(groups.ok()) << groups.status();
  ASSERT_EQ(groups->size(), 1u) << "of two records one is an alias";
  EXPECT_THAT((*groups)[0].targets, ElementsAre("127.0.0.1:9100"));
  EXPECT_THAT((*groups)[0].labels, ElementsAre(Pair("__meta_dns_name", "x")));
}

TEST(DnsDiscoveryTest, ReadsServices) {
  const auto groups =
      Parse(Message({{kSrv, Short(0) + Short(5) + Short(8080) + Name("host")}}), {});
  ASSERT_TRUE(groups.ok()) << groups.status();
  ASSERT_EQ(groups->size(), 1u);
  EXPECT_THAT((*groups)[0].targets, ElementsAre("host:8080"));
  EXPECT_THAT((*groups)[0].labels,
              UnorderedElementsAre(Pair("__meta_dns_name", "x"),
                                   Pair("__meta_dns_srv_record_target", "host."),
                                   Pair("__meta_dns_srv_record_port", "8080")));
}

TEST(DnsDiscoveryTest, DamagedAnswersAreErrorsOrEmpty) {
  const std::string whole = Message({{kSrv, Short(0) + Short(5) + Short(8080) + Name("host")}});
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_FALSE(Parse(whole.substr(0, length), {}).ok()) << length;
  }
  const auto short_data = Parse(Message({{kSrv, Short(0)}}), {});
  EXPECT_TRUE(!short_data.ok() || short_data->empty());
}

}  // namespace
}  // namespace luma::prom
