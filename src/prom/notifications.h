// What the server tells whoever looks at it: /api/v1/notifications.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/mutex.h"

namespace luma::prom {

inline constexpr std::string_view kReloadFailedNotification =
    "Configuration reload has failed.";  // Prometheus' words

struct Notification {
  std::string text;
  UnixMillis date = 0;
  bool active = true;  // false: it has ended
};

// Threads: any.
class Notifications {
 public:
  // Ended ones are kept this long, so that clients that ask from time to time learn of it.
  static constexpr UnixMillis kEndedKeptMillis = 60'000;

  // Begins or ends one; one that is there already is as of `now`.
  void Set(std::string_view text, bool active, UnixMillis now) LUMA_EXCLUDES(mutex_);
  std::vector<Notification> Active() const LUMA_EXCLUDES(mutex_);
  // Those that have just ended, too.
  std::vector<Notification> Recent(UnixMillis now) const LUMA_EXCLUDES(mutex_);

 private:
  mutable Mutex mutex_;
  std::vector<Notification> all_ LUMA_GUARDED_BY(mutex_);  // one for each text
};

}  // namespace luma::prom
