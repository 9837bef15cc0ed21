// Limits how often one client address may ask, and bans for a while the one that asks more often.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"

namespace luma::server {

struct RateLimitConfig {
  bool enabled = false;
  uint32_t max_requests = 100;
  std::chrono::milliseconds window{60'000};
  std::chrono::milliseconds ban_duration{300'000};
};

// What counts as one client: an IPv4 address (also when written as IPv6), or the /64 network of an
// IPv6 address, since one customer of a provider holds at least that much.
struct ClientNetwork {
  std::array<uint8_t, 8> prefix{};
  bool is_ipv6 = false;
  bool operator==(const ClientNetwork&) const = default;

  // Errors: kInvalidArgument when `address` is not a numeric IP address.
  static Result<ClientNetwork> FromAddress(std::string_view address);
};

// Each network has a token bucket of max_requests that refills evenly over the window; an empty one
// starts a ban. Time comes from Clock::Monotonic, so wall-clock jumps neither lift nor extend a
// ban.
//
// The table is bounded, and nobody can be pushed out of it who matters: only buckets that are full
// again are dropped, and those carry no information. While a table has no such bucket to drop
// (which takes networks_max clients at once), newcomers share one bucket, which limits but never
// bans. Threads: every method from any thread. Admit takes constant time and does no I/O.
class RateLimiter {
 public:
  static constexpr size_t kNetworksMax = 1 << 18;  // about 100 bytes each: 26 MB when full

  RateLimiter(RateLimitConfig config, const Clock& clock, size_t networks_max = kNetworksMax);

  struct Decision {
    bool admitted = true;
    std::chrono::milliseconds retry_after{0};  // until the next request can succeed
  };
  // Counts one request of `address` and says whether to serve it. What is not a numeric address is
  // served from the shared bucket.
  Decision Admit(std::string_view address) LUMA_EXCLUDES(mutex_);

  // Buckets keep what they hold, up to the new maximum; running bans keep their end.
  void Reconfigure(RateLimitConfig config) LUMA_EXCLUDES(mutex_);

  size_t network_count() const LUMA_EXCLUDES(mutex_);

 private:
  using Time = std::chrono::nanoseconds;
  struct Bucket {
    double tokens;
    Time updated;
    Time banned_until{0};
  };
  struct Hash {
    uint64_t seed;  // drawn at start: collisions cannot be computed beforehand
    size_t operator()(const ClientNetwork& network) const;
  };

  Decision Take(Bucket& bucket, Time now, bool may_ban) LUMA_REQUIRES(mutex_);
  void Refill(Bucket& bucket, Time now) const LUMA_REQUIRES(mutex_);
  // The network's bucket, made if there is room; null when the shared one must serve.
  Bucket* FindOrAdd(const ClientNetwork& network, Time now) LUMA_REQUIRES(mutex_);
  void DropSomeFullBuckets(Time now) LUMA_REQUIRES(mutex_);
  double TokensPerNanosecond() const LUMA_REQUIRES(mutex_);

  const Clock& clock_;
  const size_t networks_max_;
  mutable Mutex mutex_;
  RateLimitConfig config_ LUMA_GUARDED_BY(mutex_);
  std::unordered_map<ClientNetwork, Bucket, Hash> buckets_ LUMA_GUARDED_BY(mutex_);
  Bucket shared_ LUMA_GUARDED_BY(mutex_);
  // Every network of buckets_ once, in the order in which they are examined for dropping.
  std::deque<ClientNetwork> sweep_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::server
