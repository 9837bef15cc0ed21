#include "server/rate_limiter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace luma::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class RateLimiterTest : public testing::Test {
 protected:
  static constexpr RateLimitConfig kConfig{
      .enabled = true, .max_requests = 10, .window = minutes(1), .ban_duration = minutes(5)};

  // Asks `times` times and returns how many were served.
  static int Served(RateLimiter& limiter, std::string_view address, int times) {
    int served = 0;
    for (int i = 0; i < times; ++i) served += limiter.Admit(address).admitted;
    return served;
  }

  ManualClock clock_{1'000'000};
};

TEST_F(RateLimiterTest, ServesTheMaximumOfAWindowThenBans) {
  RateLimiter limiter(kConfig, clock_);
  EXPECT_EQ(Served(limiter, "192.0.2.1", 10), 10);
  const RateLimiter::Decision decision = limiter.Admit("192.0.2.1");
  EXPECT_FALSE(decision.admitted);
  EXPECT_EQ(decision.retry_after, minutes(5));
}

TEST_F(RateLimiterTest, ABanEndsOnTimeAndAskingDoesNotExtendIt) {
  RateLimiter limiter(kConfig, clock_);
  Served(limiter, "192.0.2.1", 11);
  clock_.Advance(minutes(5) - milliseconds(1));
  EXPECT_EQ(limiter.Admit("192.0.2.1").retry_after, milliseconds(1));
  clock_.Advance(milliseconds(1));
  EXPECT_EQ(Served(limiter, "192.0.2.1", 10), 10);
}

TEST_F(RateLimiterTest, TheBucketRefillsEvenlyOverTheWindow) {
  RateLimiter limiter(kConfig, clock_);
  EXPECT_EQ(Served(limiter, "192.0.2.1", 10), 10);
  clock_.Advance(seconds(18));  // three tokens of six seconds each
  EXPECT_EQ(Served(limiter, "192.0.2.1", 4), 3);
}

TEST_F(RateLimiterTest, WithoutABanItSaysWhenTheNextRequestSucceeds) {
  RateLimitConfig config = kConfig;
  config.ban_duration = milliseconds(0);
  RateLimiter limiter(config, clock_);
  Served(limiter, "192.0.2.1", 10);
  EXPECT_EQ(limiter.Admit("192.0.2.1").retry_after, seconds(6));
  clock_.Advance(seconds(6));
  EXPECT_TRUE(limiter.Admit("192.0.2.1").admitted);
}

TEST_F(RateLimiterTest, WallClockJumpsNeitherLiftNorExtendABan) {
  RateLimiter limiter(kConfig, clock_);
  Served(limiter, "192.0.2.1", 11);
  clock_.JumpWallTimeTo(1'000'000'000'000);
  EXPECT_FALSE(limiter.Admit("192.0.2.1").admitted);
  clock_.JumpWallTimeTo(0);
  clock_.Advance(minutes(5));
  EXPECT_TRUE(limiter.Admit("192.0.2.1").admitted);
}

TEST_F(RateLimiterTest, OneClientDoesNotSpendAnothersRequests) {
  RateLimiter limiter(kConfig, clock_);
  Served(limiter, "192.0.2.1", 100);
  EXPECT_EQ(Served(limiter, "192.0.2.2", 10), 10);
}

TEST_F(RateLimiterTest, AddressesOfOneIpv6NetworkAreOneClient) {
  RateLimiter limiter(kConfig, clock_);
  for (int i = 0; i < 10; ++i) limiter.Admit(fmt::format("2001:db8:1:2::{:x}", i));
  EXPECT_FALSE(limiter.Admit("2001:db8:1:2:ffff::1").admitted);
  EXPECT_TRUE(limiter.Admit("2001:db8:1:3::1").admitted);
}

TEST_F(RateLimiterTest, AnIpv4AddressWrittenAsIpv6IsTheSameClient) {
  RateLimiter limiter(kConfig, clock_);
  Served(limiter, "192.0.2.1", 10);
  EXPECT_FALSE(limiter.Admit("::ffff:192.0.2.1").admitted);
}

TEST_F(RateLimiterTest, SwitchedOffItServesAll) {
  RateLimiter limiter({.enabled = false, .max_requests = 1}, clock_);
  EXPECT_EQ(Served(limiter, "192.0.2.1", 1'000), 1'000);
}

TEST_F(RateLimiterTest, ReconfigurationKeepsBans) {
  RateLimiter limiter(kConfig, clock_);
  Served(limiter, "192.0.2.1", 11);
  RateLimitConfig wider = kConfig;
  wider.max_requests = 1'000;
  limiter.Reconfigure(wider);
  EXPECT_FALSE(limiter.Admit("192.0.2.1").admitted);
  EXPECT_EQ(Served(limiter, "192.0.2.9", 1'000), 1'000);
}

TEST_F(RateLimiterTest, ClientsThatWentQuietAreForgotten) {
  RateLimiter limiter(kConfig, clock_);
  for (int i = 0; i < 100; ++i) limiter.Admit(fmt::format("10.0.0.{}", i));
  clock_.Advance(minutes(1));
  for (int i = 0; i < 100; ++i) limiter.Admit(fmt::format("10.0.1.{}", i));
  EXPECT_EQ(limiter.network_count(), 100u);
}

// Goal: an attacker with a million addresses neither frees a banned client nor bans a quiet one,
// and memory stays bounded. Method: a table of 1,000, flooded by distinct addresses at one instant.
TEST_F(RateLimiterTest, AFloodOfAddressesEvictsNobodyWhoMatters) {
  RateLimiter limiter(kConfig, clock_, /*networks_max=*/1'000);
  Served(limiter, "192.0.2.1", 11);
  Served(limiter, "192.0.2.2", 5);
  for (int i = 0; i < 1'000'000; ++i) {
    limiter.Admit(fmt::format("10.{}.{}.{}", i >> 16, (i >> 8) & 255, i & 255));
  }
  EXPECT_EQ(limiter.network_count(), 1'000u);
  EXPECT_FALSE(limiter.Admit("192.0.2.1").admitted);
  EXPECT_EQ(Served(limiter, "192.0.2.2", 10), 5);
  clock_.Advance(minutes(1));
  EXPECT_TRUE(limiter.Admit("198.51.100.1").admitted) << "a newcomer is served after the flood";
}

TEST(ClientNetworkTest, RefusesWhatIsNotAnAddress) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "::g"}) {
    EXPECT_FALSE(ClientNetwork::FromAddress(text).ok()) << text;
  }
  EXPECT_TRUE(ClientNetwork::FromAddress("fe80::1%eth0").ok());
}

}  // namespace
}  // namespace luma::server
