// The rate limiter as the front ends ask for it.
#pragma once

#include "net/access.h"
#include "server/rate_limiter.h"
#include "session/admission.h"

namespace luma::server {

// An HTTP request, a PostgreSQL connection and a wrong password count as one request each.
class RateLimitAdmission final : public net::Admission, public session::AdmissionPolicy {
 public:
  explicit RateLimitAdmission(RateLimiter& limiter) : limiter_(limiter) {}

  Decision Admit(std::string_view peer_address) override {
    const RateLimiter::Decision decision = limiter_.Admit(peer_address);
    return {decision.admitted, std::chrono::ceil<std::chrono::seconds>(decision.retry_after)};
  }

  Status OnConnect(std::string_view address) override {
    const Decision decision = Admit(address);
    if (decision.admitted) return Status::Ok();
    return Status::TooManyRequests("too many requests from this address: retry_after_seconds=",
                                   decision.retry_after.count());
  }

  void OnAuthFailure(std::string_view address) override { limiter_.Admit(address); }

 private:
  RateLimiter& limiter_;
};

}  // namespace luma::server
