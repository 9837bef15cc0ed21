// The one user of [auth], as the front ends ask for it.
#pragma once

#include <string>
#include <string_view>

#include "base/mutex.h"
#include "net/access.h"
#include "server/config.h"

namespace luma::server {

// Threads: every method from any thread.
class Credentials final : public net::PasswordCheck {
 public:
  explicit Credentials(const Config& config);

  // Takes the same time for every wrong name or password of one length, and never accepts an empty
  // password.
  bool Check(std::string_view username, std::string_view password) const override
      LUMA_EXCLUDES(mutex_);
  void Update(const Config& config) LUMA_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::string username_ LUMA_GUARDED_BY(mutex_);
  std::string password_ LUMA_GUARDED_BY(mutex_);
};

}  // namespace luma::server
