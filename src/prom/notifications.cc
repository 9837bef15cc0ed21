#include "prom/notifications.h"

#include <algorithm>
#include <iterator>

namespace luma::prom {

void Notifications::Set(std::string_view text, bool active, UnixMillis now) {
  MutexLock lock(mutex_);
  const auto known = std::ranges::find(all_, text, &Notification::text);
  if (known == all_.end()) {
    if (active) all_.push_back({.text = std::string(text), .date = now, .active = true});
    return;
  }
  if (!active && !known->active) return;
  known->date = now;
  known->active = active;
}

std::vector<Notification> Notifications::Active() const {
  MutexLock lock(mutex_);
  std::vector<Notification> active;
  std::ranges::copy_if(all_, std::back_inserter(active), &Notification::active);
  return active;
}

std::vector<Notification> Notifications::Recent(UnixMillis now) const {
  MutexLock lock(mutex_);
  std::vector<Notification> recent;
  std::ranges::copy_if(all_, std::back_inserter(recent), [now](const Notification& one) {
    return one.active || now - one.date < kEndedKeptMillis;
  });
  return recent;
}

}  // namespace luma::prom
