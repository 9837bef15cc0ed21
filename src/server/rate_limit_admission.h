// The rate limiter as the HTTP server asks for it.
#pragma once

#include "net/access.h"
#include "server/rate_limiter.h"

namespace luma::server {

class RateLimitAdmission final : public net::Admission {
 public:
  explicit RateLimitAdmission(RateLimiter& limiter) : limiter_(limiter) {}

  Decision Admit(std::string_view peer_address) override {
    const RateLimiter::Decision decision = limiter_.Admit(peer_address);
    return {decision.admitted, std::chrono::ceil<std::chrono::seconds>(decision.retry_after)};
  }

 private:
  RateLimiter& limiter_;
};

}  // namespace luma::server
