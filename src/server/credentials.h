// The one user of [auth], as the HTTP servers ask for it.
#pragma once

#include <string>
#include <string_view>

#include "net/access.h"
#include "server/config.h"

namespace luma::server {

// Threads: any.
class Credentials final : public net::PasswordCheck {
 public:
  explicit Credentials(const Config& config)
      : username_(config.auth.username), password_(config.auth.password) {}

  // Takes the same time wherever the name or the password is wrong. An empty password never fits.
  bool Check(std::string_view username, std::string_view password) const override;

 private:
  const std::string username_;
  const std::string password_;
};

}  // namespace luma::server
