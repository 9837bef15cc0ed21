// Whether a client's address may connect: rate limits and bans, decided elsewhere.
#pragma once

#include <string_view>

#include "base/status.h"

namespace luma::session {

// Threads: every method from any thread; none may block.
class AdmissionPolicy {
 public:
  virtual ~AdmissionPolicy() = default;
  // Called for every accepted socket. An error (kTooManyRequests) is told to the client, which is
  // then disconnected.
  virtual Status OnConnect(std::string_view address) = 0;
  // Called for every wrong password.
  virtual void OnAuthFailure(std::string_view address) = 0;
};

}  // namespace luma::session
