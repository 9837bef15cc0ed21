#include "server/rate_limiter.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <string>

#include "base/hash.h"

namespace luma::server {
namespace {

// Two for every newcomer, so that the table shrinks to the clients of the last window.
constexpr int kSweptPerNewcomer = 2;

constexpr uint8_t kIpv4InIpv6[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

uint64_t RandomSeed() {
  std::random_device device;
  return (uint64_t{device()} << 32) | device();
}

}  // namespace

Result<ClientNetwork> ClientNetwork::FromAddress(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));  // without a zone, "fe80::1%eth0"
  ClientNetwork network;
  if (inet_pton(AF_INET, text.c_str(), network.prefix.data()) == 1) return network;
  std::array<uint8_t, 16> ipv6;
  if (inet_pton(AF_INET6, text.c_str(), ipv6.data()) != 1) {
    return Status::InvalidArgument("not an IP address: address=", address);
  }
  if (std::memcmp(ipv6.data(), kIpv4InIpv6, sizeof(kIpv4InIpv6)) == 0) {
    std::copy_n(ipv6.begin() + 12, 4, network.prefix.begin());
    return network;
  }
  std::copy_n(ipv6.begin(), 8, network.prefix.begin());
  network.is_ipv6 = true;
  return network;
}

size_t RateLimiter::Hash::operator()(const ClientNetwork& network) const {
  return Hash64(std::as_bytes(std::span(network.prefix)), seed ^ uint64_t{network.is_ipv6});
}

RateLimiter::RateLimiter(RateLimitConfig config, const Clock& clock, size_t networks_max)
    : clock_(clock),
      networks_max_(networks_max),
      config_(config),
      buckets_(0, Hash{RandomSeed()}),
      shared_{static_cast<double>(config.max_requests), clock.Monotonic()} {}

RateLimiter::Decision RateLimiter::Admit(std::string_view address) {
  const Result<ClientNetwork> network = ClientNetwork::FromAddress(address);
  const MutexLock lock(mutex_);
  if (!config_.enabled) return {};
  const Time now = clock_.Monotonic();
  Bucket* own = network.ok() ? FindOrAdd(*network, now) : nullptr;
  return own != nullptr ? Take(*own, now, /*may_ban=*/true) : Take(shared_, now, /*may_ban=*/false);
}

void RateLimiter::Reconfigure(RateLimitConfig config) {
  const MutexLock lock(mutex_);
  config_ = config;
}

size_t RateLimiter::network_count() const {
  const MutexLock lock(mutex_);
  return buckets_.size();
}

RateLimiter::Decision RateLimiter::Take(Bucket& bucket, Time now, bool may_ban) {
  using std::chrono::ceil;
  using std::chrono::milliseconds;
  if (bucket.banned_until > now) return {false, ceil<milliseconds>(bucket.banned_until - now)};
  Refill(bucket, now);
  if (bucket.tokens >= 1) {
    bucket.tokens -= 1;
    return {};
  }
  if (may_ban && config_.ban_duration.count() > 0) {
    bucket.banned_until = now + config_.ban_duration;
    return {false, config_.ban_duration};
  }
  const Time until_next_token(std::llround((1 - bucket.tokens) / TokensPerNanosecond()));
  return {false, ceil<milliseconds>(until_next_token)};
}

void RateLimiter::Refill(Bucket& bucket, Time now) const {
  const auto elapsed = static_cast<double>((now - bucket.updated).count());
  const double refilled = bucket.tokens + elapsed * TokensPerNanosecond();
  bucket.tokens = std::min(refilled, static_cast<double>(config_.max_requests));
  bucket.updated = now;
}

double RateLimiter::TokensPerNanosecond() const {
  return config_.max_requests / static_cast<double>(Time(config_.window).count());
}

RateLimiter::Bucket* RateLimiter::FindOrAdd(const ClientNetwork& network, Time now) {
  if (const auto found = buckets_.find(network); found != buckets_.end()) return &found->second;
  DropSomeFullBuckets(now);
  if (buckets_.size() >= networks_max_) return nullptr;
  sweep_.push_back(network);
  return &buckets_.emplace(network, Bucket{static_cast<double>(config_.max_requests), now})
              .first->second;
}

void RateLimiter::DropSomeFullBuckets(Time now) {
  for (int i = 0; i < kSweptPerNewcomer && !sweep_.empty(); ++i) {
    const ClientNetwork network = sweep_.front();
    sweep_.pop_front();
    const auto found = buckets_.find(network);
    Refill(found->second, now);
    if (found->second.banned_until <= now && found->second.tokens >= config_.max_requests) {
      buckets_.erase(found);
    } else {
      sweep_.push_back(network);
    }
  }
}

}  // namespace luma::server
