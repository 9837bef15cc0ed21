#include "storage/retention/expiry_clock.h"

#include <algorithm>

#include "base/log.h"

namespace luma::storage {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

ExpiryClock::ExpiryClock(const Clock& clock, std::optional<UnixMillis> known, Options options)
    : clock_(clock), options_(options), base_monotonic_(clock.Monotonic()) {
  MutexLock lock(mutex_);
  base_ = clock.NowMillis();
  // Nothing beyond `known` is given away: many starts by a wrong clock would add up.
  const bool is_jump = known && base_ - *known > options_.start_gap_max.count();
  if (is_jump) base_ = *known;
  now_ = base_;
  Advance();
}

UnixMillis ExpiryClock::Now() {
  MutexLock lock(mutex_);
  Advance();
  return now_;
}

milliseconds ExpiryClock::Lag() {
  MutexLock lock(mutex_);
  Advance();
  return jump_ ? jump_->lead : milliseconds(0);
}

void ExpiryClock::Confirm() {
  MutexLock lock(mutex_);
  FollowWall(clock_.NowMillis(), clock_.Monotonic());
  LUMA_LOG(kInfo, "storage", "clock confirmed, data expires by it: now={}", now_);
}

void ExpiryClock::Advance() {
  const nanoseconds monotonic = clock_.Monotonic();
  const UnixMillis wall = clock_.NowMillis();
  const auto passed = std::chrono::duration_cast<milliseconds>(monotonic - base_monotonic_);
  now_ = base_ + passed.count();
  const milliseconds lead(wall - now_);
  if (lead <= options_.slack) return FollowWall(wall, monotonic);
  NoteJump(lead, monotonic);
  if (!HasSettled(monotonic)) return;
  LUMA_LOG(kWarn, "storage", "clock jump has settled, data expires by it: jump_ms={}",
           lead.count());
  FollowWall(wall, monotonic);
}

void ExpiryClock::FollowWall(UnixMillis wall, nanoseconds monotonic) {
  base_ = now_ = wall;
  base_monotonic_ = monotonic;
  jump_.reset();
}

void ExpiryClock::NoteJump(milliseconds lead, nanoseconds monotonic) {
  if (jump_ && std::chrono::abs(lead - jump_->lead) <= options_.slack) return;
  jump_ = Jump{.lead = lead, .since = monotonic};
  LUMA_LOG(kWarn, "storage",
           "clock is ahead of the time that has passed, data expires by the latter: jump_ms={} "
           "believed_after_ms={}",
           lead.count(),
           lead <= options_.settle_jump_max ? std::to_string(options_.settle_time.count())
                                            : "never, unless confirmed");
}

bool ExpiryClock::HasSettled(nanoseconds monotonic) const {
  return jump_->lead <= options_.settle_jump_max &&
         monotonic - jump_->since >= options_.settle_time;
}

}  // namespace luma::storage
