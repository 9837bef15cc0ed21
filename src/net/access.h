// Who may send requests, and how many.
#pragma once

#include <chrono>
#include <string_view>

#include "net/http.h"

namespace luma::net {

// Threads: Check from any thread; it must not block for long.
class PasswordCheck {
 public:
  virtual ~PasswordCheck() = default;
  virtual bool Check(std::string_view username, std::string_view password) const = 0;
};

// True when the request carries credentials that pass: those of RFC 7617 ("Authorization: Basic
// ..."), or "Authorization: Token name:password" as clients of InfluxDB send them.
bool PassesPasswordCheck(const HttpRequest& request, const PasswordCheck& check);

// Rate limits. Consulted once per request, also one that makes no sense, before its body is read.
// Threads: Admit from any thread; it must not block.
class Admission {
 public:
  virtual ~Admission() = default;
  struct Decision {
    bool admitted = true;
    std::chrono::seconds retry_after{0};  // told to a client that is not admitted
  };
  virtual Decision Admit(std::string_view peer_address) = 0;
};

}  // namespace luma::net
